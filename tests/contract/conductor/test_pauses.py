"""A pause holds everybody at the same step, for as long as it is wanted, and leaves no trace."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from tests.contract.conductor.rig import Quick, consumer, producer
from tests.contract.conductor.rig import rig as new_rig

DAY = 86_400
LONG = 25.0
"""Seconds; HELICS' own time barrier kept a federation from going on after some 20."""


def models(pace: str = "0") -> list[Quick]:
    """Two that publish, one of them in steps that take `pace` seconds, and one that follows."""
    slow = {"QUICK_FAULT": "slow_step", "QUICK_FAULT_VALUE": pace}
    other = producer("pv-2", "old", QUICK_PUBLISH="other:kW", QUICK_PERIOD="1800")
    return [producer("pv-1", **slow), other, consumer("home-1")]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The points of a day that nobody pauses."""
    with new_rig(tmp_path_factory.mktemp("undisturbed")) as rig:
        conductor = rig.run(models(), duration=DAY)
        assert conductor.rest()[-1] == {"event": "ended"}
        return {name: rig.points(name) for name in rig.models}


def test_a_run_goes_on_after_a_long_pause_as_if_there_had_been_none(
    tmp_path: Path, undisturbed: dict[str, list[str]]
) -> None:
    with new_rig(tmp_path) as rig:
        conductor = rig.run(models(), duration=DAY, pause_at=7200)
        assert conductor.until("paused")["simulated"] == 7200
        time.sleep(LONG)  # the pause itself
        conductor.ask("resume")
        assert conductor.rest(20)[-1] == {"event": "ended"}
        assert conductor.ended() == 0
        assert {m: p.ended() for m, p in rig.models.items()} == dict.fromkeys(rig.models, 0)
        assert {name: rig.points(name) for name in rig.models} == undisturbed


def test_nobody_works_while_a_run_is_paused(tmp_path: Path) -> None:
    with new_rig(tmp_path) as rig:
        conductor = rig.run(models(), duration=DAY, pause_at=7200)
        conductor.until("paused")
        processes = [psutil.Process(p.popen.pid) for p in [conductor, *rig.models.values()]]
        before = [sum(p.cpu_times()[:2]) for p in processes]
        time.sleep(2.0)  # the time over which is measured
        spent = [sum(p.cpu_times()[:2]) - b for p, b in zip(processes, before, strict=True)]
        assert max(spent) < 0.3, spent


def test_a_run_can_pause_again_and_again(tmp_path: Path, undisturbed: dict[str, list[str]]) -> None:
    with new_rig(tmp_path) as rig:
        conductor = rig.run(models("0.05"), duration=DAY)
        for _ in range(10):
            conductor.until("progress")
            conductor.ask("pause")
            reached = conductor.until("paused", 10)["simulated"]
            assert reached % 900 == 0
            conductor.ask("resume")
            conductor.until("resumed", 10)
            conductor.ask("pause")
            again = conductor.until("paused", 10)["simulated"]
            assert reached <= again <= reached + 1800
            reached = again
            conductor.ask("resume")
        assert conductor.rest()[-1] == {"event": "ended"}
        assert {name: rig.points(name) for name in rig.models} == undisturbed


def test_after_a_stop_all_have_results_up_to_the_time_that_was_told(tmp_path: Path) -> None:
    with new_rig(tmp_path) as rig:
        conductor = rig.run(models("0.02"), duration=DAY)
        conductor.until("progress", where=lambda e: e["simulated"] >= 9000)
        conductor.ask("stop")
        stopped = conductor.until("stopped", 10)
        assert stopped["quiet"] is True
        assert conductor.ended() == 0
        assert max(e["simulated"] for e in conductor.all("progress")) <= stopped["simulated"]
        assert {m: p.ended() for m, p in rig.models.items()} == dict.fromkeys(rig.models, 0)
        for name, period in (("pv-1", 900), ("pv-2", 1800), ("home-1", 900)):
            last = max(int(line.rsplit(" ", 1)[1]) for line in rig.points(name)) - 1704067200
            assert last == stopped["simulated"] // period * period
