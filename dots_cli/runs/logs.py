"""The log files of a run: read on where the last look ended, or back from the end.

Models write straight into `logs/<model>.log`. Nothing is said about their encoding or the length
of their lines; what is read here stays bytes until somebody shows it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK = 4 << 20
"""Most bytes taken from one file at one look."""

LONGEST = 16 << 20
"""A line longer than this many bytes is handed on in parts."""

TIME = 31
"""Bytes of a time of a line: `2024-06-21T12:00:00.123456789Z` and a newline."""

OWN_LOGS = ("conductor", "store", "supervisor")
"""Logs of our own processes; every other one is a model's."""

_BLOCK = 64 << 10


@dataclass(frozen=True)
class LogLines:
    """Whole lines that a model has written; `data` ends with a newline.

    `offset` is where they begin in the file.
    """

    model: str
    data: bytes
    offset: int = 0

    @property
    def count(self) -> int:
        """How many lines these are."""
        return self.data.count(b"\n")

    def texts(self) -> Iterator[str]:
        """Each line without its end; what is no UTF-8 shows as a replacement character."""
        for line in self.data[:-1].split(b"\n"):
            yield line.rstrip(b"\r").decode("utf-8", errors="replace")


class Tail:
    """A file that another process appends to, read in whole lines."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self._offset = offset
        self._begun: list[bytes] = []
        self._held = 0
        self.begins = self._next = offset
        """Where in the file the lines begin that were given last."""
        self.more = False
        """Whether the last look left something behind."""

    def read(self) -> bytes:
        """The lines that were completed since the last look; empty where there are none."""
        return self._given(self._read())

    def _given(self, data: bytes) -> bytes:
        if data:
            self.begins, self._next = self._next, self._next + len(data)
        return data

    def _read(self) -> bytes:
        fresh = self._fresh()
        if not fresh:
            return b""
        end = fresh.rfind(b"\n") + 1
        if not end:
            self._begun.append(fresh)
            self._held += len(fresh)
            return self._rest() if self._held > LONGEST else b""
        whole = b"".join((*self._begun, fresh[:end]))
        self._begun, self._held = [fresh[end:]], len(fresh) - end
        return whole

    def drain(self) -> Iterator[bytes]:
        """Everything that is left, the last line too where it has no end."""
        while True:
            data = self.read()
            if data:
                yield data
            elif not self.more:
                break
        if data := self.rest():
            yield data

    def rest(self) -> bytes:
        """The last line where it has no end yet, given one; empty where there is none."""
        return self._given(self._rest())

    def _rest(self) -> bytes:
        rest = b"".join(self._begun)
        self._begun, self._held = [], 0
        return rest + b"\n" if rest else b""

    def _fresh(self) -> bytes:
        try:
            size = self._path.stat().st_size
            if size <= self._offset:
                self.more = False
                return b""
            with self._path.open("rb", buffering=0) as stream:
                stream.seek(self._offset)
                fresh = stream.read(CHUNK)
        except OSError:
            self.more = False
            return b""
        self._offset += len(fresh)
        self.more = self._offset < size
        return fresh


class Times:
    """When the engine got the lines of a container: `<model>.times` has one for each line.

    Each takes `TIME` bytes there, so the time of a line is found by its number.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._times = log.with_suffix(".times")
        self._offset = self._line = 0

    def of(self, lines: LogLines) -> list[str]:
        """The time of each of these lines; empty texts where there are none."""
        self._go_to(lines.offset)
        count = lines.count
        try:
            with self._times.open("rb") as stream:
                stream.seek(self._line * TIME)
                found = stream.read(count * TIME).decode("ascii", "replace").split("\n")[:-1]
        except OSError:
            found = []
        self._offset, self._line = lines.offset + len(lines.data), self._line + count
        return found + [""] * (count - len(found))

    def _go_to(self, offset: int) -> None:
        """Count the lines up to there."""
        if offset < self._offset:
            self._offset = self._line = 0
        with self._log.open("rb") as stream:
            stream.seek(self._offset)
            while self._offset < offset:
                block = stream.read(min(CHUNK, offset - self._offset))
                if not block:
                    break
                self._offset += len(block)
                self._line += block.count(b"\n")


def names(logs: Path) -> list[str]:
    """Whose logs are in that folder; empty where it is not there."""
    try:
        return sorted(file.stem for file in logs.iterdir() if file.suffix == ".log")
    except OSError:
        return []


def last_lines(path: Path, count: int, before: int | None = None) -> bytes:
    """The last `count` lines of a file as they are, of what is before an offset in bytes.

    Reads back from the end, never more than `LONGEST`; empty where the file is not there.
    """
    start, end = span_of_last(path, count, before)
    start = max(start, end - LONGEST)
    if end <= start:
        return b""
    with path.open("rb") as stream:
        stream.seek(start)
        return stream.read(end - start)


def span_of_last(path: Path, count: int, before: int | None = None) -> tuple[int, int]:
    """Where in a file its last `count` lines begin and end, in bytes."""
    try:
        with path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            end = end if before is None else min(end, before)
            if count <= 0:
                return end, end
            position, wanted = end, count
            first = True
            while position > 0:
                step = min(_BLOCK, position)
                position -= step
                stream.seek(position)
                block = stream.read(step)
                until = len(block)
                if first and block.endswith(b"\n"):
                    until -= 1  # the end of the last line begins no line
                first = False
                while (found := block.rfind(b"\n", 0, until)) >= 0:
                    wanted -= 1
                    if wanted == 0:
                        return position + found + 1, end
                    until = found
            return 0, end
    except OSError:
        return 0, 0
