from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.output.logs import LONGEST_SHOWN, Limit, Thinner, clean, last_of, shorten
from dots_cli.runs.logs import LogLines

LIMIT = Limit(rate=50, burst=100)


def lines(first: int, count: int, model: str = "pv-1") -> LogLines:
    return LogLines(model, b"".join(b"%d\n" % n for n in range(first, first + count)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äöü\ttab", "plain äöü\ttab"),
        ("\x1b[2J\x1b[Hcleared", "cleared"),
        ("up \x1b[3A and away\x1b[K", "up  and away"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]0;never ended", ""),
        ("bell\x07 back\x08 delete\x7f", "bell back delete"),
        ("c1 \x9b2J end", "c1  end"),
        ("10 %\r50 %\r100 %", "100 %"),
        ("10 %\r", "10 %"),
        ("lonely \x1b", "lonely "),
    ],
)
def test_nothing_in_a_line_moves_the_cursor(text: str, shown: str) -> None:
    assert clean(text, colours=False) == shown
    assert clean(text, colours=True) == shown


def test_colours_of_a_model_stay_in_a_terminal_and_end_with_the_line() -> None:
    text = "\x1b[31mred\x1b[2J still"
    assert clean(text, colours=True) == "\x1b[31mred still\x1b[0m"
    assert clean(text, colours=False) == "red still"


def test_a_line_of_a_megabyte_is_cut_and_says_where_the_rest_is() -> None:
    shown = shorten("x" * 1_000_000, Path("logs/pv-1.log"))
    assert len(shown) < LONGEST_SHOWN + 100
    assert "1,000,000 letters" in shown
    assert str(Path("logs/pv-1.log")) in shown


def test_what_a_person_can_read_goes_through_untouched() -> None:
    thinner = Thinner(LIMIT)
    for second in range(20):
        part = lines(second * 40, 40)
        assert list(thinner.take(part, float(second))) == [part.data]
        assert list(thinner.due(float(second))) == []


def test_of_a_flood_the_first_and_the_last_lines_show_and_every_other_is_counted() -> None:
    thinner = Thinner(LIMIT)
    shown, hidden = b"", 0
    for tick in range(100):
        now = tick / 10
        shown += b"".join(thinner.take(lines(tick * 1000, 1000), now))
        for model, count, last in thinner.due(now):
            assert model == "pv-1"
            hidden += count
            shown += last
    for _, count, last in thinner.finish("pv-1"):
        hidden += count
        shown += last
    numbers = [int(n) for n in shown.split()]
    assert numbers == sorted(set(numbers))
    assert numbers[:100] == list(range(100))
    assert numbers[-1] == 99_999
    assert len(numbers) < 300
    assert hidden + len(numbers) == 100_000


def test_after_a_flood_the_lines_flow_again() -> None:
    thinner = Thinner(LIMIT)
    list(thinner.take(lines(0, 10_000), 0.0))
    assert [count for _, count, _ in thinner.due(2.1)] == [10_000 - 100 - 5]
    list(thinner.take(lines(10_000, 3), 2.2))
    assert [last for _, _, last in thinner.due(4.3)] == [b"10000\n10001\n10002\n"]
    part = lines(10_003, 3)
    assert list(thinner.take(part, 4.4)) == [part.data]


def test_one_models_flood_hides_no_line_of_another() -> None:
    thinner = Thinner(LIMIT)
    list(thinner.take(lines(0, 10_000), 0.0))
    other = lines(0, 20, "weather-1")
    assert list(thinner.take(other, 0.1)) == [other.data]


def test_a_model_that_ends_in_a_flood_shows_its_last_twenty_lines() -> None:
    thinner = Thinner(LIMIT)
    list(thinner.take(lines(0, 10_000), 0.0))
    ((_, hidden, last),) = thinner.finish("pv-1")
    assert [int(n) for n in last.split()] == list(range(9_980, 10_000))
    assert hidden == 10_000 - 100 - 20
    assert list(thinner.finish("pv-1")) == []


def test_last_of() -> None:
    assert last_of(b"a\nb\nc\n", 2) == b"b\nc\n"
    assert last_of(b"a\nb\n", 9) == b"a\nb\n"
    assert last_of(b"", 3) == b""
