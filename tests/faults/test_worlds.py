"""Runs in unfriendly surroundings, beside other runs, and cut in two by a pause."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Runs, events_so_far
from tests.support import processes, quick
from tests.support.processes import wait_for
from tests.support.quick import HOUSE, PV, THREE, WEATHER, with_fault

SLOW = with_fault(HOUSE, "slow_step", value=0.25)


def exported(runs: Runs, run_id: str, folder: Path) -> dict[str, str]:
    """The CSVs of a run by ESDL type, without its id."""
    runs.run_dots("export", run_id, "-o", folder, check=0)
    return {path.stem: path.read_text().replace(run_id, "RUN") for path in folder.glob("*.csv")}


def in_world(preparation: str, *dots: str | Path, timeout: float = 120) -> Any:
    """`dots` in a world of its own mounts, prepared by a shell script."""
    words = shlex.join([sys.executable, "-m", "dots_cli", *map(str, dots)])
    script = f"set -e\n{preparation}\nset +e\n{words}"
    return processes.run(
        ["unshare", "--mount", "sh", "-c", script], timeout=timeout, env=dict(os.environ)
    )


@pytest.mark.needs("small-disk", "index")
def test_a_scenario_and_services_in_a_read_only_folder_run(runs: Runs, tmp_path: Path) -> None:
    world = tmp_path / "read only"
    shutil.copytree(quick.SOURCE, world / "service", ignore=shutil.ignore_patterns("__pycache__"))
    there = {"source": str(world / "service")}
    scenario = quick.write(world, [replace(service, more=there) for service in THREE])
    before = sorted(world.rglob("*"))
    quoted = shlex.quote(str(world))
    sealed = f"mount --bind {quoted} {quoted}\nmount -o remount,bind,ro {quoted}\ncd {quoted}"
    done = in_world(f"{sealed}\n! touch nothing 2>/dev/null", "run", scenario)
    assert done.returncode == 0, done.stderr
    assert sorted(world.rglob("*")) == before


@pytest.mark.needs("small-disk")
def test_a_disk_that_is_full_before_the_run_is_said_at_once(
    runs: Runs, dots_home: Path, tmp_path: Path
) -> None:
    scenario = quick.write(tmp_path, THREE)
    done = in_world(full(dots_home, 300), "run", scenario)
    assert done.returncode == 4, done.stderr
    assert "cannot write the run's folder" in done.stderr
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def full(home: Path, kilobytes: int, left: int = 0) -> str:
    """A small disk at `home`, full but for `left` kilobytes."""
    there = shlex.quote(str(home))
    return (
        f"mkdir -p {there}\nmount -t tmpfs -o size={kilobytes}k none {there}\n"
        f"dd if=/dev/zero of={there}/ballast bs=1k count={kilobytes - left} 2>/dev/null || true"
    )


@pytest.mark.needs("small-disk")
@pytest.mark.parametrize("left", [100, 300])
def test_a_disk_that_fills_up_during_the_run_ends_it_with_that_cause(
    runs: Runs, dots_home: Path, tmp_path: Path, left: int
) -> None:
    """With little room it is the supervisor that meets the end of it, else a model's log."""
    noisy = with_fault(HOUSE, "flood", value=2000)
    scenario = quick.write(tmp_path, [WEATHER, PV, noisy], duration="24h")
    keep = tmp_path / "kept"
    script = full(dots_home, 1000, left)
    words = shlex.join([sys.executable, "-m", "dots_cli", "run", str(scenario)])
    there = shlex.quote(str(dots_home))
    done = processes.run(
        [
            *("unshare", "--mount", "sh", "-c"),
            f"{script}\n{words}\ncode=$?\ncp -r {there}/runs {shlex.quote(str(keep))}\nexit $code",
        ],
        timeout=120,
        env=dict(os.environ),
    )
    assert done.returncode == 4, done.stderr
    (verdict,) = keep.glob("*/verdict.json")
    said = json.loads(verdict.read_text())
    assert (said["verdict"], said["cause"], said["exit_code"]) == ("failed", "environment", 4)
    assert "cannot write to" in said["message"]
    assert "free space" in said["message"]
    for log in keep.glob("*/logs/supervisor.log"):
        assert "Traceback" not in log.read_text()


def test_a_run_that_is_paused_has_the_same_results_as_one_that_is_not(
    runs: Runs, tmp_path: Path
) -> None:
    """`--until`, then `dots pause` in the middle of what is left; a variable and a limit too."""
    scenario = quick.write(tmp_path, [WEATHER, PV, SLOW], duration="8h")
    folder = runs.detach(
        scenario, "--until", "1h", "--set", "house.QUICK_SAYS=hello", "--limit-run", "10h"
    )
    assert runs.wait_for_event(folder, "paused")["simulated"] == 3600
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["limits"]["run"] == 36_000
    house = next(c for c in plan["containers"] if c["name"] == "house-1")
    assert "hello" in json.dumps(house["environment"])
    runs.run_dots("resume", folder.name, check=0)
    wait_for(lambda: simulated(folder) > 3600, 30, "time to go on")
    runs.run_dots("pause", folder.name, check=0)
    stands = simulated(folder)
    assert 3600 < stands < 28_800
    runs.run_dots("resume", folder.name, check=0)
    assert runs.wait_for_verdict(folder)["verdict"] == "succeeded"
    events = [event["event"] for event in quick.events_of(folder)]
    assert (events.count("paused"), events.count("resumed")) == (2, 2)
    plain = runs.run(quick.write(tmp_path / "plain", duration="8h"))
    assert plain.code == 0, plain.err
    assert plain.folder is not None
    paused = exported(runs, folder.name, tmp_path / "paused csv")
    assert paused == exported(runs, plain.folder.name, tmp_path / "plain csv")
    assert len(paused) == 3


def simulated(folder: Path) -> float:
    return max([0.0, *(e["simulated"] for e in events_so_far(folder) if "simulated" in e)])


def test_three_runs_at_once_do_not_meet(runs: Runs, tmp_path: Path) -> None:
    folders = [
        runs.detach(quick.write(tmp_path / f"{n}", [WEATHER, PV, SLOW], duration=duration))
        for n, duration in enumerate(("1h", "2h", "3h"))
    ]
    for folder in folders:
        assert runs.wait_for_verdict(folder)["verdict"] == "succeeded"
    blocks = [json.loads((folder / "conductor.json").read_text()) for folder in folders]
    ranges = [range(b["port"], b["port"] + b["ports"]) for b in blocks]
    for one, other in itertools.combinations(ranges, 2):
        assert not set(one) & set(other)
    rows = []
    for folder in folders:
        runs.run_dots("export", folder.name, "-o", tmp_path / folder.name, check=0)
        text = (tmp_path / folder.name / "PVInstallation.csv").read_text().splitlines()[1:]
        assert all(folder.name in line for line in text)
        rows.append(len(text))
    assert rows[0] < rows[1] < rows[2]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_forty_runs_two_at_a_time_all_succeed(runs: Runs, tmp_path: Path) -> None:
    scenario = quick.write(tmp_path, duration=3600)
    runs.run(scenario)  # so that no run has to wait for environments

    def one(_: int) -> str:
        done = runs.run_dots("run", scenario, timeout=200)
        return "" if done.returncode == 0 else f"{done.returncode}: {done.stderr[-2000:]}"

    with ThreadPoolExecutor(2) as pool:
        failures = [told for told in pool.map(one, range(40)) if told]
    assert not failures, "\n\n".join(failures)
