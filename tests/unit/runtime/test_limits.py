"""The limits that a supervisor watches itself; pauses do not count."""

from __future__ import annotations

from dataclasses import replace

from dots_cli.runtime.limits import Watchdog
from dots_cli.runtime.verdict import Judge
from tests.unit.plan.planning import definition_of, plan_of, scenario_of, service
from tests.unit.runtime.test_ending import Recorder


def watched(limit: float) -> tuple[Watchdog, Judge]:
    judge = Judge(["pv-1"])
    planned = plan_of(scenario_of(PV=1), definition_of(service("pv", "PV")))
    limits = replace(planned.limits, run=limit, finish=10)
    return Watchdog(replace(planned, limits=limits), Recorder(), judge, 100.0), judge


def test_a_run_over_its_limit_has_timed_out_and_says_how_far_it_came() -> None:
    watchdog, judge = watched(60)
    watchdog.look(900.0, 160.0)
    assert judge.verdict is None
    watchdog.look(900.0, 161.0)
    assert judge.verdict and judge.verdict.verdict == "timed_out"
    assert "simulated 900 s of" in judge.verdict.message


def test_the_time_of_a_pause_does_not_count() -> None:
    watchdog, judge = watched(60)
    watchdog.paused(110.0)
    watchdog.paused(120.0)
    watchdog.look(0.0, 10_000.0)
    watchdog.resumed(10_110.0)
    watchdog.resumed(10_111.0)
    watchdog.look(0.0, 10_159.0)
    assert judge.verdict is None
    watchdog.look(0.0, 10_161.0)
    assert judge.verdict is not None


def test_a_model_that_neither_ends_nor_works_after_the_end_has_failed() -> None:
    watchdog, judge = watched(1000)
    judge.simulation_reached_its_end()
    watchdog.look(7200.0, 101.0)
    watchdog.look(7200.0, 110.0)
    assert judge.verdict is None
    watchdog.look(7200.0, 112.0)
    assert judge.verdict and judge.verdict.model == "pv-1"


def test_a_conductor_that_is_silent_for_longer_than_it_would_wait_hangs() -> None:
    watchdog, judge = watched(100_000)
    watchdog.look(0.0, 10_000.0)
    watchdog.conductor_spoke(10_000.0, executing=False)
    watchdog.look(0.0, 10_304.0)
    watchdog.conductor_spoke(10_304.0, executing=True)
    watchdog.look(0.0, 12_100.0)
    assert judge.verdict is None
    watchdog.look(0.0, 12_110.0)
    assert judge.verdict and judge.verdict.cause == "conductor"


def test_a_conductor_may_be_silent_while_the_run_is_paused() -> None:
    watchdog, judge = watched(100_000)
    watchdog.conductor_spoke(110.0, executing=True)
    watchdog.paused(120.0)
    watchdog.look(0.0, 50_000.0)
    watchdog.resumed(50_000.0)
    watchdog.look(0.0, 50_001.0)
    assert judge.verdict is None
