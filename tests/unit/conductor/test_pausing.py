"""Pausing, going on, and stopping at the edge of a step."""

from __future__ import annotations

import math

import pytest

from dots_cli.conductor.failure import Failure
from dots_cli.conductor.watch import ANSWER_PATIENCE, QUIET_INTERVAL, STEP_EDGE, STOP_PATIENCE, TICK
from dots_cli.conductor.whereabouts import Times
from tests.unit.conductor.steered import DAY, Scene


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


def test_a_question_that_nobody_took_before_the_gate_stood_is_put_again() -> None:
    scene = Scene().begin()
    scene.tick(0.0, 1800.0)
    scene.watch.pause(None, scene.now)
    scene.broker.reached -= 1.0  # the gate is on its way
    scene.tick(0.02)
    assert scene.asked == 1
    assert scene.watch.interval == QUIET_INTERVAL
    scene.tick(0.04, 1800.0)
    assert scene.asked == 2
    scene.tick(0.3)
    assert scene.asked == 2
    scene.watch.answered(1, Times((), 0.0), scene.now)
    assert "paused" not in scene.said.names
    scene.answer(latest=1800.0)
    assert scene.said.events[-1] == {"event": "paused", "simulated": 1800.0}


def test_a_pause_may_last() -> None:
    scene = Scene(step=10.0, pause_at=3600.0).begin()
    scene.quiet_at(0.2, 3600.0)
    for minute in range(1, 60):
        scene.tick(60.0 * minute)
    assert scene.said.names == ["paused"]
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
    assert scene.said.names == ["paused", "progress", "simulation_ended"]


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
    scene = Scene()
    scene.watch.pause(None, scene.now)
    scene.watch.resume(scene.now)
    scene.begin()
    assert scene.broker.barrier == math.inf


def test_a_planned_pause_outlives_one_before_time_starts() -> None:
    scene = Scene(pause_at=3600.0)
    scene.watch.pause(None, scene.now)
    scene.watch.resume(scene.now)
    scene.begin()
    assert scene.broker.barrier == 3600.0
    scene.quiet_at(0.2, 3600.0)
    assert [event["simulated"] for event in scene.said.all("paused")] == [0.0, 3600.0]


def test_a_planned_pause_outlives_an_earlier_one_and_is_over_once_it_was_reached() -> None:
    scene = Scene(pause_at=3600.0).begin()
    scene.tick(0.2, 1800.0)
    scene.watch.pause(None, scene.now)
    scene.quiet_at(0.3, 1800.0)
    scene.watch.resume(scene.now)
    assert scene.said.names[-1] == "resumed"
    assert scene.broker.barrier == 3600.0
    scene.quiet_at(0.9, 3600.0)
    assert [event["simulated"] for event in scene.said.all("paused")] == [1800.0, 3600.0]
    scene.watch.resume(scene.now)
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


def test_an_answer_from_before_a_resume_is_not_the_quiet_of_the_next_pause() -> None:
    scene = Scene().begin()
    scene.tick(0.2, 1800.0)
    scene.watch.pause(None, scene.now)
    scene.tick(0.3)
    scene.watch.resume(scene.now)
    scene.tick(0.4, 4500.0)
    scene.watch.pause(None, scene.now)
    scene.answer(latest=1800.0)  # put before the resume
    assert "paused" not in scene.said.names
    scene.quiet_at(0.5, 4500.0)
    assert scene.said.events[-1] == {"event": "paused", "simulated": 4500.0}


def test_an_answer_from_before_time_stood_is_no_quiet() -> None:
    """Somebody can have been let further without knowing it yet."""
    scene = Scene(pause_at=3600.0).begin()
    scene.tick(1.0, 2700.0)
    scene.tick(2.0)
    assert scene.asked == 1  # because time stood still
    scene.broker.reached = 3600.0
    scene.answer(latest=2700.0)
    assert "paused" not in scene.said.names
    scene.quiet_at(2.1, 3600.0)
    assert scene.said.events[-1] == {"event": "paused", "simulated": 3600.0}


def test_no_progress_is_told_that_a_stop_takes_back() -> None:
    scene = Scene().begin()
    scene.tick(0.2, 1800.0)
    scene.watch.stop(scene.now)
    scene.tick(0.3, 2700.0)  # asked for, and not granted before the barrier stood
    scene.answer(latest=1800.0)
    assert scene.watch.quiet
    assert [e["simulated"] for e in scene.said.all("progress")] == [1800.0]
    assert scene.watch.simulated == 1800.0


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
