"""What happens to runs in containers when their platform is hurt."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dots_cli.runtime.containers import platform
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Container
from tests.contract.conftest import Runs
from tests.support import quick
from tests.support.images import in_image
from tests.support.platforms import take_ports
from tests.support.processes import wait_for
from tests.support.quick import with_fault

pytestmark = [pytest.mark.needs("docker", "images", "influxdb-image", "grafana-stand-in")]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine.connect() as engine:
        yield engine


@pytest.fixture
def boxed(
    dots_home: Path, run_dots: Callable[..., Any], start_dots: Callable[..., Any], engine: Engine
) -> Iterator[Runs]:
    """Runs in containers, which are removed at the end."""
    take_ports(dots_home)
    runs = Runs("docker", dots_home, run_dots, start_dots)
    yield runs
    for folder in (dots_home / "runs").glob("[!.]*"):
        run_dots("teardown", folder.name)


def slow(folder: Path, steps: int, seconds: float = 0.2) -> Path:
    """A scenario in which every model takes so long for a step."""
    services = [
        in_image(with_fault(service, "slow_step", value=seconds)) for service in quick.THREE
    ]
    return quick.write(folder, services, duration=steps * 900)


def store(engine: Engine) -> Container:
    """The platform's InfluxDB."""
    found = platform.find(engine)
    assert found is not None
    assert found.store is not None
    return found.store


def test_a_run_whose_store_is_removed_fails_and_says_so(
    boxed: Runs, engine: Engine, tmp_path: Path
) -> None:
    folder = boxed.detach(slow(tmp_path, 1000), "--no-grafana")
    boxed.wait_for_event(folder, "executing", 120)
    engine.remove(store(engine).id)
    verdict = boxed.wait_for_verdict(folder)
    assert (verdict["verdict"], verdict["cause"], verdict["exit_code"]) == ("failed", "store", 7)
    assert verdict["message"] == "the store was removed"
    wait_for(lambda: not running(engine, folder), 60, "every container of the run has ended")
    # The next one starts it again, with the data that was there.
    done = boxed.run(slow(tmp_path / "next", 4, 0), "--no-grafana")
    assert (done.code, done.verdict["verdict"]) == (0, "succeeded")


def running(engine: Engine, folder: Path) -> list[Container]:
    return [c for c in engine.containers(run=folder.name) if not c.has_ended]


def test_a_store_that_is_killed_is_started_again_and_nothing_is_lost(
    boxed: Runs, engine: Engine, tmp_path: Path, run_dots: Callable[..., Any]
) -> None:
    folder = boxed.detach(slow(tmp_path, 20), "--no-grafana")
    boxed.wait_for_event(folder, "executing", 120)
    before = store(engine)
    engine.kill(before.id)
    notice = boxed.wait_for_event(folder, "notice")
    assert "InfluxDB had ended and runs again" in notice["message"]
    assert boxed.wait_for_verdict(folder)["verdict"] == "succeeded"
    after = store(engine)
    assert (after.id, after.ports) == (before.id, before.ports)
    found = json.loads(run_dots("results", folder.name, "--json", check=0).stdout)["results"]
    assert {field["points"] for field in found} == {20, 40}


def test_two_runs_at_once_share_it_and_their_results_are_apart(
    boxed: Runs, engine: Engine, tmp_path: Path, run_dots: Callable[..., Any]
) -> None:
    folders = [
        boxed.detach(slow(tmp_path / name, steps, 0), "--no-grafana")
        for name, steps in (("one", 10), ("two", 20))
    ]
    for folder in folders:
        assert boxed.wait_for_verdict(folder, 120)["verdict"] == "succeeded"
    found = platform.find(engine)
    assert found is not None
    assert len(found.containers) == 1
    points = []
    for folder in folders:
        told = json.loads(run_dots("results", folder.name, "--json", check=0).stdout)
        points.append({field["points"] for field in told["results"]})
    assert points == [{10, 20}, {20, 40}]


def test_a_run_that_meets_data_from_another_password_ends_before_any_model_starts(
    boxed: Runs, engine: Engine, tmp_path: Path
) -> None:
    scenario = slow(tmp_path, 4, 0)
    assert boxed.run(scenario, "--no-grafana").code == 0
    secrets = boxed.home / "platform" / ".env"
    right = secrets.read_text()
    secrets.write_text(right.replace("PASSWORD=", "PASSWORD=ab"))
    platform.remove(engine)
    done = boxed.run(scenario, "--no-grafana")
    assert done.code == 7
    assert "is from another password than the one in" in done.err + done.out
    assert "dots teardown --volumes" in done.err + done.out
    assert not done.events("executing")
    secrets.write_text(right)
    assert boxed.run(scenario, "--no-grafana").code == 0
