"""Takes apart what the engine sends of a container's output. Pure: bytes in, lines out.

Frames of 8 bytes (which stream, three zeros, the size in big-endian) and their content. Attached
to a container, the content is what it has written, cut anywhere. Of a container's log each frame
holds the engine's time, a space, and a line, or a part of at most 16 KB of one; and all of it comes
in the chunks of HTTP/1.1. See "Attach to a container" in
https://docs.docker.com/reference/api/engine/version/v1.41/ and RFC 9112.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

STDOUT, STDERR = 1, 2

_HEAD = 8


class Frame(NamedTuple):
    """A piece of one of the two streams."""

    kind: int
    content: bytes


class Decoder:
    """The frames in what one connection sends; what it sends may be cut anywhere."""

    def __init__(self, *, chunked: bool = False) -> None:
        self._chunked = chunked
        self._raw = b""
        self._framed = b""
        self.finished = False
        """Whether the end was sent, so that nothing is missing; known of chunks only."""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with this piece."""
        if self._chunked:
            data = self._without_chunks(data)
        if self._framed:
            data = self._framed + data
        frames: list[Frame] = []
        position, end = 0, len(data)
        while end - position >= _HEAD:
            begin = position + _HEAD
            after = begin + int.from_bytes(data[position + 4 : begin], "big")
            if after > end:
                break
            frames.append(Frame(data[position], data[begin:after]))
            position = after
        self._framed = data[position:]
        return frames

    def _without_chunks(self, data: bytes) -> bytes:
        if self.finished:
            return b""
        data = self._raw + data if self._raw else data
        content = []
        position, end = 0, len(data)
        while (line_end := data.find(b"\r\n", position)) >= 0:
            size = int(data[position:line_end].partition(b";")[0], 16)
            if size == 0:
                self.finished = True
                position = end
                break
            begin = line_end + 2
            if begin + size + 2 > end:
                break
            content.append(data[begin : begin + size])
            position = begin + size + 2
        self._raw = data[position:]
        return b"".join(content)


class Lines:
    """Whole lines of each stream; the beginning of a line waits while the other one speaks."""

    def __init__(self) -> None:
        self._begun: dict[int, list[bytes]] = {}

    def take(self, frames: Iterable[Frame]) -> list[Frame]:
        """What is whole with these: each ends with a newline, and may be several lines."""
        whole: list[Frame] = []
        begun = self._begun
        for kind, content in frames:
            end = content.rfind(b"\n") + 1
            if not end:
                begun.setdefault(kind, []).append(content)
                continue
            if kind in begun:
                whole.append(Frame(kind, b"".join((*begun.pop(kind), content[:end]))))
            else:
                whole.append(Frame(kind, content[:end]))
            if end < len(content):
                begun[kind] = [content[end:]]
        return whole

    def rest(self) -> list[Frame]:
        """Lines that will get no end any more, each given one."""
        rest = [Frame(kind, b"".join(parts) + b"\n") for kind, parts in self._begun.items()]
        self._begun.clear()
        return rest


def length_in_log(content: bytes) -> int:
    """Bytes that whole lines take in the engine's log: it writes U+FFFD for what is no UTF-8."""
    if content.isascii():
        return len(content)
    text = content.decode("utf-8", "surrogateescape")
    return len(content) + 2 * sum("\udc80" <= letter <= "\udcff" for letter in text)


class Replay:
    """Of a container's log from its beginning, what has not been seen while attached.

    `seen` is how many bytes of each stream have come, as `length_in_log` counts them, `until` when
    the last of them did, in the engine's notation. What is later is new in any case: the engine may
    have rotated away the beginning.
    """

    def __init__(self, seen: dict[int, int], until: str) -> None:
        self._left = dict(seen)
        self._until = until.encode()

    def take(self, frames: Iterable[Frame]) -> Iterator[tuple[bytes, Frame]]:
        """The engine's time and what is new of each frame of a log."""
        for kind, content in frames:
            at, _, text = content.partition(b" ")
            left = self._left.get(kind, 0)
            if left and at <= self._until:
                self._left[kind] = left - min(left, len(text))
                text = text[left:]
            if text:
                yield at, Frame(kind, text)
