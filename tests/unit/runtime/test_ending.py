"""The steps that bring a run's processes to their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from dots_cli.runtime.base import Sounding
from dots_cli.runtime.ending import (
    LINGER,
    QUIET,
    TERMINATE,
    WRITE,
    WRITE_AFTER_FAILURE,
    WRITE_OF_SURVIVORS,
    Ending,
)
from dots_cli.runtime.verdict import Verdict

RUNNING = {"broker": "conductor", "pv-1": "model", "store": "store"}
STOPPED = Verdict("stopped", "interrupted", None, "stopped by Ctrl-C", 130)
FAILED = Verdict("failed", "model", "pv-1", "pv-1 exited with code 1", 5)


class Recorder:
    """A runtime that writes down what it is asked to do."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def prepare(self) -> None: ...

    def start_store(self) -> None: ...

    def start_federation(self, sounding: Sounding | None = None) -> None: ...

    def tell_conductor(self, command: Mapping[str, object]) -> None:
        self.asked.append(str(command["command"]))

    def ask_to_end(self, names: Sequence[str]) -> None:
        self.asked.append(f"terminate {' '.join(names)}")

    def kill(self, names: Sequence[str]) -> None:
        self.asked.append(f"kill {' '.join(names)}")

    def activity(self, name: str) -> float:
        return 0.0

    def close(self) -> None: ...


def test_a_stop_is_polite_first_and_escalates_when_nobody_moves() -> None:
    runtime = Recorder()
    ending = Ending(runtime, RUNNING, STOPPED, 0.0)
    now = 0.0
    for step in (QUIET, WRITE_AFTER_FAILURE, TERMINATE):
        ending.go_on(now + step - 0.1, RUNNING)
        now += step
        ending.go_on(now, RUNNING)
    assert runtime.asked == ["stop", "disconnect", "terminate broker pv-1", "kill broker pv-1"]


def test_a_conductor_without_models_does_not_hold_the_verdict_up() -> None:
    runtime = Recorder()
    ending = Ending(runtime, RUNNING, FAILED, 0.0)
    alone = {"broker": "conductor", "store": "store"}
    ending.go_on(1.0, alone)
    ending.go_on(1.0 + LINGER - 0.1, alone)
    assert runtime.asked == ["disconnect"]
    ending.go_on(1.0 + LINGER, alone)
    assert runtime.asked == ["disconnect", "kill broker"]
    ending.go_on(2.0, {"store": "store"})
    assert runtime.asked[-1] == "terminate store"


def test_models_that_left_politely_may_write_for_a_while() -> None:
    runtime = Recorder()
    ending = Ending(runtime, RUNNING, STOPPED, 0.0)
    ending.federation_left(1.0, simulated=True)
    ending.go_on(1.0 + WRITE - 0.1, RUNNING)
    assert runtime.asked == ["stop"]


def test_survivors_of_a_failure_get_less_time_for_some_never_leave_their_loop() -> None:
    runtime = Recorder()
    ending = Ending(runtime, RUNNING, FAILED, 0.0)
    ending.federation_left(1.0, simulated=True)
    ending.go_on(1.0 + WRITE_OF_SURVIVORS - 0.1, RUNNING)
    assert runtime.asked == ["disconnect"]
    ending.go_on(1.0 + WRITE_OF_SURVIVORS, RUNNING)
    assert runtime.asked == ["disconnect", "terminate broker pv-1"]


def test_models_that_have_nothing_to_write_are_not_waited_for() -> None:
    runtime = Recorder()
    ending = Ending(runtime, RUNNING, STOPPED, 0.0)
    ending.federation_left(1.0, simulated=False)
    ending.go_on(1.0 + WRITE_AFTER_FAILURE, RUNNING)
    assert runtime.asked == ["stop", "terminate broker pv-1"]


WRITING = {"pv-1": "model", "pv-2": "model", "store": "store"}
"""After the simulated end the conductor is gone before the models are."""


def test_a_stop_after_the_simulated_end_lets_models_write_before_anybody_is_made_to_end() -> None:
    runtime = Recorder()
    ending = Ending(runtime, WRITING, STOPPED, 0.0, simulated=True)
    ending.go_on(WRITE - 0.1, WRITING)
    assert (runtime.asked, ending.forces) == ([], False)
    ending.go_on(WRITE, WRITING)
    ending.go_on(WRITE + TERMINATE, WRITING)
    assert runtime.asked == ["terminate pv-1 pv-2", "kill pv-1 pv-2"]
    assert ending.forces


def test_a_failure_after_the_simulated_end_lets_the_others_write() -> None:
    runtime = Recorder()
    ending = Ending(runtime, WRITING, FAILED, 0.0, simulated=True)
    ending.go_on(WRITE_OF_SURVIVORS - 0.1, WRITING)
    assert runtime.asked == []
    ending.go_on(WRITE_OF_SURVIVORS, WRITING)
    assert runtime.asked == ["terminate pv-1 pv-2"]


LEFT_EARLY = Verdict("failed", "model", "pv-1", "pv-1 left the federation early", 5)
STALLED = Verdict("stalled", "step", "pv-1", "simulated time has stood still", 8)


@pytest.mark.parametrize("there", [RUNNING, WRITING])
def test_where_the_conductor_has_ended_the_federation_all_may_write_who_left_it(
    there: dict[str, str],
) -> None:
    runtime = Recorder()
    ending = Ending(runtime, there, LEFT_EARLY, 0.0, failed=True)
    culprit = {"pv-1": "model", "store": "store"}
    ending.go_on(WRITE_OF_SURVIVORS - 0.1, culprit)
    assert (runtime.asked, ending.forces) == ([], False)
    ending.go_on(WRITE_OF_SURVIVORS, culprit)
    assert runtime.asked == ["terminate pv-1"]


def test_who_holds_time_up_is_not_waited_for_once_the_others_have_written() -> None:
    runtime = Recorder()
    ending = Ending(runtime, WRITING, STALLED, 0.0, failed=True)
    ending.go_on(1.0, WRITING)
    assert runtime.asked == []
    ending.go_on(1.0, {"pv-1": "model", "store": "store"})
    assert runtime.asked == ["terminate pv-1"]


def test_a_conductor_that_has_failed_gets_a_moment_after_the_last_model() -> None:
    runtime = Recorder()
    ending = Ending(runtime, RUNNING, LEFT_EARLY, 0.0, failed=True)
    alone = {"broker": "conductor", "store": "store"}
    ending.go_on(1.0, alone)
    assert runtime.asked == []
    ending.go_on(1.0 + LINGER, alone)
    assert runtime.asked == ["kill broker"]


def test_nobody_waits_for_the_one_that_has_failed_to_write() -> None:
    runtime = Recorder()
    ending = Ending(runtime, WRITING, FAILED, 0.0, simulated=True)
    ending.go_on(0.1, {"pv-1": "model", "store": "store"})
    assert runtime.asked == ["terminate pv-1"]


@pytest.mark.parametrize("there", [RUNNING, WRITING])
def test_without_a_store_nobody_waits_long_for_what_cannot_be_written(
    there: dict[str, str],
) -> None:
    runtime = Recorder()
    lost = Verdict("failed", "store", None, "the store was killed (SIGKILL)", 7)
    ending = Ending(runtime, there, lost, 0.0, simulated=True)
    if there is RUNNING:
        ending.federation_left(0.0, simulated=True)
    ending.go_on(WRITE_AFTER_FAILURE, {"pv-1": "model"})
    assert runtime.asked[-1] == "terminate pv-1"


def test_a_request_to_end_at_once_cuts_writing_off() -> None:
    runtime = Recorder()
    ending = Ending(runtime, WRITING, STOPPED, 0.0, simulated=True)
    ending.at_once()
    ending.federation_left(0.1, simulated=True)
    ending.go_on(0.1, WRITING)
    assert runtime.asked == ["kill pv-1 pv-2"]


def test_a_conductor_that_leaves_on_being_made_to_end_gives_nobody_more_time() -> None:
    runtime = Recorder()
    ending = Ending(runtime, RUNNING, FAILED, 0.0)
    ending.go_on(WRITE_AFTER_FAILURE, RUNNING)
    assert runtime.asked == ["disconnect", "terminate broker pv-1"]
    ending.federation_left(WRITE_AFTER_FAILURE + 0.1, simulated=True)
    ending.go_on(WRITE_AFTER_FAILURE + TERMINATE, WRITING)
    assert runtime.asked[-1] == "kill pv-1 pv-2"


def test_after_a_failure_the_federation_is_ended_at_once() -> None:
    runtime = Recorder()
    Ending(runtime, RUNNING, FAILED, 0.0)
    assert runtime.asked == ["disconnect"]


def test_without_a_conductor_nobody_waits_for_the_models_to_notice() -> None:
    runtime = Recorder()
    Ending(runtime, {"pv-1": "model", "store": "store"}, FAILED, 0.0)
    assert runtime.asked == ["terminate pv-1"]


def test_a_second_request_kills_at_once() -> None:
    runtime = Recorder()
    ending = Ending(runtime, RUNNING, STOPPED, 0.0)
    ending.at_once()
    ending.go_on(0.1, RUNNING)
    assert runtime.asked == ["stop", "kill broker pv-1"]


def test_the_store_ends_only_when_every_model_has() -> None:
    runtime = Recorder()
    ending = Ending(runtime, RUNNING, FAILED, 0.0)
    ending.go_on(0.1, {"pv-1": "model", "store": "store"})
    assert runtime.asked == ["disconnect"]
    ending.go_on(0.2, {"store": "store"})
    assert runtime.asked == ["disconnect", "terminate store"]
    assert not ending.is_over({"store": "store"})
    assert ending.is_over({})
