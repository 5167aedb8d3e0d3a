"""Bad input and bad worlds of runs in containers: what is said, the exit code, what is left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dots_cli.plan.model import ContainerSpec
from dots_cli.runtime.containers import cleanup
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Project, Taken
from tests.contract.conftest import Runs, events_so_far
from tests.support import ROOT, containers, images, processes, quick
from tests.support.containers import docker, needs_containers
from tests.support.processes import wait_for
from tests.support.quick import HOUSE, PV, WEATHER, with_fault

pytestmark = needs_containers


@pytest.fixture
def runtime() -> str:
    return "docker"


def slow_run(runs: Runs, folder: Path) -> tuple[Path, str]:
    """A run that simulates for a long time, once it does; its folder and id."""
    slow = with_fault(HOUSE, "slow_step", value=0.2)
    made = runs.detach(quick.write(folder, [WEATHER, PV, slow], duration="1d"))
    runs.wait_for_event(made, "progress", 60)
    return made, made.name


def still_running(run_id: str) -> list[str]:
    label = f"label=dots.run={run_id}"
    return containers.docker_lines("ps", "--filter", label, "--format", "{{.Names}}")


def test_a_stop_after_the_simulated_end_waits_for_who_still_writes(
    runs: Runs, tmp_path: Path
) -> None:
    late = with_fault(HOUSE, "slow_write", value=3)
    folder = runs.detach(quick.write(tmp_path, [WEATHER, PV, late]))

    def conductor_has_left() -> bool:
        ended = [e["name"] for e in events_so_far(folder) if e["event"] == "process_ended"]
        return "broker" in ended

    wait_for(conductor_has_left, 60, "the conductor to have left")
    assert "succeeded" in runs.run_dots("stop", folder.name, check=0).stdout
    assert [e["reason"] for e in events_so_far(folder) if e["event"] == "stopping"]
    assert "wrote " in (folder / "logs" / "house-1.log").read_text(encoding="utf-8")


# The engine


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("unix:///nowhere/docker.sock", "no Docker engine answers at unix:///nowhere/docker.sock"),
        ("tcp://nowhere.invalid:2375", "there is no such host: tcp://nowhere.invalid:2375"),
        ("nonsense", "nonsense"),
    ],
)
def test_no_engine_is_an_environment_failure_that_says_what_to_do(
    run_dots: Callable[..., Any], dots_home: Path, tmp_path: Path, address: str, said: str
) -> None:
    scenario = quick.write(tmp_path)
    containers.give_images(scenario)
    done = run_dots("run", scenario, "--runtime", "docker", env={"DOCKER_HOST": address}, check=4)
    assert said in done.stderr
    assert "DOCKER_HOST" in done.stderr
    assert not list((dots_home / "runs").glob("*/logs/pv-1.log"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_user_who_may_not_use_the_engine_is_told_how_to(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from dots_cli.runtime.containers.engine import Engine\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: Engine.connect()\n"
        "except Exception as error: print(type(error).__name__, error, error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert "no permission on" in done.stdout, done.stdout + done.stderr
    assert "usermod" in done.stdout


# Images


def test_every_image_that_is_missing_is_named_before_anything_starts(
    runs: Runs, tmp_path: Path
) -> None:
    missing = [
        quick.Quick(**{**vars(one), "more": {"image": f"registry.invalid/{one.name}:1"}})
        for one in (WEATHER, PV)
    ]
    outcome = runs.run(quick.write(tmp_path, [*missing, HOUSE]))
    assert outcome.code == 4, outcome.err
    for name in ("registry.invalid/weather:1", "registry.invalid/pv:1"):
        assert name in outcome.verdict["message"]
    assert not outcome.events("process_started")


def test_offline_fetches_nothing(runs: Runs, tmp_path: Path) -> None:
    missing = quick.Quick(**{**vars(PV), "more": {"image": "registry.invalid/pv:1"}})
    outcome = runs.run(quick.write(tmp_path, [WEATHER, missing, HOUSE]), "--offline")
    assert outcome.code == 4, outcome.err
    assert "--offline" in outcome.verdict["message"]


def test_a_dockerfile_that_fails_shows_its_output(runs: Runs, tmp_path: Path) -> None:
    source = images.quick_source(tmp_path / "source")
    (source / "Dockerfile").write_text("FROM python:3.13-slim\nRUN echo so far; exit 7\n")
    scenario = quick.write(tmp_path)
    path = tmp_path / "scenario.services.yaml"
    definition = yaml.safe_load(path.read_text(encoding="utf-8"))
    definition["services"][1]["source"] = str(source)
    path.write_text(yaml.safe_dump(definition), encoding="utf-8")
    outcome = runs.run(scenario)
    assert outcome.code == 4, outcome.err
    assert "so far" in outcome.verdict["message"]
    assert "pv: the image of" in outcome.verdict["message"]
    assert not outcome.events("process_started")


# Containers


def test_a_name_that_another_container_has_is_left_to_it(tmp_path: Path) -> None:
    with Engine.connect() as engine:
        project = Project(f"dots-test-{os.urandom(5).hex()}", tmp_path)
        taken = f"{project.name}-pv-1-1"
        assert docker("create", "--name", taken, "python:3.13-slim").returncode == 0
        try:
            networks = {"run": engine.ensure_network(project, "run")}
            spec = ContainerSpec("pv-1", "model", "python:3.13-slim", networks=("run",))
            with pytest.raises(Taken, match=f"{taken} is taken by another container") as error:
                engine.create(spec, project, {}, lambda _: b"", networks)
            assert "docker rm" in error.value.hint
            assert docker("inspect", taken).returncode == 0
        finally:
            docker("rm", "--force", taken)
            cleanup.remove_run(engine, project.name.removeprefix("dots-"))


def test_a_model_over_its_memory_limit_was_killed_for_that(runs: Runs, tmp_path: Path) -> None:
    greedy = quick.Quick(
        **{**vars(HOUSE), "more": {"image": greedy_image(), "memory": "64MB"}, "env": {}}
    )
    outcome = runs.run(quick.write(tmp_path, [WEATHER, PV, greedy]))
    assert (outcome.code, outcome.verdict["model"]) == (5, "house-1"), outcome.err
    assert "house-1 was killed: out of memory, limit 6" in outcome.verdict["message"]


def greedy_image() -> str:
    """Takes memory until it is killed."""
    program = "x = [b'x' * n for n in range(9**9)]"
    recipe = f'FROM python:3.13-slim\nCMD ["python3", "-c", "{program}"]\n'
    done = subprocess.run(
        ["docker", "build", "-q", "-t", "dots-tests/greedy", "-"],
        input=recipe,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return "dots-tests/greedy"


def test_a_model_that_is_killed_from_outside_is_named_at_once(runs: Runs, tmp_path: Path) -> None:
    folder, run_id = slow_run(runs, tmp_path)
    assert docker("kill", f"dots-{run_id}-pv-2-1").returncode == 0
    verdict = runs.wait_for_verdict(folder, 20)
    assert (verdict["model"], verdict["exit_code"]) == ("pv-2", 5)
    assert "pv-2 was killed (SIGKILL)" in verdict["message"]
    assert not still_running(run_id)


def test_the_conductors_death_is_its_own_verdict(runs: Runs, tmp_path: Path) -> None:
    folder, run_id = slow_run(runs, tmp_path)
    assert docker("rm", "-f", f"dots-{run_id}-broker-1").returncode == 0
    verdict = runs.wait_for_verdict(folder, 20)
    assert verdict["exit_code"] == 6, verdict
    wait_for(lambda: not still_running(run_id), 10, "no container runs")


def test_a_polite_stop_keeps_what_was_simulated(runs: Runs, tmp_path: Path) -> None:
    folder, run_id = slow_run(runs, tmp_path)
    runs.run_dots("stop", run_id, check=0)
    assert runs.wait_for_verdict(folder)["verdict"] == "stopped"
    told = runs.run_dots("results", run_id, check=0)
    assert "PVInstallation" in told.stdout
    ends = [e for e in events_so_far(folder) if e["event"] == "process_ended"]
    # The conductor is not waited for: HELICS can take seconds to close.
    codes = {e["name"]: e["code"] for e in ends if e["role"] == "model"}
    assert codes == dict.fromkeys(["weather-1", "pv-1", "pv-2", "house-1"], 0)
    assert not still_running(run_id)
    plain = runs.run_dots("logs", "pv-1", "--run", run_id, check=0).stdout.splitlines()
    timed = runs.run_dots("logs", "pv-1", "--run", run_id, "--timestamps", check=0)
    times, texts = zip(*(line.split(" ", 1) for line in timed.stdout.splitlines()), strict=True)
    assert list(texts) == plain
    assert all(len(at) == len("2024-06-21T12:00:00.123456789Z") for at in times)


# Who owns the run


def test_when_the_supervisor_is_killed_the_guard_ends_the_containers(
    runs: Runs, tmp_path: Path
) -> None:
    folder, run_id = slow_run(runs, tmp_path)
    processes.owner(runs.home / "runs" / run_id, "supervise").kill()
    verdict = runs.wait_for_verdict(folder, 20)
    assert (verdict["cause"], verdict["exit_code"]) == ("supervisor", 11)
    assert not still_running(run_id)


def test_what_survives_supervisor_and_guard_is_shown_and_removed(
    runs: Runs, tmp_path: Path
) -> None:
    folder, run_id = slow_run(runs, tmp_path)
    guard = processes.owner(runs.home / "runs" / run_id, "guard")
    guard.suspend()
    processes.owner(runs.home / "runs" / run_id, "supervise").kill()
    guard.kill()
    wait_for(lambda: not guard.is_running() or guard.status() == "zombie", 5, "guard gone")
    assert still_running(run_id)
    wait_for(
        lambda: f"dots teardown {run_id}" in runs.run_dots("status", run_id).stdout,
        10,
        "status tells of it",
    )
    assert run_id in runs.run_dots("runs").stdout
    assert "teardown" in runs.run_dots("delete", run_id, "--yes", check=2).stderr
    runs.run_dots("teardown", run_id, check=0)
    assert not containers.of_run(run_id)
    assert not (folder / "stack" / ".env").exists()
    runs.run_dots("delete", run_id, "--yes", check=0)
