"""Whatever is killed in the middle of a run: the right verdict and name, and nothing left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.contract.conftest import Outcome, Runs, events_so_far
from tests.support import processes, quick
from tests.support.processes import owner, wait_for
from tests.support.quick import HOUSE, PV, WEATHER, with_fault

SLOW = with_fault(HOUSE, "slow_step", value=0.25)
SECONDS = 4.0
"""From a kill to the verdict: 2 s, and time for a loaded machine and for what is left to write."""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Takes 24 s when nobody interferes."""
    return quick.write(tmp_path, [WEATHER, PV, SLOW], duration="24h")


def simulating(runs: Runs, scenario: Path) -> Path:
    """A detached run whose simulated time moves."""
    folder = runs.detach(scenario)
    runs.wait_for_event(folder, "progress")
    return folder


def pid_of(runs: Runs, folder: Path, name: str) -> int:
    """The process of a model, of `broker` or of `store`."""
    for event in quick.events_of(folder):
        if event["event"] == "process_started" and event["name"] == name:
            return int(event["handle"])
    raise AssertionError(f"{name} was not started")


def verdict_after(runs: Runs, folder: Path, act: Callable[[], None]) -> dict[str, Any]:
    """The verdict, and that nothing is left of the run, neither processes nor open ports."""
    begin = time.monotonic()
    act()
    verdict = runs.wait_for_verdict(folder)
    assert time.monotonic() - begin < SECONDS + 3, "the verdict came late"
    wait_for(lambda: not processes.of_home(runs.home), 10, "everything to end")
    assert not listening(folder)
    events = quick.events_of(folder)
    ends = [event["at"] for event in events if event["event"] == "process_ended"]
    named = [event["at"] for event in events if event["event"] == "stopping"]
    assert not named or named[0] - ends[0] < 2, "it took long to see what happened"
    return verdict


def listening(folder: Path) -> set[int]:
    """Ports of the run's block on which somebody listens."""
    settings = folder / "conductor.json"
    if not settings.exists():
        return set()
    data = json.loads(settings.read_text())
    block = range(data["port"], data["port"] + data["ports"])
    open_ = {c.laddr.port for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    return open_ & set(block)


def kill(pid: int) -> Callable[[], None]:
    return lambda: os.kill(pid, signal.SIGKILL)


def test_a_killed_model(runs: Runs, scenario: Path) -> None:
    folder = simulating(runs, scenario)
    verdict = verdict_after(runs, folder, kill(pid_of(runs, folder, "pv-2")))
    assert (verdict["cause"], verdict["model"], verdict["exit_code"]) == ("model", "pv-2", 5)
    assert verdict["message"] == "pv-2 was killed (SIGKILL)"


def test_a_killed_conductor(runs: Runs, scenario: Path) -> None:
    folder = simulating(runs, scenario)
    verdict = verdict_after(runs, folder, kill(pid_of(runs, folder, "broker")))
    assert (verdict["cause"], verdict["exit_code"]) == ("conductor", 6)


def test_a_conductor_that_hangs(runs: Runs, tmp_path: Path) -> None:
    limits = {"step": "2s"}
    scenario = quick.write(tmp_path, [WEATHER, PV, SLOW], duration="24h", limits=limits)
    folder = simulating(runs, scenario)
    conductor = pid_of(runs, folder, "broker")
    os.kill(conductor, signal.SIGSTOP)
    verdict = runs.wait_for_verdict(folder)
    assert (verdict["cause"], verdict["exit_code"]) == ("conductor", 6)
    assert "has not said anything for" in verdict["message"]
    wait_for(lambda: not processes.of_home(runs.home), 10, "everything to end")


def test_a_killed_store(runs: Runs, scenario: Path) -> None:
    folder = simulating(runs, scenario)
    verdict = verdict_after(runs, folder, kill(pid_of(runs, folder, "store")))
    assert (verdict["cause"], verdict["exit_code"]) == ("store", 7)


def is_writing(folder: Path) -> bool:
    """Whether the slow model has left the federation: the others have, and have written."""
    logs = [(folder / "logs" / f"{name}.log") for name in ("weather-1", "pv-1", "pv-2")]
    return all("wrote " in log.read_text(encoding="utf-8") for log in logs)


EXPECTED = {
    "pv-1": ("model", 5),
    "house-1": ("model", 5),
    "broker": ("conductor", 6),
    "store": ("store", 7),
    "supervisor": ("supervisor", 11),
}


@pytest.mark.parametrize(
    ("fault", "event", "victim"),
    [
        ("slow_import", "joining", "pv-1"),
        ("slow_import", "joining", "broker"),
        ("slow_import", "joining", "store"),
        ("slow_import", "joining", "supervisor"),
        ("slow_leave", "dialect", "house-1"),
        ("slow_leave", "dialect", "broker"),
        ("slow_parse", "handed_out", "pv-1"),
        ("slow_parse", "handed_out", "broker"),
        ("slow_write", "simulation_ended", "house-1"),
        ("slow_write", "simulation_ended", "store"),
        ("slow_write", "simulation_ended", "supervisor"),
    ],
)
def test_a_kill_at_any_other_moment(
    runs: Runs, tmp_path: Path, fault: str, event: str, victim: str
) -> None:
    """While models join, take the ESDL, are between the phases, and write."""
    late = with_fault(HOUSE, fault, value=60)
    folder = runs.detach(quick.write(tmp_path, [WEATHER, PV, late]))
    runs.wait_for_event(folder, event)
    if fault == "slow_write":
        wait_for(lambda: is_writing(folder), 30, "all to have simulated their last step")
    pid = owner(runs.home).pid if victim == "supervisor" else pid_of(runs, folder, victim)
    verdict = verdict_after(runs, folder, kill(pid))
    assert (verdict["cause"], verdict["exit_code"]) == EXPECTED[victim], verdict
    assert verdict["model"] == (victim if victim.endswith("-1") else None)


def test_a_killed_supervisor(runs: Runs, scenario: Path) -> None:
    folder = simulating(runs, scenario)
    supervisor = owner(runs.home, "supervise")
    verdict = verdict_after(runs, folder, supervisor.kill)
    assert (verdict["cause"], verdict["exit_code"]) == ("supervisor", 11)
    assert runs.run_dots("attach", folder.name).returncode == 11


def test_a_killed_guard_is_replaced_and_the_run_goes_on(runs: Runs, scenario: Path) -> None:
    folder = simulating(runs, scenario)
    owner(runs.home, "guard").kill()
    runs.wait_for_event(folder, "notice")
    supervisor = owner(runs.home, "supervise")
    verdict = verdict_after(runs, folder, supervisor.kill)
    assert verdict["cause"] == "supervisor", "the new guard knows what the old one knew"


def test_a_killed_command_line_leaves_the_run_to_go_on(runs: Runs, tmp_path: Path) -> None:
    scenario = quick.write(tmp_path, [WEATHER, PV, SLOW], duration="3h")
    with runs.start(scenario) as running:
        wait_for(lambda: runs.newest() is not None, 30, "the run's folder")
        folder = runs.newest()
        assert folder is not None
        runs.wait_for_event(folder, "progress")
        running.process.kill()
        assert runs.wait_for_verdict(folder)["verdict"] == "succeeded"


def test_supervisor_and_guard_killed_together_are_found_and_removed(
    runs: Runs, scenario: Path
) -> None:
    folder = simulating(runs, scenario)
    guard = owner(runs.home, "guard")
    supervisor = owner(runs.home, "supervise")
    guard.suspend()
    supervisor.kill()
    guard.kill()
    status = runs.run_dots("status", folder.name)
    assert "lost" in status.stdout
    runs.run_dots("teardown", folder.name, check=0)
    wait_for(lambda: not processes.of_home(runs.home), 10, "everything to end")


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_to_the_command_line_stops_the_run_politely(
    runs: Runs, scenario: Path, number: signal.Signals, code: int, reason: str
) -> None:
    outcome = signalled(runs, scenario, number)
    assert outcome.code == code, outcome.err
    assert (outcome.verdict["verdict"], outcome.verdict["cause"]) == ("stopped", reason)
    ended = {event["name"]: event["code"] for event in outcome.events("process_ended")}
    assert {ended[name] for name in ("weather-1", "pv-1", "pv-2", "house-1")} == {0}


def test_a_signal_to_the_supervisor_stops_the_run_politely(runs: Runs, scenario: Path) -> None:
    folder = simulating(runs, scenario)
    owner(runs.home).send_signal(signal.SIGTERM)
    verdict = runs.wait_for_verdict(folder)
    assert (verdict["verdict"], verdict["exit_code"]) == ("stopped", 143)
    ended = {e["name"]: e["code"] for e in quick.events_of(folder) if e["event"] == "process_ended"}
    assert {ended[name] for name in ("weather-1", "pv-1", "pv-2", "house-1")} == {0}


def test_a_second_ctrl_c_ends_the_run_at_once(runs: Runs, tmp_path: Path) -> None:
    stuck = with_fault(HOUSE, "hang", at=3600)
    scenario = quick.write(tmp_path, [WEATHER, PV, stuck], duration="24h")
    outcome = signalled(runs, scenario, signal.SIGINT, twice=True)
    assert outcome.code == 130, outcome.err


def test_a_stop_after_the_simulated_end_waits_for_who_still_writes(
    runs: Runs, tmp_path: Path
) -> None:
    """Nothing of the results is missing then, and the verdict says so."""
    late = with_fault(HOUSE, "slow_write", value=3)
    folder = runs.detach(quick.write(tmp_path, [WEATHER, PV, late]))
    wait_until_only_house_writes(runs, folder)
    stopped = runs.run_dots("stop", folder.name, check=0)
    assert "succeeded" in stopped.stdout
    assert [e["reason"] for e in quick.events_of(folder) if e["event"] == "stopping"]
    assert "wrote " in (folder / "logs" / "house-1.log").read_text(encoding="utf-8")
    assert runs.wait_for_verdict(folder)["exit_code"] == 0


def test_a_stop_at_once_does_not_wait_for_who_still_writes(runs: Runs, tmp_path: Path) -> None:
    late = with_fault(HOUSE, "slow_write", value=60)
    folder = runs.detach(quick.write(tmp_path, [WEATHER, PV, late]))
    wait_until_only_house_writes(runs, folder)
    verdict = verdict_after(
        runs, folder, lambda: runs.run_dots("stop", folder.name, "--now", check=0)
    )
    assert (verdict["verdict"], verdict["exit_code"]) == ("stopped", 10)


def wait_until_only_house_writes(runs: Runs, folder: Path) -> None:
    def conductor_has_left() -> bool:
        ended = [e["name"] for e in events_so_far(folder) if e["event"] == "process_ended"]
        return "broker" in ended

    runs.wait_for_event(folder, "simulation_ended")
    wait_for(conductor_has_left, 30, "the conductor to have left")
    wait_for(lambda: is_writing(folder), 30, "the others to have written")


def test_a_closed_terminal_does_not_end_the_run(runs: Runs, tmp_path: Path) -> None:
    scenario = quick.write(tmp_path, [WEATHER, PV, SLOW], duration="3h")
    outcome = signalled(runs, scenario, signal.SIGHUP)
    assert outcome.folder is not None
    assert runs.wait_for_verdict(outcome.folder)["verdict"] == "succeeded"


def test_a_run_that_is_stopped_from_elsewhere_says_so(runs: Runs, scenario: Path) -> None:
    with runs.start(scenario) as running:
        folder = begun(runs)
        stopped = runs.run_dots("stop", folder.name)
        assert stopped.returncode == 0, stopped.stderr
        assert running.process.wait(20) == 10


def test_stopped_in_the_middle_every_type_has_rows_up_to_the_same_time(
    runs: Runs, scenario: Path, tmp_path: Path
) -> None:
    folder = simulating(runs, scenario)
    runs.run_dots("stop", folder.name, check=0)
    runs.run_dots("export", folder.name, "-o", tmp_path / "csv", check=0)
    ends = {
        path.stem: path.read_text().splitlines()[-1].split(",")[0]
        for path in (tmp_path / "csv").glob("*.csv")
    }
    assert set(ends) == {"EnvironmentalProfiles", "PVInstallation", "EConnection"}
    assert len(set(ends.values())) == 1, ends


def begun(runs: Runs) -> Path:
    wait_for(lambda: runs.newest() is not None, 30, "the run's folder")
    folder = runs.newest()
    assert folder is not None
    runs.wait_for_event(folder, "progress")
    return folder


def signalled(
    runs: Runs, scenario: Path, number: signal.Signals, *, twice: bool = False
) -> Outcome:
    with runs.start(scenario) as running:
        folder = begun(runs)
        running.process.send_signal(number)
        if twice:
            runs.wait_for_event(folder, "stopping")
            running.process.send_signal(number)
        try:
            code = running.process.wait(30)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running:\n{running.stderr}") from None
        return Outcome(code, running.stdout, running.stderr, folder)
