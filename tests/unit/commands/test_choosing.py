from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

import pytest

from dots_cli.commands.choosing import choose, missing_images
from dots_cli.definition import Definition, Scenario, Service
from dots_cli.definition.model import EsdlObject, LimitSettings, StoreSettings
from dots_cli.errors import EnvironmentFailure, UsageError
from dots_cli.plan.build import build
from dots_cli.plan.containers import Stack
from dots_cli.runtime.engine_probe import Address, Answer

SCENARIO = Scenario(
    Path("town.esdl"), b"", tuple(EsdlObject(t, t.lower(), "", 1) for t in ("PV", "Wind"))
)
THERE = Answer(Address("unix:///docker.sock"))
NOBODY = Answer(Address("unix:///docker.sock"), "unix:///docker.sock: nothing listens there")
IMAGE = Service("pv", "PV", image="pv:1")


def definition(*services: Service) -> Definition:
    limits = LimitSettings()
    start = datetime(2024, 1, 1)
    return Definition(Path("s.yaml"), b"", start, 60, "info", limits, None, services)


@pytest.fixture
def folder(tmp_path: Path) -> Service:
    """A service with a source folder that has a Dockerfile."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return Service("wind", "Wind", source=tmp_path, command=("wind",))


def test_containers_are_taken_where_all_that_starts_fits_them(folder: Service) -> None:
    choice = choose("auto", SCENARIO, definition(IMAGE, folder), ask=lambda: THERE)
    assert choice.runtime == "docker"
    assert "a Docker engine answers" in choice.why
    assert "--runtime process" in choice.why


def test_a_service_without_image_and_dockerfile_makes_it_processes(
    folder: Service, tmp_path: Path
) -> None:
    bare = dataclasses.replace(folder, source=tmp_path / "bare")

    def never() -> Answer:
        raise AssertionError("nobody needs to be asked")

    choice = choose("auto", SCENARIO, definition(bare), ask=never)
    assert choice.runtime == "process"
    assert "'wind' has neither an image nor a Dockerfile" in choice.why


def test_what_is_not_started_does_not_count(folder: Service, tmp_path: Path) -> None:
    idle = Service("heat", "HeatPump", source=tmp_path / "bare")
    choice = choose("auto", SCENARIO, definition(folder, idle), ask=lambda: THERE)
    assert choice.runtime == "docker"


def test_without_an_engine_sources_run_as_processes_and_the_reason_is_told(
    folder: Service,
) -> None:
    both = dataclasses.replace(folder, image="wind:1")
    choice = choose("auto", SCENARIO, definition(both), ask=lambda: NOBODY)
    assert choice.runtime == "process"
    assert "unix:///docker.sock: nothing listens there" in choice.why


def test_images_alone_need_an_engine(folder: Service) -> None:
    with pytest.raises(EnvironmentFailure, match="'pv' has only an image, and no Docker") as error:
        choose("auto", SCENARIO, definition(IMAGE, folder), ask=lambda: NOBODY)
    assert "nothing listens there" in error.value.message
    assert "source:" in error.value.hint


def test_where_nothing_starts_images_alone_need_no_engine() -> None:
    choice = choose("auto", SCENARIO, definition(IMAGE), starts=False, ask=lambda: NOBODY)
    assert choice.runtime == "docker"


@pytest.mark.parametrize("wanted", ["docker", "process"])
def test_who_names_a_runtime_gets_it_without_a_word(wanted: str) -> None:
    choice = choose(wanted, SCENARIO, definition(IMAGE), ask=lambda: NOBODY)
    assert (choice.runtime, choice.why) == (wanted, "")


def test_an_unknown_runtime_is_refused() -> None:
    with pytest.raises(UsageError, match="cloud"):
        choose("cloud", SCENARIO, definition(IMAGE))


@pytest.mark.needs("docker", "images")
def test_images_that_are_missing_are_told_before_anything_waits_for_them(folder: Service) -> None:
    nowhere = dataclasses.replace(IMAGE, image="registry.invalid/pv:none")
    here = dataclasses.replace(IMAGE, image="python:3.13-slim")
    for service, told in ((nowhere, "1 to build and 1 to pull"), (here, "1 to build")):
        plan = build(
            SCENARIO,
            dataclasses.replace(definition(service, folder), store=StoreSettings("http://db")),
            run_id="town-abc234",
            runtime="docker",
            stack=Stack("python:3.13-slim", grafana=False),
        )
        assert missing_images(plan) == f"Images are missing, {told}: this once it may take minutes."


def test_a_wrong_address_of_the_engine_is_told_before_there_is_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    plan = build(SCENARIO, definition(IMAGE), run_id="town-abc234", runtime="docker")
    with pytest.raises(EnvironmentFailure, match=r"nowhere/docker.sock .*DOCKER_HOST"):
        missing_images(plan)
