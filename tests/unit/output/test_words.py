from __future__ import annotations

from datetime import datetime

import pytest

from dots_cli.output import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.04, "0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (86400 * 3 + 3600 * 4 + 59, "3 d 4 h"),
        (-5, "-5 s"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert words.span(seconds) == text


def test_numbers_have_separators_and_no_needless_digits() -> None:
    assert words.number(1234567) == "1,234,567"
    assert words.number(12.7) == "13"
    assert words.number(3) == "3"
    assert words.number(0.123) == "0.12"


def test_a_date_has_a_fraction_only_where_it_is_needed() -> None:
    assert words.date(datetime(2024, 1, 1, 6)) == "2024-01-01 06:00:00"
    assert words.date(datetime(2024, 1, 1, 6, 0, 0, 500000)) == "2024-01-01 06:00:00.500"


def test_long_lists_are_cut_short() -> None:
    assert words.some(["a", "b"]) == "a, b"
    assert words.some(list("abcdef")) == "a, b, c, d and 2 more"
    assert words.plural(1, "model") == "1 model"
    assert words.plural(2000, "model") == "2,000 models"


@pytest.mark.parametrize(
    "text", ["Gebäude Übersee", "建物の模型", "e\u0301tage", "plain", "🏠 home"]
)
def test_a_cut_text_is_never_wider_than_asked_for(text: str) -> None:
    for columns in range(12):
        assert words.width(words.cut(text, columns)) <= columns
    assert words.cut(text, 40) == text


def test_sizes() -> None:
    assert [words.size(n) for n in (0, 999, 1000, 12_345, 3_400_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "12 kB",
        "3.4 MB",
    ]
