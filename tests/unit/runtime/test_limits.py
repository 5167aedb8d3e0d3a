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


def external(limit: float) -> tuple[Watchdog, Judge]:
    judge = Judge(["pv-1"], external=["pv-1"])
    planned = plan_of(scenario_of(PV=1), definition_of(service("pv", "PV")))
    limits = replace(planned.limits, run=limit, finish=10, step=1, join=1)
    planned = replace(planned, limits=limits, external=("pv-1",))
    return Watchdog(planned, Recorder(), judge, 100.0), judge


def test_no_limit_applies_to_a_run_with_a_model_that_a_person_starts() -> None:
    watchdog, judge = external(60)
    watchdog.conductor_spoke(100.0, executing=False)
    watchdog.look(0.0, 161.0)
    watchdog.conductor_spoke(10_000.0, executing=True)
    watchdog.look(900.0, 10_040.0)
    assert judge.verdict is None
    judge.model_started("pv-1")
    judge.models_joined(["pv-1"])
    judge.simulation_reached_its_end()
    judge.conductor_process_ended(0, 10_050.0)
    watchdog.look(900.0, 10_060.0)
    watchdog.look(900.0, 99_999.0)
    assert judge.verdict is None


def test_a_conductor_that_hangs_is_noticed_beside_an_external_model_too() -> None:
    watchdog, judge = external(60)
    watchdog.conductor_spoke(100.0, executing=True)
    watchdog.look(900.0, 170.0)
    assert judge.verdict is not None


def test_an_external_model_that_nobody_can_see_gets_some_time_to_write() -> None:
    watchdog, judge = external(60)
    judge.models_joined(["pv-1"])
    judge.simulation_reached_its_end()
    watchdog.look(900.0, 100.0)
    judge.conductor_process_ended(0, 101.0)
    watchdog.look(900.0, 109.0)
    assert judge.verdict is None
    watchdog.look(900.0, 111.0)
    assert judge.verdict is not None
    assert judge.verdict.verdict == "succeeded"


class Busy(Recorder):
    """A runtime in which `wind-1` computes as long as the test wants, and `pv-1` does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.used = 0.0

    def activity(self, name: str) -> float:
        return self.used if name == "wind-1" else 1.0


def finishing() -> tuple[Watchdog, Judge, Busy]:
    judge, runtime = Judge(["pv-1", "wind-1"]), Busy()
    planned = plan_of(scenario_of(PV=1), definition_of(service("pv", "PV")))
    planned = replace(planned, limits=replace(planned.limits, finish=10))
    judge.simulation_reached_its_end()
    return Watchdog(planned, runtime, judge, 100.0), judge, runtime


def look_for(watchdog: Watchdog, runtime: Busy, start: int, end: int, *, works: bool) -> None:
    for second in range(start, end):
        runtime.used += works
        watchdog.look(900.0, 100.0 + second)


def test_a_model_that_waits_for_another_ones_last_step_is_not_blamed() -> None:
    watchdog, judge, runtime = finishing()
    look_for(watchdog, runtime, 0, 60, works=True)
    assert judge.verdict is None
    judge.model_ended("wind-1", 0, 160.0)
    judge.conductor_process_ended(0, 160.0)
    look_for(watchdog, runtime, 60, 69, works=False)
    assert judge.verdict is None, "its own time begins when nobody holds it any more"
    look_for(watchdog, runtime, 69, 80, works=False)
    assert judge.verdict is not None
    assert judge.verdict.model == "pv-1"


def test_models_that_all_do_nothing_do_not_wait_for_one_another_for_ever() -> None:
    watchdog, judge, runtime = finishing()
    look_for(watchdog, runtime, 0, 20, works=False)
    assert judge.verdict is not None


def test_one_that_stays_while_another_writes_is_blamed_once_the_federation_has_ended() -> None:
    watchdog, judge, runtime = finishing()
    judge.conductor_process_ended(0, 100.0)
    look_for(watchdog, runtime, 0, 20, works=True)
    assert judge.verdict is not None
    assert judge.verdict.model == "pv-1"


def test_a_model_that_an_external_one_holds_at_the_end_is_not_blamed() -> None:
    judge = Judge(["pv-1", "wind-1"], external=["wind-1"])
    planned = plan_of(scenario_of(PV=1), definition_of(service("pv", "PV")))
    limits = replace(planned.limits, finish=10)
    planned = replace(planned, limits=limits, external=("wind-1",))
    watchdog = Watchdog(planned, Recorder(), judge, 100.0)
    judge.simulation_reached_its_end()
    for second in range(0, 1000, 7):
        watchdog.look(900.0, 100.0 + second)
    assert judge.verdict is None


def test_a_model_whose_worker_processes_have_ended_still_works() -> None:
    watchdog, judge, runtime = finishing()
    judge.model_ended("pv-1", 0, 100.0)
    judge.conductor_process_ended(0, 100.0)
    runtime.used = 500.0
    watchdog.look(900.0, 100.0)
    runtime.used = 3.0  # the workers and what they have used are gone
    look_for(watchdog, runtime, 1, 60, works=True)
    assert judge.verdict is None
    look_for(watchdog, runtime, 60, 75, works=False)
    assert judge.verdict and judge.verdict.model == "wind-1"
