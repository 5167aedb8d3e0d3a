"""A service as one is published: a Git repository with a Dockerfile, run without Docker."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import quick
from tests.support.repositories import commit, repository

pytestmark = [pytest.mark.slow, pytest.mark.needs("git", "index")]

DOCKERFILE = """FROM python:3.9
ENV QUICK_PUBLISH=irradiance:W/m2 DATA=/app/data.txt
RUN apt-get install -y package-that-no-system-has
WORKDIR /app
COPY quick ./quick
COPY data/numbers.txt ./data.txt
COPY start.py ./
ENTRYPOINT python3 start.py
"""
START = """
import os, pathlib, runpy
assert pathlib.Path("data.txt").read_text() == "1 2 3"
assert os.environ["DATA"] == str(pathlib.Path("data.txt").resolve()), os.environ["DATA"]
pathlib.Path("written.txt").write_text("here")
runpy.run_module("quick", run_name="__main__")
"""


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = repository(tmp_path / "weather-service")
    files = {
        path.relative_to(quick.SOURCE).as_posix(): path.read_text(encoding="utf-8")
        for path in (quick.SOURCE / "quick").glob("*.py")
    }
    files["pyproject.toml"] = (quick.SOURCE / "pyproject.toml").read_text(encoding="utf-8")
    files |= {"Dockerfile": DOCKERFILE, "data/numbers.txt": "1 2 3", "start.py": START}
    commit(folder, files, tag="v1")
    return folder


def request(folder: Path, scenario: Path) -> Path:
    """A request whose ESDL is that scenario."""
    whole = {
        "start_date": "2024-06-21 00:00:00",
        "simulation_duration_in_seconds": 3600,
        "calculation_services": [
            {
                "esdl_type": "EnvironmentalProfiles",
                "calc_service_name": "weather",
                "service_image_url": "x",
            }
        ],
        "esdl_base64string": base64.b64encode(scenario.read_bytes()).decode(),
    }
    path = folder / "request.json"
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def test_a_request_runs_a_service_out_of_its_repository_as_it_stands(
    run_dots: Callable[..., Any], dots_home: Path, tmp_path: Path, origin: Path
) -> None:
    scenario = quick.write(tmp_path / "town", [quick.WEATHER], duration="1h")
    asked = request(tmp_path, scenario)
    definition = {
        "simulation": {"start": "2024-06-21", "duration": "1h"},
        "services": [
            {
                "name": "weather",
                "esdl_type": "EnvironmentalProfiles",
                "source": f"git+{origin.as_uri()}@v1",
            }
        ],
    }
    services = tmp_path / "services.yaml"
    services.write_text(yaml.safe_dump(definition), encoding="utf-8")
    cache = {"DOTS_CACHE": str(tmp_path / "cache")}
    options = ("--services", services, "--runtime", "process")
    done = run_dots("run", asked, *options, check=0, timeout=300, env=cache)
    assert "weather: runs `python start.py` in /app (Dockerfile:8)" in done.stderr
    assert "package-that-no-system-has" in done.stderr
    (run,) = (dots_home / "runs").iterdir()
    assert (run / "request.json").read_bytes() == asked.read_bytes()
    (recorded,) = json.loads((run / "record.json").read_text())["sources"].values()
    assert recorded["git"] == f"git+{origin.as_uri()}@v1"
    assert len(recorded["commit"]) == 40
    assert not (run / "work").exists()
    assert not list((tmp_path / "cache" / "sources").rglob("written.txt"))

    origin.rename(tmp_path / "gone")
    run_dots("run", asked, *options, "--offline", check=0, timeout=120, env=cache)


def test_old_models_with_no_number_end_the_run_with_the_place_to_write_it(
    run_dots: Callable[..., Any], tmp_path: Path
) -> None:
    service = quick.Quick(
        "weather", "EnvironmentalProfiles", quick.WEATHER.env, calculations=None, old=True
    )
    scenario = quick.write(tmp_path / "town", [service], duration="1h")
    text = scenario.with_name("scenario.services.yaml").read_text(encoding="utf-8")
    line = next(n for n, text in enumerate(text.splitlines(), 1) if text.startswith("- "))
    done = run_dots("run", scenario, "--runtime", "process", check=3, timeout=120)
    told = " ".join((done.stdout + done.stderr).split())
    assert "calculations: n" in told
    assert f"scenario.services.yaml:{line}" in told
