"""Models that a person starts: the run waits for them, sees them, and leaves them alone."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.contract.conftest import Runs, events_so_far
from tests.support import quick
from tests.support.processes import wait_for
from tests.support.quick import HOUSE, PV, WEATHER, with_fault

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the lines are for a POSIX shell")

SHORT = {"join": "1s", "step": "1s", "run": "4s"}


@contextmanager
def started(shell: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The line that was printed, pasted into a shell; `more` variables are those of the shell."""
    kept = ("PATH", "HOME", "DOTS_HOME")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    process = subprocess.Popen(
        ["sh", "-c", shell],
        env=environment | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """The shell and what it has started."""
    if process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        process.kill()
    process.wait()


def invited(runs: Runs, scenario: Path, *more: str) -> tuple[Path, dict[str, Any]]:
    folder = runs.detach(scenario, "--external", "house-1", *more)
    return folder, runs.wait_for_event(folder, "external")


def variables(env_file: str) -> dict[str, str]:
    """What a shell makes of the file."""
    script = f"set -a; . {shlex.quote(env_file)}; env -0"
    done = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=True)
    pairs = (item.partition("=") for item in done.stdout.split("\0") if item)
    return {name: value for name, _, value in pairs}


def test_it_is_waited_for_without_a_limit_and_its_results_count(runs: Runs, tmp_path: Path) -> None:
    slow = with_fault(HOUSE, "slow_step", at=7200, value=3)
    folder, told = invited(runs, quick.write(tmp_path, [WEATHER, PV, slow], limits=SHORT))
    assert stat.S_IMODE(Path(told["env_file"]).stat().st_mode) == 0o600
    assert Path(told["env_file"]) == folder / "external" / "house-1.env"
    always = Path(told["launch"]["envFile"])
    assert always == runs.home / "external" / "house-1.env"
    assert always.read_text() == Path(told["env_file"]).read_text()
    assert stat.S_IMODE(always.stat().st_mode) == 0o600
    given = variables(told["env_file"])
    assert given["model_id"] == "house-1"
    assert given["esdl_ids"] == "econnection-1;econnection-2"
    assert given["start_time"] == "2024-06-21 00:00:00"

    def waits_beyond_the_limit() -> bool:
        joining = [e for e in events_so_far(folder) if e["event"] == "joining"]
        return any(e["missing"] == ["house-1"] and e["waited"] >= 1 for e in joining)

    wait_for(waits_beyond_the_limit, 30, "the limit for joining to pass")
    state = json.loads(runs.run_dots("status", folder.name, "--json", check=0).stdout)
    assert state["missing"] == ["house-1"]
    assert {m["name"]: m["state"] for m in state["models"]}["house-1"] == "external"
    shown = runs.run_dots("status", folder.name, check=0).stdout
    assert told["shell"] in shown
    assert '"name": "dots: house-1"' in shown
    with started(told["shell"]) as process:
        verdict = runs.wait_for_verdict(folder)
        assert process.wait(10) == 0
    assert verdict["verdict"] == "succeeded", verdict
    assert not Path(told["env_file"]).exists()
    assert not always.exists()
    done = json.loads(runs.run_dots("results", folder.name, "--json", check=0).stdout)
    points = {row["esdl_type"]: row["points"] for row in done["results"]}
    assert points["EConnection"] == 16


def test_one_that_is_killed_in_the_middle_has_failed(runs: Runs, tmp_path: Path) -> None:
    slow = with_fault(HOUSE, "slow_step", value=0.5)
    folder, told = invited(runs, quick.write(tmp_path, [WEATHER, PV, slow], duration="12h"))
    with started(told["shell"]) as process:
        runs.wait_for_event(folder, "executing")
        wait_for(
            lambda: any(e.get("name") == "house-1" for e in events_so_far(folder)),
            *(10, "its process to be seen"),
        )
        kill(process)
        verdict = runs.wait_for_verdict(folder, 20)
    assert (verdict["verdict"], verdict["exit_code"], verdict["model"]) == ("failed", 5, "house-1")
    assert "before the simulated end" in verdict["message"]


def test_one_that_fails_before_it_joins_can_be_started_again(runs: Runs, tmp_path: Path) -> None:
    folder, told = invited(runs, quick.write(tmp_path, [WEATHER, PV, HOUSE]))
    first = told["shell"].replace("exec ", "QUICK_FAULT=never_join exec ", 1)
    with started(first):
        wait_for(
            lambda: any(e.get("name") == "house-1" for e in events_so_far(folder)),
            *(20, "its process to be seen"),
        )
    assert "start it again" in runs.wait_for_event(folder, "notice", 20)["message"]
    with started(told["shell"]):
        assert runs.wait_for_verdict(folder)["verdict"] == "succeeded"


def test_one_that_never_comes_is_waited_for_until_ctrl_c(runs: Runs, tmp_path: Path) -> None:
    scenario = quick.write(tmp_path, [WEATHER, PV, HOUSE], limits=SHORT)
    with runs.start(scenario, "--external", "house-1", "--external", "weather-1") as running:
        wait_for(lambda: runs.newest() is not None, 30, "the run's folder")
        folder = runs.newest()
        assert folder is not None
        for model in ("weather-1", "house-1"):
            wait_for(lambda m=model: f"{m} is yours to start" in running.stderr, 60, "invitations")
        for shell in (e["shell"] for e in events_so_far(folder) if e["event"] == "external"):
            wait_for(lambda s=shell: f"\n{s}\n" in running.stderr, 10, "it as it can be copied")
        running.interrupt()
        assert running.process.wait(30) == 130
    assert runs.wait_for_verdict(folder)["verdict"] == "stopped"
    assert not list((folder / "external").glob("*.env"))


def test_one_that_a_debugger_holds_when_the_run_is_stopped_is_left_alone(
    runs: Runs, tmp_path: Path
) -> None:
    hanging = with_fault(HOUSE, "hang", at=3600)
    folder, told = invited(runs, quick.write(tmp_path, [WEATHER, PV, hanging], limits=SHORT))
    with started(told["shell"]) as process:
        wait_for(
            lambda: any(
                e["event"] == "waiting" and e["waited"] > 2 and "house-1" in str(e["holders"])
                for e in events_so_far(folder)
            ),
            *(60, "the limit for a step to pass"),
        )
        runs.run_dots("stop", folder.name, "--now", check=0)
        assert runs.wait_for_verdict(folder)["verdict"] == "stopped"
        assert process.poll() is None


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--external", "hous-1"], "Did you mean 'house-1'?"),
        (["--external", "x"], "Its models are: weather-1, pv-1, pv-2, house-1."),
        (["--external", "pv-1", "--runtime", "docker"], "--external is for local processes"),
    ],
)
def test_what_cannot_be_external_is_said_before_anything_starts(
    runs: Runs, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    done = runs.run_dots("run", quick.write(tmp_path), *arguments, check=2)
    assert complaint in done.stderr
    assert runs.newest() is None
