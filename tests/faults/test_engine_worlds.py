"""What hurts an engine, done to one of the test's own: restarted, out of networks, out of disk."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dots_cli.render.conductor_image import conductor_image, write_context
from dots_cli.render.run_folder import data_home
from dots_cli.runtime.containers import cleanup, platform, whereabouts
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import EngineFailure, NoNetworkLeft, Project
from dots_cli.runtime.engine_probe import where_to_ask
from tests.contract.conftest import Runs, events_so_far
from tests.support import containers, quick
from tests.support.acting import make_run
from tests.support.containers import docker
from tests.support.engine import BASE, OwnEngine, own_engine
from tests.support.images import quick_image
from tests.support.processes import wait_for
from tests.support.quick import HOUSE, PV, WEATHER, with_fault

pytestmark = [pytest.mark.needs("docker", "images"), pytest.mark.slow]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnEngine]:
    """With room for three networks."""
    with own_engine("--default-address-pool", "base=10.222.0.0/24,size=26") as own:
        monkeypatch.setenv("DOCKER_HOST", own.address)
        yield own


def scenario_without_store(folder: Path) -> Path:
    """Long, and with a store that nobody asks before the end."""
    slow = with_fault(HOUSE, "slow_step", value=0.2)
    scenario = quick.write(folder, [WEATHER, PV, slow], duration="1d")
    path = folder / "scenario.services.yaml"
    definition = yaml.safe_load(path.read_text(encoding="utf-8"))
    definition["store"] = {"url": "http://10.222.0.250:8086"}
    path.write_text(yaml.safe_dump(definition), encoding="utf-8")
    containers.give_images(scenario)
    return scenario


def take_images(engine: OwnEngine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the models and of the conductor, made on the machine's engine."""
    monkeypatch.delenv("DOCKER_HOST")
    conductor = conductor_image()
    if docker("image", "inspect", conductor).returncode != 0:
        write_context(folder)
        assert docker("build", "-q", "-t", conductor, str(folder), timeout=600).returncode == 0
    for image in (quick_image(), conductor):
        engine.take(image)
    monkeypatch.setenv("DOCKER_HOST", engine.address)


def test_a_run_out_of_networks_and_then_out_of_its_engine(
    engine: OwnEngine,
    dots_home: Path,
    run_dots: Callable[..., Any],
    start_dots: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_images(engine, tmp_path / "conductor", monkeypatch)
    runs = Runs("docker", dots_home, run_dots, start_dots)
    # Every network is somebody else's.
    count = 0
    while engine.docker("network", "create", f"others-{count}").returncode == 0:
        count += 1
    outcome = runs.run(scenario_without_store(tmp_path / "first"))
    assert outcome.code == 4, outcome.err
    assert "every address range for networks is in use" in outcome.verdict["message"]
    assert "docker network ls" in outcome.verdict["message"]
    kept = engine.docker("network", "ls", "--filter", "name=others", "-q").stdout.split()
    assert len(kept) == count, "what is not ours stays"

    # One is free, then a run that has ended holds it, and gives it back.
    assert engine.docker("network", "rm", "others-0").returncode == 0
    ended = runs.detach(scenario_without_store(tmp_path / "second"))
    wait_until_started(ended)
    run_dots("stop", ended.name)
    runs.wait_for_verdict(ended)
    wait_for(lambda: networks(engine, ended.name), 5, "the ended run still has its network")
    made = runs.detach(scenario_without_store(tmp_path / "third"))
    wait_until_started(made)
    assert not networks(engine, ended.name)
    assert networks(engine, made.name)

    # And its engine goes away in the middle.
    engine.stop()
    engine.start()
    verdict = runs.wait_for_verdict(made, 60)
    assert verdict["verdict"] == "failed"
    assert verdict["exit_code"] in (5, 6), verdict
    elsewhere = {"DOCKER_HOST": ""}
    refused = run_dots("teardown", made.name, check=4, env=elsewhere)
    assert f"on another Docker engine, {engine.address}" in refused.stderr
    for run_id in (ended.name, made.name):
        run_dots("teardown", run_id, check=0)
    assert not engine.docker("ps", "-aq").stdout
    assert not networks(engine, made.name)


def wait_until_started(folder: Path) -> None:
    """Conductor and models run; this engine has no name service, so they never meet."""

    def started() -> bool:
        return sum(e["event"] == "process_started" for e in events_so_far(folder)) == 5

    wait_for(started, 60, f"every container of {folder.name} runs")


def networks(engine: OwnEngine, run_id: str) -> list[str]:
    found = engine.docker("network", "ls", "--filter", f"label=dots.run={run_id}", "-q")
    return found.stdout.split()


def test_networks_of_runs_that_go_on_are_not_given_back(
    engine: OwnEngine, dots_home: Path, tmp_path: Path
) -> None:
    from filelock import FileLock

    folder = tmp_path / "run"
    folder.mkdir()
    with Engine.connect() as connected:
        project = Project("dots-going", tmp_path)
        labels = {"dots.run": "going", cleanup.FOLDER_LABEL: str(folder)}
        with FileLock(folder / "supervisor.lock"):
            connected.ensure_network(project, "run", labels)
            assert cleanup.give_back_networks(connected) == 0
        for n in range(2):
            connected.ensure_network(Project(f"dots-other-{n}", tmp_path), "run")
        with pytest.raises(NoNetworkLeft):
            for n in range(9):
                connected.ensure_network(Project(f"dots-more-{n}", tmp_path), "run")
        assert cleanup.give_back_networks(connected) == 1


def test_what_another_engine_has_is_neither_forgotten_nor_locked_out(
    engine: OwnEngine, dots_home: Path, run_dots: Callable[..., Any]
) -> None:
    run = make_run("town-abc234")
    verdict = {"verdict": "failed", "cause": "supervisor", "message": "killed", "exit_code": 11}
    run.verdict.write_text(json.dumps(verdict))
    run.stack.mkdir()
    variables = run.stack / ".env"
    variables.touch()
    passwords = data_home() / "platform" / ".env"
    with Engine.connect() as connected:
        whereabouts.write_note(run.stack, connected.identity(), where_to_ask(os.environ))
        connected.ensure_network(Project("dots-town-abc234", run.stack), "run")
        platform.start(connected, [], run.stack, lambda _: None)
        volume = connected.ensure_volume(platform.project(), "influxdb-data")
        elsewhere = {"DOCKER_HOST": ""}
        refused = run_dots("teardown", "--volumes", check=4, env=elsewhere).stderr
        assert f"on another Docker engine, {engine.address}" in refused
        assert "on another engine" in refused
        assert variables.exists()
        assert passwords.exists()
        assert connected.networks(project="dots-town-abc234")
        run_dots("teardown", "--volumes", "--yes", check=0)
        assert not variables.exists()
        assert not passwords.exists()
        assert connected.networks(project="dots-town-abc234") == []
        assert volume not in connected.volumes()


@pytest.mark.needs("small-disk")
def test_a_disk_that_is_full_while_building_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700m", "none", str(data)]
    assert subprocess.run(mount, check=False).returncode == 0
    try:
        with own_engine("--data-root", str(data)) as own:
            own.take(BASE)
            monkeypatch.setenv("DOCKER_HOST", own.address)
            context = tmp_path / "context"
            context.mkdir()
            recipe = f"FROM {BASE}\nRUN head -c 900M /dev/zero > /full\n"
            (context / "Dockerfile").write_text(recipe)
            said: list[str] = []
            with Engine.connect() as engine, pytest.raises(EngineFailure) as error:
                engine.build(context, "dots-tests/full", None, {}, said.append)
            told = error.value.message + "\n".join(said)
            assert "No space left on device" in told or "no space left on device" in told
            assert "Free space" in error.value.hint
            own.docker("system", "df")
    finally:
        assert subprocess.run(["umount", str(data)], check=False).returncode == 0
