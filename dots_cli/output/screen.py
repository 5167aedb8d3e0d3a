"""Lines that scroll above a few that stay: the talk of a run on stderr.

In a terminal the lines that stay are redrawn in place. Where there is no terminal (a pipe, a
file, `TERM=dumb`) they are not written at all, and nothing has colour.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from dots_cli.output.words import cut, width

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_STYLES = {"bold": "1", "dim": "2", "red": "1;31", "yellow": "33", "green": "32"}


@dataclass(frozen=True)
class Styled:
    """A line of the area that stays; `style` is for the whole of it."""

    text: str
    style: str = ""


class Screen:
    """Writes to one stream; `moves` when it is a terminal that can be drawn on.

    A stream that is gone (a closed window, `| head`) is given up quietly: what is watched goes
    on, and so does watching it.
    """

    def __init__(self, stream: TextIO, *, moves: bool = True) -> None:
        self._stream = stream
        self.moves = moves and _can_move(stream)
        self.colours = self.moves and "NO_COLOR" not in os.environ
        self.gone = False
        self._drawn: tuple[Styled, ...] = ()

    @property
    def columns(self) -> int:
        """The width of the window now."""
        return self._size()[0]

    def paint(self, text: str, style: str) -> str:
        """Text in a style of this module; as it is where there is no colour."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colours and style else text

    def tint(self, text: str, index: int) -> str:
        """Text in the colour of the n-th model."""
        if not self.colours:
            return text
        return f"\x1b[{_COLOURS[index % len(_COLOURS)]}m{text}\x1b[0m"

    def letters(self, wanted: str, instead: str) -> str:
        """Some letters, or others where the stream's encoding lacks them."""
        try:
            wanted.encode(self._stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return instead
        return wanted

    def show(self, lines: Sequence[str], area: Sequence[Styled] = ()) -> None:
        """Scroll these lines in; leave that area below them. One write, so nothing flickers."""
        if not self.moves:
            if lines:
                self._write("".join(line + "\n" for line in lines))
            return
        columns, rows = self._size()
        wanted = tuple(
            Styled(cut(line.text, columns - 1), line.style) for line in area[: max(1, rows - 1)]
        )
        if not lines and wanted == self._drawn:
            return
        text = self._erase(columns) + "".join(line + "\n" for line in lines)
        # Not wrapped: the window may be narrower by now than it says.
        area_text = "\n".join(self.paint(line.text, line.style) for line in wanted)
        text += f"\x1b[?7l{area_text}\x1b[?7h" if wanted else ""
        self._drawn = wanted
        self._write(text)

    def forget(self) -> None:
        """Somebody else has written to the terminal: draw below that."""
        self._drawn = ()

    def close(self) -> None:
        """Take the area away."""
        self.show((), ())

    def _erase(self, columns: int) -> str:
        if not self._drawn:
            return ""
        # A window that was made narrower has wrapped the lines that stay.
        rows = sum(max(1, -(-width(line.text) // columns)) for line in self._drawn)
        # Row by row: erasing to the end of the screen makes tmux keep what was erased.
        return "\r\x1b[2K" + "\x1b[A\x1b[2K" * (rows - 1)

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            return 80, 24
        return size.columns or 80, size.lines or 24

    def _write(self, text: str) -> None:
        if self.gone:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self.gone = True
            silence(self._stream)


def silence(stream: TextIO) -> None:
    """What still lies in the buffer of a broken stream must not fail again at exit."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)


def unread(stream: TextIO) -> bool:
    """Whether who read a pipe has gone, which else only a write tells; on Windows not known."""
    if sys.platform == "win32":
        return False
    import select

    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):
        return False


def _can_move(stream: TextIO) -> bool:
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return False
    return sys.platform != "win32" or _windows_draws(stream)


def _windows_draws(stream: TextIO) -> bool:
    """Ask the Windows console to understand escape sequences; every Windows 10 and later does."""
    if sys.platform != "win32":
        return True
    import ctypes
    import msvcrt

    enable = 0x0004  # ENABLE_VIRTUAL_TERMINAL_PROCESSING
    kernel = ctypes.windll.kernel32
    handle = msvcrt.get_osfhandle(stream.fileno())
    mode = ctypes.c_ulong()
    if not kernel.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    return bool(kernel.SetConsoleMode(handle, mode.value | enable))
