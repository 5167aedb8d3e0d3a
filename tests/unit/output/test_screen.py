from __future__ import annotations

import io
import os

import pytest

from dots_cli.output.screen import Screen, Styled


def test_where_there_is_no_terminal_only_the_lines_are_written() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    screen.show(["one", screen.paint("two", "red")], [Styled("status", "bold")])
    screen.show([], [Styled("other status")])
    screen.close()
    assert stream.getvalue() == "one\ntwo\n"


def test_a_reader_that_has_gone_hurts_nobody() -> None:
    read, write = os.pipe()
    stream = os.fdopen(write, "w")
    os.close(read)
    screen = Screen(stream)
    screen.show(["one"])
    assert screen.gone
    screen.show(["two"])
    stream.close()


class _Terminal(io.StringIO):
    def __init__(self, columns: int) -> None:
        super().__init__()
        self.columns = columns

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> _Terminal:
    stream = _Terminal(40)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("dots_cli.output.screen._windows_draws", lambda stream: True)
    monkeypatch.setattr(Screen, "_size", lambda self: (stream.columns, 10))
    return stream


def test_an_area_that_has_not_changed_is_not_written_again(terminal: _Terminal) -> None:
    screen = Screen(terminal)
    screen.show([], [Styled("status")])
    written = terminal.getvalue()
    screen.show([], [Styled("status")])
    assert terminal.getvalue() == written
    screen.show(["a line"], [Styled("status")])
    assert terminal.getvalue() == written + "\r\x1b[2Ka line\n\x1b[?7lstatus\x1b[?7h"


def test_a_narrower_window_has_wrapped_the_area_and_all_of_it_is_erased(
    terminal: _Terminal,
) -> None:
    screen = Screen(terminal)
    screen.show([], [Styled("x" * 30), Styled("y" * 10)])
    terminal.columns = 15
    before = len(terminal.getvalue())
    screen.show([], [Styled("z")])
    assert terminal.getvalue()[before:].count("\x1b[2K") == 3


def test_the_area_is_never_wider_or_higher_than_the_window(terminal: _Terminal) -> None:
    screen = Screen(terminal)
    screen.show([], [Styled("w" * 100)] * 30)
    lines = terminal.getvalue().removeprefix("\x1b[?7l").removesuffix("\x1b[?7h").split("\n")
    assert len(lines) == 9
    assert max(map(len, lines)) == 39


def test_no_colour_where_the_user_wants_none(
    terminal: _Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Screen(terminal).tint("pv-1", 0) != "pv-1"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Screen(terminal).tint("pv-1", 0) == "pv-1"
    assert Screen(terminal).paint("pv-1", "red") == "pv-1"


def test_a_dumb_terminal_is_none(terminal: _Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert not Screen(terminal).moves


def test_letters_that_the_encoding_lacks_are_replaced() -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert Screen(ascii_only).letters("━─", "") == ""
    utf8 = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    assert Screen(utf8).letters("━─", "") == "━─"
