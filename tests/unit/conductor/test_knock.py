"""What the front door makes of the first bytes of a connection."""

from __future__ import annotations

import struct

import pytest

from dots_cli.conductor.knock import GREETING, LONGEST, Knock

HELLO = b"\xff" + bytes(8) + b"\x7f\x03\x01NULL".ljust(GREETING - 9, b"\0")
READY = b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH"
KEY = "open sésame"


def registration(key: str, padding: int = 0) -> bytes:
    """A message frame as HELICS makes one; a long frame where the padding makes it one."""
    word = key.encode("utf-8")
    body = b"x" * padding + b"core" + struct.pack("<I", len(word)) + word
    if len(body) > 255:
        return b"\x02" + struct.pack(">Q", len(body)) + body
    return bytes([0, len(body)]) + body


@pytest.mark.parametrize("piece", [1, 7, 64, 4096])
@pytest.mark.parametrize("padding", [0, 1000])
def test_who_knows_the_key_passes_byte_for_byte(piece: int, padding: int) -> None:
    said = HELLO + READY + registration(KEY, padding) + b"\x00\x03abc"
    knock = Knock(KEY)
    passed = b"".join(
        knock.hear(said[start : start + piece]) for start in range(0, len(said), piece)
    )
    assert knock.known is True
    assert passed == said


@pytest.mark.parametrize("key", ["another", KEY[:-1], f"{KEY}!", ""])
def test_who_has_another_key_is_held_back_after_the_greeting(key: str) -> None:
    knock = Knock(KEY)
    assert knock.hear(HELLO + READY + registration(key)) == HELLO + READY
    assert knock.known is False
    assert knock.hear(b"\x00\x03abc") == b""


def test_what_was_held_back_can_be_let_through() -> None:
    knock = Knock(KEY)
    knock.hear(HELLO + READY + registration("another"))
    assert knock.release() == registration("another")


def test_the_greeting_passes_at_once_so_that_the_other_side_can_answer() -> None:
    knock = Knock(KEY)
    assert knock.hear(HELLO[:10]) == HELLO[:10]
    assert knock.hear(HELLO[10:]) == HELLO[10:]
    assert knock.hear(READY) == READY
    assert knock.known is None


def test_endless_talk_without_a_message_is_no_key() -> None:
    knock = Knock(KEY)
    endless = b"\x02" + struct.pack(">Q", 2**40)
    knock.hear(HELLO + READY + endless + b"x" * LONGEST)
    assert knock.known is False
