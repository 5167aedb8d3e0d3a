"""The whole number of a round from its last 16 bits, and putting it into what a core sends."""

from __future__ import annotations

import random
import struct

import pytest

from dots_cli.conductor.failure import Failure
from dots_cli.conductor.rounds import Answers, Rounds, check, run_out

GREETING = b"\xff" + bytes(8) + b"\x7f\x03" + bytes(53)
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


def test_simulations_for_which_the_broker_can_count_go_without_the_door() -> None:
    year, week = 366 * 86_400, 7 * 86_400
    assert run_out(year, 2)
    assert run_out(week, 4)
    assert not run_out(86_400, 4)


def test_a_broker_that_has_counted_to_its_end_is_found_out_unless_it_is_helped() -> None:
    check(65_535, helped=False)
    check(200_000, helped=True)
    with pytest.raises(Failure, match="HELICS#2795"):
        check(65_536, helped=False)
