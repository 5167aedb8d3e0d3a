"""Keeps HELICS' time going for longer than its broker can count.

With `--globaltime` the broker of HELICS 3.6.1 counts its rounds in 32 bits and tells the federates
16 of them, which they send back in their time requests; after 65,535 rounds it waits for ever for
an answer that holds all of the number (GMLC-TDC/HELICS#2795). A step takes some 9 rounds with four
federates: 76 days of quarters of an hour. So the missing bits are put back on the way: what models
send to the broker goes through the front door, which knows where the count stands.

The stream is ZMTP 3 (https://rfc.zeromq.org/spec/23) without encryption; a message is what
`ActionMessage` of HELICS makes of it: `toByteArray` in `src/helics/core/ActionMessage.cpp`, where a
time request has looked the same from 3.3 to 3.6.1. Whatever looks different passes as it came.

A broker in which that is mended counts from 32,767 on to 1 again. No answer to it is changed: none
is so far ahead of the count that it could be one to a round past 65,535.
"""

from __future__ import annotations

import struct

from .failure import Failure

KNOWN = "3.6."
"""The HELICS whose broker needs help, by the beginning of its version."""
GREETING = 64
ZMTP = bytes([0xFF])
MECHANISM = slice(12, 32)
PLAIN = b"NULL".ljust(20, b"\0")
LONG = 0x02
SPAN = 0x10000
STRIDE = 1024
"""By how many rounds the count can grow from one answer that is seen to the next."""
REQUEST = bytes([0, 69, 1, 0, 0, 0]) + struct.pack("<i", 500)
"""How a time request begins: one last short frame of 69 bytes, little-endian, no text, its code."""
REQUEST_SIZE = 71
ANSWER = slice(18, 22)
"""Where a request holds the number of the round that it answers."""
RECEIVER = slice(22, 26)
ROOT = struct.pack("<i", 1)

LAST = 0xFFFF
PER_GRANT = 3
SHORTEST_PERIOD = 60.0


def run_out(duration: float, calculations: int, version: str) -> bool:
    """Whether so many simulated seconds can take more rounds than the broker can count by itself.

    `version` is that of the broker's HELICS. Nobody has told the periods of the calculations yet:
    none is taken to be under a minute.
    """
    foreseen = duration / SHORTEST_PERIOD * calculations * PER_GRANT
    return foreseen > LAST and version.startswith(KNOWN)


def check(counted: int, helped: bool) -> None:
    """`Failure` where the broker has counted so many rounds that it waits for ever."""
    if counted > LAST and not helped:
        raise Failure(
            "broker",
            f"HELICS 3.6.1 can keep time for {LAST:,} rounds and has reached them "
            "(GMLC-TDC/HELICS#2795)",
            "Simulate less at a time, or with longer periods than a minute: only then `dots` knows "
            "beforehand that HELICS needs help with it.",
        )


class Rounds:
    """How many rounds the broker has counted, as told by the answers to them."""

    def __init__(self) -> None:
        self._count = 0

    def whole(self, told: int) -> int:
        """The number of the round of whose number `told` is the rest after division by 65,536.

        An answer can be one to a round long past; that does not turn the count back.
        """
        ahead = (told - self._count + SPAN // 2) % SPAN - SPAN // 2
        number = self._count + ahead
        if 0 < ahead <= STRIDE:
            self._count = number
        return number if number >= 0 else told


class Answers:
    """What one core sends to the broker: gives it back with the whole numbers of rounds."""

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self._greeting = bytearray()
        self._known = True
        self._held = bytearray()
        self._rest = 0

    def hear(self, data: bytes) -> bytes:
        """Take what came; what of it, and of what was held back, may pass now."""
        missing = GREETING - len(self._greeting)
        if not self._known:
            return data
        if missing:
            self._greeting += data[:missing]
            self._known = self._greeting.startswith(ZMTP) and (
                len(self._greeting) < GREETING or self._greeting[MECHANISM] == PLAIN
            )
            return data[:missing] + self.hear(data[missing:]) if data[missing:] else data
        return self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        held = self._held
        held += data
        end = len(held)
        at = min(self._rest, end)
        self._rest -= at
        while end - at >= 2:
            if held[at] & LONG:
                if end - at < 9:
                    break
                size = 9 + int.from_bytes(held[at + 1 : at + 9], "big")
            else:
                size = 2 + held[at + 1]
            if at + size > end:
                if size == REQUEST_SIZE:
                    break
                self._rest = at + size - end
                at = end
                break
            if size == REQUEST_SIZE and held.startswith(REQUEST, at):
                self._complete(memoryview(held)[at : at + size])
            at += size
        passing = bytes(held[:at])
        del held[:at]
        return passing

    def _complete(self, request: memoryview) -> None:
        if request[RECEIVER] == ROOT:
            told = int.from_bytes(request[ANSWER], "little", signed=True)
            if 0 <= told < SPAN:
                number = self._rounds.whole(told)
                if number != told:
                    request[ANSWER] = struct.pack("<i", number)
        request.release()
