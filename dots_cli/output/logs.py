"""What models say, for a screen: a prefix for each, nothing that moves the cursor, no floods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dots_cli.runs.logs import LogLines

LONGEST_SHOWN = 2000
"""Letters of one line on a screen; the file has the whole of it."""

_REPORT = 2.0
_LAST = 20
_LAST_BYTES = 64 << 10

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_ESCAPE = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[P_^X][^\x1b]*(?:\x1b\\)?"
    r"|[\x1b\x9b]\[?[0-?]*[ -/]*[@-~]?"
)


def clean(text: str, colours: bool) -> str:
    """A line without what would move the cursor; of a line rewritten with `\\r` the last state."""
    if not _CONTROL.search(text):
        return text
    if "\r" in text:
        text = next((part for part in reversed(text.split("\r")) if part), "")
    if not colours:
        return _CONTROL.sub("", _ESCAPE.sub("", text))
    pieces, position = [], 0
    for match in _COLOUR.finditer(text):
        pieces += [_without_escapes(text[position : match.start()]), match.group()]
        position = match.end()
    if not pieces:
        return _without_escapes(text)
    return "".join((*pieces, _without_escapes(text[position:]), "\x1b[0m"))


def shorten(text: str, path: Path) -> str:
    """A line as long as a screen bears it."""
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[:LONGEST_SHOWN]}... ({len(text):,} letters, see {path})"


@dataclass(frozen=True)
class Limit:
    """How many lines of one model a second may show, and how many at once."""

    rate: float
    burst: int


SCREEN = Limit(rate=50, burst=400)
PIPE = Limit(rate=2000, burst=20_000)


@dataclass
class _Flow:
    """How much one model has said lately."""

    tokens: float
    refilled: float
    hiding: bool = False
    hidden: int = 0
    reported: float = 0.0
    last: bytes = b""


class Thinner:
    """Lets through what a person can read; of a flood it tells how much, and its last lines.

    Gives back bytes of whole lines, or the number of lines that were held back.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._flows: dict[str, _Flow] = {}

    def take(self, lines: LogLines, now: float) -> Iterator[bytes]:
        """What to show of these lines at once."""
        flow = self._flows.get(lines.model)
        if flow is None:
            flow = self._flows[lines.model] = _Flow(self._limit.burst, now)
        count = lines.count
        if flow.hiding:
            self._hide(flow, lines.data, count)
            return
        flow.tokens += (now - flow.refilled) * self._limit.rate
        flow.tokens = min(flow.tokens, self._limit.burst)
        flow.refilled = now
        if count <= flow.tokens:
            flow.tokens -= count
            yield lines.data
            return
        end = _end_of(lines.data, int(flow.tokens))
        if end:
            yield lines.data[:end]
        flow.hiding, flow.reported = True, now
        self._hide(flow, lines.data[end:], count - int(flow.tokens))

    def due(self, now: float) -> Iterator[tuple[str, int, bytes]]:
        """(model, lines not shown, the last lines) of the floods that have to be told now."""
        for model, flow in self._flows.items():
            if not flow.hiding or now - flow.reported < _REPORT:
                continue
            calm = flow.hidden <= self._limit.rate * (now - flow.reported)
            yield from self._report(model, flow, int(self._limit.rate / 10))
            flow.reported = now
            if calm:
                flow.hiding, flow.tokens, flow.refilled = False, self._limit.rate, now

    def finish(self, model: str) -> Iterator[tuple[str, int, bytes]]:
        """A model has ended: what was held back of it, with its very last lines."""
        flow = self._flows.get(model)
        if flow is not None and flow.hiding:
            yield from self._report(model, flow, _LAST)

    def finish_all(self) -> Iterator[tuple[str, int, bytes]]:
        """The run has ended."""
        for model in self._flows:
            yield from self.finish(model)

    def _hide(self, flow: _Flow, data: bytes, count: int) -> None:
        flow.hidden += count
        flow.last = last_of(flow.last + data[-_LAST_BYTES:], _LAST)

    def _report(self, model: str, flow: _Flow, most: int) -> Iterator[tuple[str, int, bytes]]:
        if not flow.hidden:
            return
        last = last_of(flow.last, min(max(most, 5), flow.hidden, _LAST))
        yield model, flow.hidden - last.count(b"\n"), last
        flow.hidden, flow.last = 0, b""


def last_of(data: bytes, count: int) -> bytes:
    """The last `count` lines of bytes that end with a newline."""
    start = len(data)
    for _ in range(count + 1):
        start = data.rfind(b"\n", 0, start)
        if start < 0:
            return data
    return data[start + 1 :]


def _end_of(data: bytes, count: int) -> int:
    """Where the first `count` lines end."""
    end = 0
    for _ in range(count):
        end = data.find(b"\n", end) + 1
    return end


def _without_escapes(text: str) -> str:
    return _CONTROL.sub("", _ESCAPE.sub("", text))
