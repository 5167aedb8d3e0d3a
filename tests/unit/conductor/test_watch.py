"""Simulated time: progress, standing still, pausing, stopping, and who left too early."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dots_cli.conductor.failure import Failure
from dots_cli.conductor.settings import Limits
from dots_cli.conductor.watch import (
    ANSWER_PATIENCE,
    QUIET_INTERVAL,
    STEP_EDGE,
    STOP_PATIENCE,
    TICK,
    Standstill,
    Times,
    Watch,
    left_early,
    times,
)
from tests.unit.conductor import made

DAY = 86_400.0
OWN = ("dots_gate",)
FEDERATES = ["dots_gate", "home-1/demand", "pv-1/production"]
START = 1000.0


class Stand:
    """Stands for a broker: its time is set by the test, its barrier by the watch."""

    def __init__(self) -> None:
        self.reached = 0.0
        self.barrier = math.inf
        self.state = dict.fromkeys(FEDERATES, "executing")

    def time(self) -> float:
        return self.reached

    def set_barrier(self, at: float) -> None:
        self.barrier = at

    def clear_barrier(self) -> None:
        self.barrier = math.inf

    def states(self) -> dict[str, str]:
        return self.state


class Scene:
    """A watch, what it says and asks, and the time since the start."""

    def __init__(self, *, step: float = 300.0, join: float = 60.0, **more: Any) -> None:
        self.said = made.Listener()
        self.asked = 0
        self.now = START
        self.broker = Stand()
        self.allowed_to_leave = False
        told = made.settings(limits=Limits(join, step), **more)
        self.watch = Watch(told, OWN, self._ask, self.said)

    def _ask(self) -> None:
        self.asked += 1

    def begin(self) -> Scene:
        self.watch.begin(self.broker, self.now)
        return self

    def at(self, waited: float) -> Scene:
        self.now = START + waited
        return self

    def tick(self, waited: float, reached: float | None = None) -> None:
        """Look, so many seconds after the start."""
        self.at(waited)
        if reached is not None:
            self.broker.reached = reached
        self.watch.tick(self.now, lambda: not self.allowed_to_leave)

    def answer(self, *holders: str, latest: float) -> None:
        self.watch.answered(Times(holders, latest), self.now)

    def quiet_at(self, waited: float, reached: float) -> None:
        """Look; the question that is then put is answered with: nobody computes."""
        before = self.asked
        self.tick(waited, reached)
        assert self.asked == before + 1
        self.answer(latest=reached)


# Progress


def test_progress_is_said_when_time_has_moved_and_only_then() -> None:
    scene = Scene().begin()
    for waited, reached in ((0.0, 0.0), (0.2, 900.0), (0.4, 900.0), (0.6, 5400.0)):
        scene.tick(waited, reached)
    assert scene.said.events == [
        {"event": "progress", "simulated": 900.0},
        {"event": "progress", "simulated": 5400.0},
    ]
    assert scene.watch.simulated == 5400.0


def test_the_nanosecond_that_some_are_granted_too_much_is_not_shown() -> None:
    scene = Scene().begin()
    scene.tick(0.2, 900.000000001)
    assert scene.said.events == [{"event": "progress", "simulated": 900.0}]


def test_progress_never_goes_beyond_the_end_nor_back() -> None:
    scene = Scene().begin()
    scene.tick(0.2, 9_223_372_036.854776)
    scene.tick(0.4, 900.0)
    assert scene.said.events == [{"event": "progress", "simulated": DAY}]
    assert scene.watch.simulated == DAY


def test_the_end_is_full_progress_even_if_nobody_saw_the_last_steps() -> None:
    scene = Scene().begin()
    scene.tick(0.2, 900.0)
    scene.watch.end_reached(scene.now)
    assert scene.said.events[1:] == [
        {"event": "progress", "simulated": DAY},
        {"event": "simulation_ended"},
    ]


def test_full_progress_is_said_once() -> None:
    scene = Scene().begin()
    scene.tick(0.2, DAY)
    scene.watch.end_reached(scene.now)
    assert scene.said.names == ["progress", "simulation_ended"]


# Standing still


def test_standing_still_is_spoken_of_less_and_less_often() -> None:
    still = Standstill(0.0)
    spoken = [tenth / 10 for tenth in range(1300) if still.due(tenth / 10)]
    assert spoken == [1, 2, 4, 8, 16, 32, 62, 92, 122]


def test_time_that_moves_starts_the_waiting_again() -> None:
    still = Standstill(0.0)
    assert still.saw(900.0, 5.0)
    assert not still.saw(900.0, 9.0)
    assert still.waited(9.0) == 4.0
    assert still.due(9.0)
    assert still.saw(1800.0, 10.0)
    assert not still.due(10.9)
    assert still.due(11.0)


def test_who_holds_the_time_is_asked_before_it_is_spoken_of() -> None:
    scene = Scene().begin()
    for waited in (0.0, 0.2, 0.4, 0.6):
        scene.tick(waited)
    assert scene.asked == 0
    scene.tick(0.81)
    assert scene.asked == 1
    scene.answer("pv-1/production", latest=0.0)
    scene.tick(1.0)
    assert scene.said.events == [
        {"event": "waiting", "simulated": 0.0, "waited": 1.0, "holders": ["pv-1/production"]}
    ]


def test_no_question_is_put_while_another_is_open() -> None:
    scene = Scene().begin()
    for tenth in range(100):
        scene.tick(tenth / 10)
    assert scene.asked == 1
    scene.watch.answered(None, scene.now)
    scene.tick(10.3)
    assert scene.asked == 1
    scene.tick(10.5)
    assert scene.asked == 2


def test_holders_of_an_earlier_standstill_are_not_blamed_for_the_next() -> None:
    scene = Scene().begin()
    scene.tick(0.0)
    scene.tick(1.0)
    scene.answer("pv-1/production", latest=0.0)
    scene.tick(2.0, 900.0)
    scene.tick(3.0)
    assert scene.said.all("waiting")[-1]["holders"] == []


def test_a_step_that_takes_too_long_is_blamed_on_who_holds_the_time() -> None:
    scene = Scene(step=10.0).begin()
    scene.tick(0.0, 1800.0)
    scene.tick(1.0)
    scene.answer("pv-1/forecast", "home-1/demand", "pv-1/production", latest=1800.0)
    scene.tick(9.9)
    with pytest.raises(Failure) as caught:
        scene.tick(10.0)
    assert (caught.value.kind, caught.value.models) == ("stalled", ["home-1", "pv-1"])
    assert caught.value.message == (
        "simulated time has stood still at 1800 s for 10 s, held by "
        "pv-1/forecast, home-1/demand, pv-1/production"
    )
    assert "limit `step`" in caught.value.hint


def test_a_step_that_takes_too_long_ends_the_run_also_if_nobody_says_who_holds_it() -> None:
    scene = Scene(step=10.0).begin()
    scene.tick(0.0, 1800.0)
    scene.tick(5.0)
    with pytest.raises(Failure) as caught:
        scene.tick(10.0)
    assert caught.value.models == []
    assert caught.value.message == "simulated time has stood still at 1800 s for 10 s"


def test_steps_within_the_limit_may_go_on_for_ever() -> None:
    scene = Scene(step=10.0).begin()
    for step in range(20):
        scene.tick(step * 9.9, step * 900.0)


def test_waiting_for_models_to_join_is_not_standing_still() -> None:
    scene = Scene(step=1.0, join=1.0)
    scene.tick(100.0)
    scene.at(200.0).begin()
    scene.tick(200.9)
    assert scene.said.events == []


def test_an_esdl_that_is_not_taken_is_blamed_on_who_holds_the_time() -> None:
    scene = Scene(step=5.0, join=20.0)
    scene.watch.hand_out(scene.now)
    scene.tick(0.9)
    assert scene.asked == 1
    scene.answer("home-1", latest=2.0)
    scene.tick(19.9)
    assert scene.said.all("waiting")[0]["holders"] == ["home-1"]
    with pytest.raises(Failure) as caught:
        scene.tick(20.0)
    assert (caught.value.kind, caught.value.models) == ("join", ["home-1"])
    assert "the ESDL was not taken by all models within 20 s, held by home-1" in str(caught.value)


def test_between_the_phases_no_limit_of_the_watch_runs() -> None:
    scene = Scene(step=1.0, join=1.0)
    scene.watch.hand_out(scene.now)
    scene.watch.handed_out()
    scene.tick(50.0)
    assert scene.said.events == []


# Pausing


def test_a_run_pauses_at_the_time_that_was_planned() -> None:
    scene = Scene(pause_at=3600.0).begin()
    assert scene.broker.barrier == 3600.0
    scene.tick(0.2, 2700.0)
    assert scene.asked == 0
    scene.tick(0.4, 3600.0)
    scene.answer("pv-1/production", latest=2700.0)
    assert "paused" not in scene.said.names
    scene.quiet_at(0.5, 3600.0)
    assert scene.said.events[-1] == {"event": "paused", "simulated": 3600.0}


def test_a_pause_between_two_steps_is_one_at_the_time_that_was_asked_for() -> None:
    scene = Scene(pause_at=4000.0).begin()
    scene.tick(0.2, 4000.0)
    scene.answer(latest=3600.0)
    assert scene.said.events[-1] == {"event": "paused", "simulated": 4000.0}


def test_a_pause_may_last() -> None:
    scene = Scene(step=10.0, pause_at=3600.0).begin()
    scene.quiet_at(0.2, 3600.0)
    for minute in range(1, 60):
        scene.tick(60.0 * minute)
    assert scene.said.names == ["progress", "paused"]
    assert scene.asked == 1


def test_a_paused_run_makes_no_progress_though_the_broker_tells_the_next_step() -> None:
    scene = Scene().begin()
    scene.broker.reached = 1800.0
    scene.watch.pause(None, scene.now)
    scene.quiet_at(0.0, 1800.0)
    scene.tick(0.2, 2700.0)
    assert scene.said.names == ["progress", "paused"]
    assert scene.watch.simulated == 1800.0
    scene.watch.resume(scene.now)
    scene.tick(0.4, 3600.0)
    assert scene.said.events[-1] == {"event": "progress", "simulated": 3600.0}


def test_after_a_pause_the_step_has_its_whole_limit_again() -> None:
    scene = Scene(step=10.0, pause_at=3600.0).begin()
    scene.quiet_at(0.2, 3600.0)
    scene.tick(100.0)
    scene.at(105.0).watch.resume(scene.now)
    assert scene.broker.barrier == math.inf
    assert scene.said.names[-1] == "resumed"
    scene.tick(114.9)
    with pytest.raises(Failure, match="stood still"):
        scene.tick(115.0)


def test_a_pause_as_soon_as_possible_lets_the_step_be_finished() -> None:
    scene = Scene().begin()
    scene.tick(0.2, 1800.0)
    scene.at(0.3).watch.pause(None, scene.now)
    assert scene.broker.barrier == 1800.0 + STEP_EDGE
    scene.tick(0.3)
    scene.answer("pv-1/production", latest=1800.0)
    assert "paused" not in scene.said.names
    scene.quiet_at(0.4, 1800.0)
    assert scene.said.events[-1] == {"event": "paused", "simulated": 1800.0}


def test_where_some_were_already_let_further_the_others_follow_before_the_pause() -> None:
    scene = Scene().begin()
    scene.broker.reached = 1800.0
    scene.watch.pause(None, scene.now)
    scene.tick(0.0)
    scene.answer(latest=2700.0)
    assert scene.broker.barrier == 2700.0 + STEP_EDGE
    assert "paused" not in scene.said.names
    scene.quiet_at(0.1, 2700.0)
    assert scene.said.events[-1] == {"event": "paused", "simulated": 2700.0}


def test_where_some_were_let_to_the_end_the_others_follow_to_it() -> None:
    scene = Scene().begin()
    scene.broker.reached = DAY - 900.0
    scene.watch.pause(None, scene.now)
    scene.tick(0.0)
    scene.answer(latest=DAY)
    assert scene.broker.barrier > DAY
    scene.tick(0.1, DAY)
    scene.watch.end_reached(scene.now)
    assert scene.said.names[-1] == "simulation_ended"
    assert "paused" not in scene.said.names


@pytest.mark.parametrize("past", [900.0, 1800.0])
def test_a_pause_at_a_time_that_has_passed_is_one_as_soon_as_possible(past: float) -> None:
    scene = Scene().begin()
    scene.tick(0.2, 1800.0)
    scene.watch.pause(past, scene.now)
    assert scene.broker.barrier == 1800.0 + STEP_EDGE
    scene.quiet_at(0.3, 1800.0)
    assert scene.said.events[-1] == {"event": "paused", "simulated": 1800.0}


def test_a_pause_for_later_takes_the_place_of_an_earlier_one() -> None:
    scene = Scene(pause_at=3600.0).begin()
    scene.quiet_at(0.2, 3600.0)
    scene.watch.pause(7200.0, scene.now)
    assert scene.broker.barrier == 7200.0
    scene.tick(0.4, 6300.0)
    scene.quiet_at(0.6, 7200.0)
    assert [event["simulated"] for event in scene.said.all("paused")] == [3600.0, 7200.0]


@pytest.mark.parametrize("late", [DAY, DAY + 1, math.inf])
def test_a_pause_for_later_than_the_end_holds_nobody(late: float) -> None:
    scene = Scene(pause_at=3600.0).begin()
    scene.quiet_at(0.2, 3600.0)
    scene.watch.pause(late, scene.now)
    assert DAY < scene.broker.barrier < math.inf
    scene.tick(0.4, DAY)
    scene.watch.end_reached(scene.now)
    assert scene.said.names == ["progress", "paused", "progress", "simulation_ended"]


@pytest.mark.parametrize("late", [DAY, DAY + 1])
def test_a_planned_pause_at_the_end_or_later_is_none(late: float) -> None:
    scene = Scene(pause_at=late).begin()
    assert scene.broker.barrier == math.inf
    scene.tick(0.2, DAY)
    assert scene.asked == 0
    scene.watch.end_reached(scene.now)
    assert scene.said.names == ["progress", "simulation_ended"]


def test_a_pause_before_time_starts_holds_it_at_the_start() -> None:
    scene = Scene(step=10.0)
    scene.watch.pause(None, scene.now)
    assert scene.said.events == [{"event": "paused", "simulated": 0.0}]
    scene.begin()
    assert scene.broker.barrier == STEP_EDGE
    scene.tick(100.0)
    scene.watch.resume(scene.now)
    assert scene.broker.barrier == math.inf
    assert scene.said.names == ["paused", "resumed"]


def test_a_pause_that_was_taken_back_before_time_starts_holds_nobody() -> None:
    scene = Scene(pause_at=3600.0)
    scene.watch.pause(None, scene.now)
    scene.watch.resume(scene.now)
    scene.begin()
    assert scene.broker.barrier == math.inf


def test_a_pause_at_a_time_can_be_asked_for_before_time_starts() -> None:
    scene = Scene()
    scene.watch.pause(1800.0, scene.now)
    assert scene.said.events == []
    scene.begin()
    assert scene.broker.barrier == 1800.0


def test_a_run_that_goes_on_before_it_was_quiet_does_not_pause() -> None:
    scene = Scene().begin()
    scene.tick(0.2, 1800.0)
    scene.watch.pause(None, scene.now)
    scene.tick(0.3)
    scene.watch.resume(scene.now)
    scene.answer(latest=1800.0)
    assert scene.said.names == ["progress", "resumed"]


def test_a_run_that_is_not_to_pause_does_not_say_that_it_goes_on() -> None:
    scene = Scene().begin()
    scene.watch.resume(scene.now)
    assert scene.said.events == []


def test_after_the_end_nothing_pauses() -> None:
    scene = Scene().begin()
    scene.watch.end_reached(scene.now)
    scene.watch.pause(None, scene.now)
    scene.tick(0.5)
    assert scene.broker.barrier == math.inf
    assert scene.said.names == ["progress", "simulation_ended"]


# Stopping


def test_a_stop_is_quiet_at_the_edge_of_a_step() -> None:
    scene = Scene().begin()
    scene.tick(0.2, 1800.0)
    scene.watch.stop(scene.now)
    assert scene.broker.barrier == 1800.0 + STEP_EDGE
    scene.tick(0.3)
    scene.answer("pv-1/production", latest=1800.0)
    assert not scene.watch.stopped
    scene.quiet_at(0.4, 1800.0)
    assert (scene.watch.stopped, scene.watch.quiet) == (True, True)
    assert scene.watch.simulated == 1800.0
    assert "paused" not in scene.said.names


def test_a_stop_waits_until_the_others_have_followed_who_was_let_further() -> None:
    scene = Scene().begin()
    scene.tick(0.2, 1800.0)
    scene.watch.stop(scene.now)
    scene.tick(0.3)
    scene.answer(latest=2700.0)
    assert not scene.watch.stopped
    assert scene.broker.barrier == 2700.0 + STEP_EDGE
    scene.quiet_at(0.4, 2700.0)
    assert (scene.watch.quiet, scene.watch.simulated) == (True, 2700.0)


def test_a_stop_in_the_last_step_lets_the_others_follow_to_the_end() -> None:
    scene = Scene().begin()
    scene.broker.reached = DAY - 900.0
    scene.watch.stop(scene.now)
    scene.tick(0.0)
    scene.answer(latest=DAY)
    assert not scene.watch.stopped
    assert scene.broker.barrier > DAY


@pytest.mark.parametrize("phase", ["joining", "handing out"])
def test_before_time_starts_there_is_nothing_to_wait_for(phase: str) -> None:
    scene = Scene()
    if phase == "handing out":
        scene.watch.hand_out(scene.now)
    scene.watch.stop(scene.now)
    assert (scene.watch.stopped, scene.watch.quiet) == (True, True)


def test_a_paused_run_is_quiet_already() -> None:
    scene = Scene(pause_at=3600.0).begin()
    scene.quiet_at(0.2, 3600.0)
    scene.watch.stop(scene.now)
    assert (scene.watch.stopped, scene.watch.quiet) == (True, True)


def test_a_stop_takes_the_place_of_a_pause_that_has_not_come() -> None:
    scene = Scene(pause_at=36_000.0).begin()
    scene.tick(0.2, 1800.0)
    scene.watch.stop(scene.now)
    assert scene.broker.barrier == 1800.0 + STEP_EDGE
    scene.watch.pause(None, scene.now)
    scene.watch.resume(scene.now)
    assert scene.broker.barrier == 1800.0 + STEP_EDGE
    scene.quiet_at(0.3, 1800.0)
    assert scene.watch.quiet
    assert scene.said.names == ["progress"]


def test_a_step_that_does_not_end_is_not_waited_for_for_ever() -> None:
    scene = Scene().begin()
    scene.tick(0.0, 1800.0)
    scene.watch.stop(scene.now)
    waited = 0.0
    while waited < STOP_PATIENCE:
        scene.tick(waited)
        if scene.asked:
            scene.answer("pv-1/production", latest=1800.0)
        waited += 0.5
    assert not scene.watch.stopped
    scene.watch.stop(scene.now)  # a second request gives it no more time
    scene.tick(STOP_PATIENCE + 0.1)
    assert (scene.watch.stopped, scene.watch.quiet) == (True, False)


def test_a_dead_federate_is_not_waited_for() -> None:
    scene = Scene().begin()
    scene.tick(0.0, 1800.0)
    scene.watch.stop(scene.now)
    scene.tick(0.1)
    scene.tick(ANSWER_PATIENCE)
    assert not scene.watch.stopped
    scene.tick(ANSWER_PATIENCE + 0.2)
    assert (scene.watch.stopped, scene.watch.quiet) == (True, False)


def test_a_stop_after_the_end_lets_everybody_leave_first() -> None:
    scene = Scene().begin()
    scene.watch.end_reached(scene.now)
    scene.watch.stop(scene.now)
    scene.tick(1.0)
    assert not scene.watch.stopped
    scene.tick(STOP_PATIENCE + 0.1)
    assert scene.watch.stopped


def test_it_looks_more_often_only_while_it_waits_for_quiet() -> None:
    scene = Scene().begin()
    assert scene.watch.interval == TICK
    scene.watch.pause(None, scene.now)
    assert scene.watch.interval == QUIET_INTERVAL
    scene.tick(0.1)
    assert scene.watch.interval == TICK  # an answer will wake it
    scene.answer("pv-1/production", latest=0.0)
    assert scene.watch.interval == QUIET_INTERVAL
    scene.quiet_at(0.2, 0.0)
    assert scene.watch.interval == TICK


# Who left


def test_who_has_left_before_the_end_is_told_by_model() -> None:
    states = {"pv-1/a": "disconnected", "pv-1/b": "disconnected", "home-1/demand": "executing"}
    failure = left_early(states, OWN)
    assert failure is not None
    assert (failure.kind, failure.models) == ("early", ["pv-1"])
    assert failure.message == "pv-1/a, pv-1/b left the federation before the simulated end"


def test_the_conductors_own_may_leave_before_the_end() -> None:
    states = {"pv-1/a": "executing", "dots_gate": "disconnected"}
    assert left_early(states, OWN) is None
    assert left_early({}, OWN) is None


def test_a_model_that_leaves_early_ends_the_run() -> None:
    scene = Scene().begin()
    scene.tick(0.0, 900.0)
    scene.broker.state["pv-1/production"] = "disconnected"
    with pytest.raises(Failure, match="pv-1/production left"):
        scene.tick(0.6)


def test_models_may_leave_once_the_end_was_reached() -> None:
    scene = Scene().begin()
    scene.tick(0.0, 900.0)
    scene.broker.state["pv-1/production"] = "disconnected"
    scene.allowed_to_leave = True
    scene.tick(0.6)


# What the federates answer


def federate(name: str, granted: float, computes: bool) -> dict[str, Any]:
    return {"name": name, "granted": granted, "granted_mode": computes}


def test_holders_are_those_who_compute_without_the_conductors_own() -> None:
    answer = [
        federate("pv-1/production", 1800.0, True),
        federate("dots_gate", DAY, True),
        federate("home-1/demand", 900.0, False),
        federate("heat-1/heat", 900.0, True),
    ]
    assert times(answer, OWN) == Times(("heat-1/heat", "pv-1/production"), 1800.0)


def test_where_nobody_was_granted_anything_time_is_at_the_start() -> None:
    before = federate("pv-1/production", -9_223_372_036.854776, False)
    assert times([before], []) == Times((), 0.0)
    assert times([], []) == Times((), 0.0)
