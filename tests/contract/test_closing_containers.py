"""The runtime of containers while others do something, too: close it, or take its images' names."""

from __future__ import annotations

import queue
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from dots_cli.plan.model import ContainerSpec, Federation, Limits, Plan, Role, Simulation, StorePlan
from dots_cli.render.run_folder import RunFolder
from dots_cli.runtime.base import CouldNotGoOn, Message, PreparationDone, RunOptions
from dots_cli.runtime.containers import cleanup
from dots_cli.runtime.containers.docker_runtime import DockerRuntime
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import EngineFailure
from dots_cli.runtime.containers.images import Images
from dots_cli.runtime.guard_line import GuardLine
from tests.contract.conftest import Runs
from tests.support import processes, quick
from tests.support.containers import docker, inspect, needs_containers
from tests.support.images import quick_image
from tests.support.processes import wait_for
from tests.support.quick import HOUSE, PV, WEATHER

pytestmark = needs_containers


@pytest.fixture
def runtime() -> str:
    return "docker"


class NoGuard:
    """The test itself ends what is left."""

    def containers(self) -> None:
        """The run has containers."""


def sleeper(run_id: str, name: str, role: Role, image: str) -> ContainerSpec:
    return ContainerSpec(
        *(name, role, image),
        command=("sleep", "600"),
        networks=("run",),
        labels=(("dots.run", run_id), ("dots.role", role)),
    )


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[tuple[DockerRuntime, str]]:
    """A conductor and two models that only sleep, ready to be started; and the run's id."""
    with preparation(tmp_path, "python:3.13-slim") as (runtime, run_id, _):
        yield runtime, run_id


@contextmanager
def preparation(
    tmp_path: Path, image: str
) -> Iterator[tuple[DockerRuntime, str, Mapping[str, Any]]]:
    """The same, of an image; the run's record, too."""
    folder = RunFolder(tmp_path / f"test-{uuid.uuid4().hex[:10]}")
    (folder.path / "logs").mkdir(parents=True)
    folder.scenario.write_text("<esdl/>", encoding="utf-8")
    run_id = folder.run_id
    models = [sleeper(run_id, name, "model", image) for name in ("pv-1", "pv-2")]
    plan = Plan(
        format=1,
        run_id=run_id,
        scenario="run",
        runtime="docker",
        simulation=Simulation(datetime(2024, 1, 1), 3600, "info"),
        limits=Limits(),
        services=("pv",),
        models=(),
        federation=Federation((), None),
        store=StorePlan(None, "dots"),
        containers=(sleeper(run_id, "broker", "conductor", image), *models),
    )
    said: queue.SimpleQueue[Message] = queue.SimpleQueue()
    runtime = DockerRuntime(folder, plan, said.put, RunOptions(), cast("GuardLine", NoGuard()))
    runtime.prepare()
    try:
        while not isinstance(told := said.get(timeout=60), PreparationDone):
            pass
        assert told.error is None
        assert told.record is not None
        yield runtime, run_id, told.record
    finally:
        runtime.close()
        with Engine.connect() as engine:
            cleanup.remove_run(engine, run_id)


def test_models_that_wait_for_a_conductor_that_starts_are_not_started_after_a_stop(
    prepared: tuple[DockerRuntime, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, run_id = prepared
    starts, goes_on = threading.Event(), threading.Event()
    signalled: list[str] = []
    start, signal = Engine.start, Engine.signal

    def held(engine: Engine, ident: str) -> None:
        starts.set()
        goes_on.wait(60)
        start(engine, ident)

    def noted(engine: Engine, ident: str, name: str) -> None:
        signal(engine, ident, name)
        signalled.append(ident)

    monkeypatch.setattr(Engine, "start", held)
    monkeypatch.setattr(Engine, "signal", noted)
    runtime.start_federation()
    closing = threading.Thread(target=runtime.close)
    with Engine.connect() as engine:
        try:
            assert starts.wait(60)
            wait_for(lambda: len(engine.containers(run=run_id)) == 3, 60, "all are created")
            wait_for(lambda: len(runtime._snapshot()) == 3, 60, "all wait for the conductor")
            closing.start()
            wait_for(lambda: len(signalled) == 3, 60, "a signal misses each of them")
        finally:
            goes_on.set()
        closing.join(60)
        assert not closing.is_alive()
        assert not cleanup.running(engine, run_id)
        # Never started, but created: they stay for teardown.
        assert len(engine.containers(run=run_id)) == 3


def test_no_model_is_started_where_the_conductor_cannot_be(
    prepared: tuple[DockerRuntime, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, run_id = prepared
    said: queue.SimpleQueue[Message] = queue.SimpleQueue()
    started: list[str] = []

    def refused(engine: Engine, ident: str) -> None:
        started.append(ident)
        raise EngineFailure("the engine does not start it", "look into its log")

    monkeypatch.setattr(runtime, "_post", said.put)
    monkeypatch.setattr(Engine, "start", refused)
    runtime.start_federation()
    told = said.get(timeout=60)
    assert isinstance(told, CouldNotGoOn)
    runtime._workers.shutdown(wait=True)
    with Engine.connect() as engine:
        assert [c.service for c in engine.containers(run=run_id) if c.id in started] == ["broker"]
    assert len(started) == 1
    assert not runtime._snapshot()


def test_containers_are_made_of_the_images_that_were_made_ready_whoever_has_their_names(
    tmp_path: Path,
) -> None:
    image = f"dots-tests/taken:{uuid.uuid4().hex[:12]}"
    assert docker("tag", "python:3.13-slim", image).returncode == 0
    try:
        with preparation(tmp_path, image) as (runtime, run_id, record), Engine.connect() as engine:
            # As the build of another run does, from sources that were changed meanwhile.
            assert docker("tag", quick_image(), image).returncode == 0
            runtime.start_federation()
            wait_for(lambda: len(cleanup.running(engine, run_id)) == 3, 60, "all run")
            made_of = {inspect(c.id)["Image"] for c in engine.containers(run=run_id)}
            assert image not in {c.image for c in engine.containers(run=run_id)}
        assert made_of == {record["images"][image]["id"]}
        assert made_of == {inspect("python:3.13-slim")["Id"]}
    finally:
        docker("rmi", image)


def test_where_nobody_took_it_a_container_shows_the_name_of_its_image(
    prepared: tuple[DockerRuntime, str],
) -> None:
    runtime, run_id = prepared
    runtime.start_federation()
    with Engine.connect() as engine:
        wait_for(lambda: len(cleanup.running(engine, run_id)) == 3, 60, "all run")
        assert {c.image for c in engine.containers(run=run_id)} == {"python:3.13-slim"}


def test_a_run_that_is_stopped_while_a_registry_says_nothing_leaves_no_process(
    runs: Runs, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        image = f"127.0.0.1:{silent.getsockname()[1]}/pv:1"
        missing = quick.Quick(**{**vars(PV), "more": {"image": image}})
        folder = runs.detach(quick.write(tmp_path, [WEATHER, missing, HOUSE]))
        silent.settimeout(60)
        asked, _ = silent.accept()
        with asked:
            supervisor = processes.owner(folder, "supervise")
            runs.run_dots("stop", folder.name, check=0)
            assert runs.wait_for_verdict(folder)["verdict"] == "stopped"
            supervisor.wait(10)


def test_a_pull_ends_with_the_next_word_of_the_registry_once_it_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def endless(
        engine: Engine, name: str, platform: str | None, tell: Callable[[str], None]
    ) -> None:
        for number in range(1000):
            said.append(f"layer {number}")
            if number == 3:
                made.cancel()
            tell(said[-1])

    monkeypatch.setattr(Engine, "pull", endless)
    with Engine.connect() as engine:
        made = Images(
            *(engine, tmp_path, lambda _: None, lambda spec: spec.name),
            cast("GuardLine", NoGuard()),
            offline=False,
        )
        with pytest.raises(EngineFailure, match="the preparation was stopped"):
            made.ensure([ContainerSpec("pv-1", "model", "registry.invalid/endless:1")])
    assert len(said) == 4
