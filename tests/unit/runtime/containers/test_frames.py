"""From the bytes that an engine sends to the lines that a model printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from dots_cli.runtime.containers.ends import describe
from dots_cli.runtime.containers.facts import Container
from dots_cli.runtime.containers.frames import STDERR, STDOUT, Decoder, Frame, Lines, Replay

AT = b"2024-06-21T12:00:00.%09dZ "


def framed(*frames: tuple[int, bytes]) -> bytes:
    return b"".join(
        bytes([kind, 0, 0, 0]) + len(text).to_bytes(4, "big") + text for kind, text in frames
    )


def chunked(pieces: Iterable[bytes], *, end: bool = True) -> bytes:
    sent = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return sent + (b"0\r\n\r\n" if end else b"")


def cut(data: bytes, size: int) -> Iterator[bytes]:
    for begin in range(0, len(data), size):
        yield data[begin : begin + size]


LONG = b"x" * (1 << 20)
SAID = [
    (STDOUT, b"first\nsecond\nbegun"),
    (STDERR, b"a warning\n"),
    (STDOUT, b" and ended\n"),
    (STDOUT, b"\xff\xfe no UTF-8\r\n\n"),
    (STDERR, LONG[: 1 << 14]),
    (STDOUT, b"between\n"),
    (STDERR, LONG[1 << 14 :] + b"\n"),
    (STDOUT, b"no end"),
]
LINES = [
    (STDOUT, b"first\nsecond\n"),
    (STDERR, b"a warning\n"),
    (STDOUT, b"begun and ended\n"),
    (STDOUT, b"\xff\xfe no UTF-8\r\n\n"),
    (STDOUT, b"between\n"),
    (STDERR, LONG + b"\n"),
    (STDOUT, b"no end\n"),
]


@pytest.mark.parametrize("size", [1 << 22, 65536, 16384, 1021])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_lines_are_whole_however_they_are_cut(size: int, in_chunks: bool) -> None:
    sent = framed(*SAID)
    if in_chunks:
        sent = chunked(cut(sent, 40_000))
    decoder, lines = Decoder(chunked=in_chunks), Lines()
    got = [line for piece in cut(sent, size) for line in lines.take(decoder.feed(piece))]
    assert [*got, *lines.rest()] == LINES
    assert decoder.finished == in_chunks
    assert lines.rest() == []


def test_a_few_bytes_at_a_time_are_enough() -> None:
    small = [(STDOUT, b"one\ntw"), (STDERR, b""), (STDOUT, b"o\n")]
    for in_chunks in (False, True):
        sent = chunked(cut(framed(*small), 5)) if in_chunks else framed(*small)
        decoder, lines = Decoder(chunked=in_chunks), Lines()
        got = [line for piece in cut(sent, 1) for line in lines.take(decoder.feed(piece))]
        assert got == [(STDOUT, b"one\n"), (STDOUT, b"two\n")]


def test_an_end_that_was_not_sent_is_known() -> None:
    decoder = Decoder(chunked=True)
    decoder.feed(chunked([framed((STDOUT, b"a\n"))], end=False))
    assert not decoder.finished


def logged(*texts: tuple[int, bytes]) -> list[Frame]:
    return [Frame(kind, AT % n + text) for n, (kind, text) in enumerate(texts)]


def test_what_was_seen_while_attached_does_not_come_again_from_the_log() -> None:
    log = logged((STDOUT, b"one\n"), (STDERR, b"bad\n"), (STDOUT, b"two\n"), (STDOUT, b"three\n"))
    replay = Replay({STDOUT: len(b"one\ntw"), STDERR: 0}, "2024-06-21T12:00:09.000000000Z")
    got = [frame for _, frame in replay.take(log)]
    assert got == [(STDERR, b"bad\n"), (STDOUT, b"o\n"), (STDOUT, b"three\n")]


def test_a_log_whose_beginning_is_gone_loses_nothing_more() -> None:
    """What is later than the last byte that came is new, however many bytes are missing."""
    log = logged((STDOUT, b"late\n"), (STDOUT, b"later\n"))
    replay = Replay({STDOUT: 1_000_000}, "2024-06-21T11:59:59.000000000Z")
    assert [frame.content for _, frame in replay.take(log)] == [b"late\n", b"later\n"]


@pytest.mark.parametrize(
    ("code", "out_of_memory", "expected"),
    [
        (0, False, (0, "")),
        (3, False, (3, "")),
        (137, False, (-9, "")),
        (139, False, (-11, "")),
        (143, False, (-15, "")),
        (255, False, (255, "")),
        (137, True, (-9, "was killed: out of memory, limit 256 MB")),
        (0, True, (0, "")),
    ],
)
def test_the_end_of_a_container_in_words(
    code: int, out_of_memory: bool, expected: tuple[int, str]
) -> None:
    ended = Container(
        *("id", "name", "exited", "image"),
        exit_code=code,
        out_of_memory=out_of_memory,
        memory_limit=256 << 20,
    )
    assert describe(ended) == expected


def test_an_end_that_came_with_the_engine_says_so() -> None:
    ended = Container("id", "name", "exited", "image", exit_code=255)
    assert "Docker engine" in describe(ended, engine_was_away=True)[1]
