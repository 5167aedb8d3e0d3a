"""The whole number of a round from its last 16 bits, and putting it into what a core sends."""

from __future__ import annotations

import random
import struct

import pytest

from dots_cli.conductor.failure import Failure
from dots_cli.conductor.rounds import Answers, Rounds, check, run_out

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(52, b"\0")
READY = b"\x04\x05\x05READ"
TIME_REQUEST, TIME_GRANT = 500, 35


def message(code: int, answer: int, receiver: int = 1, size: int = 69) -> bytes:
    """A frame with a message of HELICS; `answer` is where requests have what they answer."""
    body = struct.pack("<B3x6i", 1, code, 0, 131072, answer, receiver, 0)
    body += bytes(size - len(body))
    if size < 256:
        return bytes([0, size]) + body
    return b"\x02" + size.to_bytes(8, "big") + body


def counted(until: int) -> Rounds:
    """Rounds that were seen one by one."""
    rounds = Rounds()
    for number in range(1, until + 1):
        rounds.whole(number % 65536)
    return rounds


@pytest.mark.parametrize("reached", [1, 32767, 32768, 65534, 65535, 65536, 131071, 200_000])
def test_a_round_that_follows_is_told_whole(reached: int) -> None:
    for step in (1, 2, 900):
        assert counted(reached).whole((reached + step) % 65536) == reached + step


def test_an_answer_that_comes_again_or_late_is_to_a_round_that_was() -> None:
    rounds = counted(65_540)
    assert rounds.whole(65_530) == 65_530
    assert rounds.whole(4) == 65_540
    assert rounds.whole(5) == 65_541


def test_an_answer_to_a_round_long_past_does_not_turn_the_count() -> None:
    rounds = counted(65_540)
    for long_past in (1, 20_000, 40_000, 60_000):
        rounds.whole(long_past)
        assert rounds.whole(4) == 65_540


def test_before_the_first_round_nothing_is_negative() -> None:
    assert Rounds().whole(65_000) == 65_000


@pytest.mark.parametrize("seed", range(20))
def test_only_answers_to_the_broker_are_changed_however_they_are_cut(seed: int) -> None:
    rounds = counted(65_536)
    sent = [
        message(TIME_REQUEST, 1),
        message(TIME_REQUEST, 1, receiver=131_073),
        message(TIME_GRANT, 1),
        message(600, 1, size=3000),
        message(600, 1, size=40),
        message(TIME_REQUEST, -1_700_000_000),
        message(TIME_REQUEST, 2),
    ]
    expected = list(sent)
    expected[0], expected[-1] = message(TIME_REQUEST, 65_537), message(TIME_REQUEST, 65_538)
    stream = GREETING + READY + b"".join(sent)
    cuts = random.Random(seed)
    answers, heard, at = Answers(rounds), b"", 0
    while at < len(stream):
        size = cuts.choice([1, 2, 7, 60, 71, 100, 5000])
        heard += answers.hear(stream[at : at + size])
        at += size
    assert heard == GREETING + READY + b"".join(expected)


def test_whatever_is_no_part_of_a_request_passes_at_once() -> None:
    answers = Answers(Rounds())
    answers.hear(GREETING)
    long = message(600, 1, size=100_000)
    assert answers.hear(long[:50_000]) == long[:50_000]
    assert answers.hear(long[50_000:]) == long[50_000:]


@pytest.mark.parametrize(
    "greeting",
    [
        GREETING.replace(b"NULL\0", b"CURVE"),
        b"\x01\x00" + bytes(62),  # an older ZMTP begins with a frame
    ],
    ids=["encrypted", "older"],
)
def test_a_stream_of_another_kind_passes_as_it_came(greeting: bytes) -> None:
    answers = Answers(counted(65_536))
    stream = greeting + READY + message(TIME_REQUEST, 1)
    heard = b"".join(answers.hear(stream[at : at + 50]) for at in range(0, len(stream), 50))
    assert heard == stream


@pytest.mark.parametrize(
    "odd",
    [
        message(TIME_REQUEST, 1, size=70),
        b"\0\x45\0" + message(TIME_REQUEST, 1)[3:],
        message(TIME_REQUEST + 1, 1),
        message(TIME_REQUEST, -1),
        message(TIME_REQUEST, 65_536),
    ],
    ids=["longer", "big-endian", "another code", "negative", "whole already"],
)
def test_what_is_no_time_request_as_it_is_known_passes_as_it_came(odd: bytes) -> None:
    answers = Answers(counted(65_536))
    assert answers.hear(GREETING + odd) == GREETING + odd
    assert answers.hear(message(TIME_REQUEST, 1)) == message(TIME_REQUEST, 65_537)


def test_a_broker_that_begins_again_at_1_is_told_what_it_was_told() -> None:
    """As HELICS does after 3.6.1: from 32,767 on to 1. Answers can be late, or come twice."""
    rounds = Rounds()
    for number in range(1, 3 * 32_767):
        told = (number - 1) % 32_767 + 1
        assert rounds.whole(told) == told
        late = (number - 1 - number % 5_000) % 32_767 + 1
        assert rounds.whole(late) == late


def test_simulations_for_which_the_broker_can_count_go_without_the_door() -> None:
    year, week = 366 * 86_400, 7 * 86_400
    assert run_out(year, 2, "3.6.1 (2025-02-24)")
    assert run_out(week, 4, "3.6.1 (2025-02-24)")
    assert not run_out(86_400, 4, "3.6.1 (2025-02-24)")


def test_a_broker_that_is_not_known_goes_without_the_door() -> None:
    assert not run_out(366 * 86_400, 2, "3.7.0 (2026-09-01)")


def test_a_broker_that_has_counted_to_its_end_is_found_out_unless_it_is_helped() -> None:
    check(65_535, helped=False)
    check(200_000, helped=True)
    with pytest.raises(Failure, match="HELICS#2795"):
        check(65_536, helped=False)
