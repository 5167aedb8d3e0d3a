"""Runs in containers that write to a server of the user's own, on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from dots_cli.runtime.containers import platform
from dots_cli.runtime.containers.engine import Engine
from tests.support import quick, stores
from tests.support.images import in_image

pytestmark = pytest.mark.needs("influxdb", "images")
SECRET = {"STORE_SECRET": stores.PASSWORD}


@contextmanager
def scenario_with_store(folder: Path, host: str) -> Iterator[Path]:
    """A scenario whose definition names a real InfluxDB that listens at that address."""
    own = {"user": stores.USER, "password": "${STORE_SECRET}", "database": stores.DATABASE}
    with stores.influxdb(folder / "influxdb", host=host) as server:
        scenario = quick.write(folder / "run", [in_image(s) for s in quick.THREE], duration=3600)
        path = scenario.with_name("scenario.services.yaml")
        url = f"http://127.0.0.1:{server.port}"
        definition = yaml.safe_load(path.read_text()) | {"store": {"url": url} | own}
        path.write_text(yaml.safe_dump(definition))
        yield scenario


def test_containers_write_to_a_store_of_ones_own_and_start_no_platform(
    tmp_path: Path, run_dots: Any
) -> None:
    with scenario_with_store(tmp_path, "0.0.0.0") as scenario:
        try:
            run_dots("run", scenario, "--runtime", "docker", "--name", "x", env=SECRET, check=0)
            told = run_dots("results", "x", "--json", env=SECRET, check=0).stdout
            assert {field["points"] for field in json.loads(told)["results"]} == {4, 8}
            assert "which is not the platform's" in run_dots("open", "x", check=2).stderr
            with Engine.connect() as engine:
                assert platform.find(engine) is None
        finally:
            run_dots("teardown", "x")


def test_a_store_that_lets_no_container_in_is_said_before_anything_simulates(
    tmp_path: Path, run_dots: Any
) -> None:
    with scenario_with_store(tmp_path, "127.0.0.1") as scenario:
        try:
            done = run_dots("run", scenario, "--runtime", "docker", env=SECRET, check=7)
        finally:
            run_dots("teardown")
    assert "listens on 127.0.0.1 only: containers cannot reach it" in done.stderr
    assert "`--runtime process`" in done.stdout
    assert "simulating" not in done.stderr
