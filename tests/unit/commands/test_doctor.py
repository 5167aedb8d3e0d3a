"""`dots doctor` on machines that have everything, and on some that lack something."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dots_cli.app import app
from dots_cli.plan.model import ContainerSpec
from dots_cli.runs.findings import gigabytes
from dots_cli.runtime import engine_probe
from tests.support.acting import make_run
from tests.support.processes import wait_for

NOBODY = "unix:///nowhere/docker.sock"


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """That of all tests takes seconds to be looked through."""
    monkeypatch.setenv("DOTS_CACHE", str(tmp_path / "cache"))


def dots(*args: str) -> Result:
    return CliRunner().invoke(app, list(args))


def findings(result: Result) -> dict[str, dict[str, str]]:
    """By what they are about; the last of several."""
    return {found["about"]: found for found in json.loads(result.stdout)["findings"]}


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nobody has ever heard of Docker."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-settings"))
    for name in ("_SOCKET", "_PIPE"):
        monkeypatch.setattr(engine_probe, name, NOBODY)


@pytest.mark.usefixtures("no_docker")
def test_a_machine_without_docker_is_well() -> None:
    done = dots("doctor", "--json")
    assert (done.exit_code, json.loads(done.stdout)["ok"]) == (0, True)
    found = findings(done)
    assert found["engine"]["grade"] == "note"
    assert "no Docker engine answers" in found["engine"]["what"]
    assert "install and start Docker" in found["engine"]["hint"]
    assert found["uv"]["what"].startswith("uv ")
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in found["interpreters"]["what"]
    assert found["environments"]["grade"] in ("ok", "note")


def test_an_engine_that_was_named_and_does_not_answer_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    done = dots("doctor")
    assert done.exit_code == 4
    assert "tcp://127.0.0.1:1 (DOCKER_HOST): nothing listens there" in done.stdout
    assert "Correct or unset DOCKER_HOST" in done.stdout
    assert "1 problem found." in done.stderr


@pytest.mark.usefixtures("no_docker")
@pytest.mark.parametrize("home", ["", "home"])
def test_a_folder_that_cannot_be_written_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DOTS_HOME", str(tmp_path / "file" / home))
    done = dots("doctor", "--json")
    assert done.exit_code == 4
    found = findings(done)["runs"]
    assert (found["grade"], "DOTS_HOME" in found["hint"]) == ("problem", True)


@pytest.mark.usefixtures("no_docker")
def test_runs_that_lost_their_supervisor_are_named_with_what_to_do() -> None:
    assert findings(dots("doctor", "--json"))["leftovers"]["grade"] == "ok"
    make_run("lost-abc234", created=1.0).lock.touch()
    found = findings(dots("doctor", "--json"))["leftovers"]
    assert found["grade"] == "note"
    assert "lost-abc234" in found["what"]
    assert "dots teardown lost-abc234" in found["hint"]


@pytest.mark.needs("docker")
def test_the_engine_is_described_and_so_is_what_the_next_run_needs() -> None:
    from dots_cli.runtime.containers.engine import Engine

    with Engine.connect() as engine:
        info = engine.info()
    found = findings(dots("doctor", "--json"))
    assert found["engine"]["what"].startswith(f"Docker {info.version} (API {info.api_version})")
    assert info.address in found["engine"]["what"]
    assert found["memory"]["what"] == f"{gigabytes(info.memory)}, {info.cpus} processors"
    assert found["platform"]["what"] == "none yet: the first run in containers makes it"
    assert {"builder", "ports", "image"} <= found.keys()


@pytest.mark.needs("docker", "images")
def test_containers_that_outlive_their_run_are_named_with_what_to_do() -> None:
    from dots_cli.runtime.containers.engine import Engine
    from dots_cli.runtime.containers.facts import Project

    folder = make_run(f"ended-{uuid.uuid4().hex[:6]}")
    folder.lock.touch()
    spec = ContainerSpec(
        "pv-1",
        "model",
        image="python:3.13-slim",
        command=("sleep", "600"),
        labels=(("dots.run", folder.run_id), ("dots.role", "model")),
    )
    with Engine.connect() as engine:
        project = Project(f"dots-{folder.run_id}", folder.path)
        ident = engine.create(spec, project, {}, lambda _: b"", {})
        try:
            engine.start(ident)
            found = findings(dots("doctor", "--json"))["leftovers"]
            engine.kill(ident)
            wait_for(lambda: engine.inspect(ident).has_ended, 20, "its end")
            ended = findings(dots("doctor", "--json"))["leftovers"]
        finally:
            engine.remove(ident)
    assert found["grade"] == "note"
    assert folder.run_id in found["what"]
    assert found["hint"] == f"Clean up with: dots teardown {folder.run_id}"
    # Runs of other tests may be going on beside this one.
    assert ended["grade"] == "ok" or folder.run_id not in ended["what"]


@pytest.mark.needs("docker")
def test_networks_that_the_engine_holds_on_to_are_named() -> None:
    from dots_cli.runtime.containers.cleanup import FOLDER_LABEL
    from dots_cli.runtime.containers.engine import Engine
    from dots_cli.runtime.containers.facts import Project

    folder = make_run(f"torn-{uuid.uuid4().hex[:6]}")
    with Engine.connect() as engine:
        project = Project(f"dots-{folder.run_id}", folder.path)
        name = engine.ensure_network(project, "run", {FOLDER_LABEL: str(folder.path)})
        try:
            found = findings(dots("doctor", "--json"))["networks"]
        finally:
            engine.remove_network(name)
        assert "networks" not in findings(dots("doctor", "--json"))
    assert found["grade"] == "note"
    assert folder.run_id in found["what"]
    assert "docker network prune" in found["hint"]
