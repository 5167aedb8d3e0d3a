"""Looks at the first words of somebody who knocks at the front door: do they know the key?

A core of HELICS speaks ZMTP 3 (https://rfc.zeromq.org/spec/23): a greeting of 64 bytes, commands,
then messages. Its first message to a broker's first port is its registration, which holds the
broker key as a string with its length before it.
"""

from __future__ import annotations

import struct

GREETING = 64
COMMAND, LONG = 0x04, 0x02
LONGEST = 65536


class Knock:
    """The start of one connection. What may pass goes on; the rest is held back.

    `known` is None until the first message is there, then whether it holds the key.
    """

    def __init__(self, key: str) -> None:
        word = key.encode("utf-8")
        self._key = struct.pack("<I", len(word)) + word
        self._seen = bytearray()
        self._passed = 0
        self._at = GREETING
        self.known: bool | None = None

    def hear(self, data: bytes) -> bytes:
        """Take what came; what of it, and of what was held back, may pass now."""
        self._seen += data
        while self.known is None and (frame := self._frame()) is not None:
            flags, start, end = frame
            if flags & COMMAND:
                self._at = end
            else:
                self.known = self._key in self._seen[start:end]
        if self.known is None and len(self._seen) > LONGEST:
            self.known = False
        return self.release() if self.known else self._pass(min(self._at, len(self._seen)))

    def release(self) -> bytes:
        """Everything that was held back."""
        return self._pass(len(self._seen))

    def _pass(self, until: int) -> bytes:
        data = bytes(self._seen[self._passed : until])
        self._passed = until
        return data

    def _frame(self) -> tuple[int, int, int] | None:
        """Flags, start and end of the body of the next frame; None where it is not there yet."""
        head = 9 if len(self._seen) > self._at and self._seen[self._at] & LONG else 2
        start = self._at + head
        if len(self._seen) < start:
            return None
        flags = self._seen[self._at]
        size = self._seen[self._at + 1 : start]
        end = start + int.from_bytes(size, "big")
        return (flags, start, end) if len(self._seen) >= end else None
