"""Simulated time: progress, standing still, and who left too early."""

from __future__ import annotations

from datetime import datetime

import pytest

from dots_cli.conductor.failure import Failure
from dots_cli.conductor.settings import Model
from dots_cli.conductor.watch import ANSWER_PATIENCE
from tests.unit.conductor import made
from tests.unit.conductor.steered import DAY, Scene


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
    scene.watch.answered(1, None, scene.now)
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


def test_who_does_not_answer_at_all_is_named_as_who_holds_the_time() -> None:
    scene = Scene(step=10.0, start=datetime(2024, 1, 1)).begin()
    scene.tick(0.0, 1800.0)
    scene.tick(1.0)
    scene.tick(1.0 + ANSWER_PATIENCE)
    assert (scene.asked, scene.asked_silent) == (1, 0)
    scene.tick(1.2 + ANSWER_PATIENCE)
    scene.tick(1.4 + ANSWER_PATIENCE)
    assert (scene.asked, scene.asked_silent) == (1, 1)
    scene.watch.unanswered(("pv-1/production",), scene.now)
    assert scene.said.all("waiting")[-1]["holders"] == ["pv-1/production"]
    with pytest.raises(Failure) as caught:
        scene.tick(10.0)
    assert caught.value.models == ["pv-1"]
    assert caught.value.message == (
        "simulated time has stood still at 2024-01-01 00:30:00 for 10 s, held by "
        "pv-1/production, which does not answer"
    )
    assert "stopped" in caught.value.hint


def test_who_answers_late_is_silent_no_more() -> None:
    scene = Scene(step=10.0).begin()
    scene.tick(0.0, 1800.0)
    scene.tick(1.0)
    scene.tick(1.2 + ANSWER_PATIENCE)
    scene.watch.unanswered(("pv-1/production",), scene.now)
    scene.answer("home-1/demand", latest=1800.0)
    scene.watch.unanswered(("pv-1/production",), scene.now)
    with pytest.raises(Failure, match=r"held by home-1/demand$"):
        scene.tick(10.0)


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


# Who left


def test_the_time_that_others_reach_without_one_that_has_left_is_not_told() -> None:
    scene = Scene().begin()
    scene.tick(0.0, 64_800.0)
    scene.broker.gone.append("pv-1/production")
    with pytest.raises(Failure, match="pv-1/production left"):
        scene.tick(0.2, DAY)
    assert [said["simulated"] for said in scene.said.all("progress")] == [64_800.0]
    assert scene.watch.simulated == 64_800.0


def test_a_model_that_leaves_early_ends_the_run() -> None:
    scene = Scene().begin()
    scene.tick(0.0, 900.0)
    scene.broker.gone.append("pv-1/production")
    with pytest.raises(Failure, match="pv-1/production left"):
        scene.tick(0.6)


def test_models_may_leave_once_the_end_was_reached() -> None:
    scene = Scene().begin()
    scene.tick(0.0, 900.0)
    scene.broker.gone.append("pv-1/production")
    scene.allowed_to_leave = True
    scene.tick(0.6)


EXTERNAL = made.settings().models[0], Model("home-1", "home", "EConnection", 2, external=True)


def test_a_model_that_a_person_started_may_hold_the_time_as_long_as_it_likes() -> None:
    scene = Scene(step=2.0, models=EXTERNAL).begin()
    scene.tick(0.0, 900.0)
    scene.tick(1.0)
    scene.answer("home-1/demand", latest=900.0)
    scene.tick(3600.0)
    assert scene.said.events[-1]["holders"] == ["home-1/demand"]


def test_another_that_holds_the_time_is_held_to_the_limit_all_the_same() -> None:
    scene = Scene(step=2.0, models=EXTERNAL).begin()
    scene.tick(0.0, 900.0)
    scene.tick(1.0)
    scene.answer("pv-1/production", latest=900.0)
    with pytest.raises(Failure) as caught:
        scene.tick(2.0)
    assert caught.value.models == ["pv-1"]
