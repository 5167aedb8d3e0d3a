"""What a supervisor is given: nonsense, a folder that vanishes, early requests, crowds."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest

from dots_cli.render.run_folder import RunFolder
from dots_cli.runtime import control
from dots_cli.runtime.control import RequestKind
from dots_cli.runtime.launch import launch
from tests.contract.conftest import Runs
from tests.support import processes, quick
from tests.support.building import HeldService
from tests.support.processes import owner, wait_for
from tests.support.quick import HOUSE, PV, WEATHER, Quick, with_fault

SLOW = with_fault(HOUSE, "slow_step", value=0.25)


def pid_of(folder: Path, name: str) -> int:
    """The process of that name."""
    started = [e for e in quick.events_of(folder) if e["event"] == "process_started"]
    (found,) = [int(e["handle"]) for e in started if e["name"] == name]
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="writes into the conductor's pipe by /proc")
def test_nonsense_from_everybody_and_a_guard_that_hangs_do_no_harm(
    runs: Runs, tmp_path: Path
) -> None:
    folder = runs.detach(quick.write(tmp_path, [WEATHER, PV, SLOW], duration="2h"))
    guard = owner(runs.home, "guard")
    guard.suspend()
    for number, text in enumerate(["", "{", "[1]", '{"kind": "explode"}', '{"kind": 7}']):
        (folder / "control" / f"0000{number}.json").write_text(text)
    runs.wait_for_event(folder, "executing")
    say_as(pid_of(folder, "broker"), [b"BROKER STARTED", b"[]", b"7", b"null", b"\xff\x00", b""])
    say_as(pid_of(folder, "broker"), [b'{"event": []}', b'{"event": "joining", "phase": 1}'])
    assert runs.wait_for_verdict(folder)["verdict"] == "succeeded"
    wait_for(lambda: not processes.of_home(runs.home), 10, "everything to end")
    log = (folder / "logs" / "supervisor.log").read_text()
    assert "00003.json is no request" in log
    assert "broker said: BROKER STARTED" in log
    assert "Traceback" not in log


def say_as(pid: int, lines: list[bytes]) -> None:
    """Write lines where that process writes its own: into the pipe to its supervisor."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        flags = Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text().split()[3]
        writes = int(flags, 8) & os.O_ACCMODE == os.O_WRONLY
        if writes and str(descriptor.readlink()).startswith("pipe:"):
            with descriptor.open("wb", buffering=0) as pipe:
                pipe.write(b"\n".join([b"", *lines, b""]))
            return
    raise AssertionError("it has no pipe")


def test_a_run_whose_folder_is_removed_ends(runs: Runs, tmp_path: Path) -> None:
    with runs.start(quick.write(tmp_path, [WEATHER, PV, SLOW], duration="24h")) as running:
        wait_for(lambda: runs.newest() is not None, 30, "the run's folder")
        folder = runs.newest()
        assert folder is not None
        runs.wait_for_event(folder, "progress")
        shutil.rmtree(folder)
        wait_for(lambda: not others(runs, running.process.pid), 8, "the run to end")
        assert running.process.wait(20) == 11, running.stderr
        assert "gone" in running.stderr
    assert not folder.exists()


def others(runs: Runs, pid: int) -> list[psutil.Process]:
    return [p for p in processes.of_home(runs.home) if p.pid != pid]


@pytest.mark.needs("index")
def test_a_pause_asked_for_while_environments_are_built_is_kept(runs: Runs, tmp_path: Path) -> None:
    held = HeldService(tmp_path / "service")
    scenario = quick.write(tmp_path, [held.serves(WEATHER), PV, HOUSE])
    folder = RunFolder(runs.detach(scenario))
    held.wait_until_building()
    asked: list[RequestKind] = ["pause", "resume", "pause"]
    for kind in asked:
        control.send(folder, control.Request(kind))
    wait_for(lambda: not list(folder.control.iterdir()), 10, "the requests to be taken")
    held.release()
    runs.wait_for_event(folder.path, "paused")
    runs.wait_for_event(folder.path, "executing")
    assert not [e for e in quick.events_of(folder.path) if e["event"] == "progress"]
    runs.run_dots("resume", folder.run_id, check=0)
    assert runs.wait_for_verdict(folder.path)["verdict"] == "succeeded"


def test_a_fast_run_that_is_stopped_says_how_far_all_of_its_results_go(
    runs: Runs, tmp_path: Path
) -> None:
    folder = runs.detach(quick.write(tmp_path, [WEATHER, PV, HOUSE], duration="366d"))
    runs.wait_for_event(folder, "progress")
    runs.run_dots("stop", folder.name, check=0)
    assert runs.wait_for_verdict(folder)["verdict"] == "stopped"
    reached = json.loads(runs.run_dots("status", folder.name, "--json", check=0).stdout)[
        "simulated"
    ]
    assert reached > 0
    runs.run_dots("export", folder.name, "-o", tmp_path / "csv", check=0)
    last = (datetime(2024, 6, 21) + timedelta(seconds=reached)).isoformat()
    for esdl_type in ("EnvironmentalProfiles", "PVInstallation", "EConnection"):
        with (tmp_path / "csv" / f"{esdl_type}.csv").open(encoding="utf-8") as file:
            assert max(row["time"] for row in csv.DictReader(file)) == last


@pytest.mark.skipif(sys.platform == "win32", reason="sessions are POSIX")
@pytest.mark.parametrize("how", ["end", "stop", "kill the supervisor"])
def test_what_a_model_starts_outside_its_group_ends_with_the_run(
    runs: Runs, tmp_path: Path, how: str
) -> None:
    program = (
        "import runpy, subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True); "
        "runpy.run_module('quick', run_name='__main__')"
    )
    begetting = replace(WEATHER, more={"command": ["python", "-c", program]})
    slow = HOUSE if how == "end" else SLOW
    folder = runs.detach(quick.write(tmp_path, [begetting, PV, slow], duration="24h"))
    if how != "end":
        runs.wait_for_event(folder, "progress")
        assert processes.of_home(runs.home, lambda words: words[:1] == ["sleep"])
    if how == "stop":
        runs.run_dots("stop", folder.name, check=0)
    elif how != "end":
        owner(runs.home).kill()
    runs.wait_for_verdict(folder)
    wait_for(lambda: not processes.of_home(runs.home), 10, "everything to end")


def test_a_folder_that_cannot_be_taken_over_has_a_verdict_all_the_same(
    runs: Runs, tmp_path: Path
) -> None:
    """The supervisor fails before its first event: whoever started it must not wait for that."""
    folder = runs.detach(quick.write(tmp_path, [WEATHER], duration=900))
    runs.wait_for_verdict(folder)
    wait_for(lambda: not processes.of_home(runs.home), 10, "everything to end")
    for name in ("verdict.json", "events.jsonl", "supervisor.lock"):
        (folder / name).unlink()
    (folder / "events.jsonl").mkdir()
    begin = time.monotonic()
    launch(RunFolder(folder))
    assert time.monotonic() - begin < 10
    verdict = runs.wait_for_verdict(folder)
    assert (verdict["cause"], verdict["exit_code"]) == ("environment", 4)
    assert "cannot write to" in verdict["message"]


@pytest.mark.slow
def test_sixty_models_at_once(runs: Runs, tmp_path: Path) -> None:
    crowd = Quick(
        "pv",
        "PVInstallation",
        {**PV.env, "QUICK_PERIOD": "900"},
        objects=58,
        models=0,
        old=False,
    )
    scenario = quick.write(tmp_path, [WEATHER, crowd, HOUSE], duration=3600)
    outcome = runs.run(scenario, "--json", timeout=240)
    assert outcome.code == 0, outcome.err
    assert len({e["name"] for e in outcome.events("process_ended")}) == 62
    events = quick.events_of(outcome.folder) if outcome.folder else []
    at = {event["event"]: event["at"] for event in events}
    assert at["verdict_reached"] - at["process_ended"] < 2
