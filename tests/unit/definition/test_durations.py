from __future__ import annotations

import pytest

from dots_cli.definition.durations import as_text, parse_duration, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60h", 216_000),
        ("15m", 900),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("1h30m", 5_400),
        ("1h 30m 5s", 5_405),
        ("1.5h", 5_400),
        ("0.1h", 360),
        ("90", 90),
        (" 10 MIN ", 600),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "h", "5x", "1 2", "5m 3", "1e3", "h5", "0", "-1h", "0.5", "99999999w", "9" * 400]
)
def test_what_is_no_duration_is_refused_with_words_for_a_person(text: str) -> None:
    with pytest.raises(ValueError, match=r"no duration|more than 0|whole number|HELICS"):
        parse_duration(text)


def test_a_limit_may_be_a_fraction_of_a_second() -> None:
    assert parse_seconds("0.5") == 0.5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(216_000, "60h"), (86_400, "1d"), (5_400, "1h30m"), (59, "59s"), (0.5, "0.5s")],
)
def test_a_duration_is_written_short(seconds: float, text: str) -> None:
    assert as_text(seconds) == text
    assert parse_seconds(text) == seconds
