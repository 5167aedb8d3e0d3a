"""The smoke test: the example in containers, with the real InfluxDB and both dialects."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Dots
from tests.support import containers, two_houses
from tests.support.containers import docker, docker_lines
from tests.support.two_houses import EXAMPLE, NEW, OLD, SERVICES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.needs("docker", "images", "compose", "influxdb-image", "index"),
]

DIALECTS = {"weather": NEW, "pv": OLD, "household-connection": NEW}


@pytest.fixture
def platform(run_dots: Dots) -> Iterator[str]:
    """The name of this test's platform, which is removed at the end with all runs."""
    name = os.environ["DOTS_PLATFORM"]
    before = set(docker_lines("images", "--format", "{{.Repository}}:{{.Tag}}"))
    yield name
    run_dots("teardown", "--volumes", "--yes", check=0)
    project = f"label={containers.PROJECT}={name}"
    assert not docker_lines("ps", "-aq", "--filter", project)
    assert not docker_lines("volume", "ls", "-q", "--filter", project)
    made = set(docker_lines("images", "--format", "{{.Repository}}:{{.Tag}}")) - before
    for image in made:
        if image.startswith("dots-service/"):
            docker("image", "rm", image)


def test_the_example_in_containers_gives_the_same_values_as_local_processes(
    run_dots: Dots, dots_home: Path, tmp_path: Path, platform: str
) -> None:
    """Both dialects in one federation; afterwards Compose knows the run, and it can be removed."""
    sources = {name: source(tmp_path / "sources", name) for name in SERVICES}
    (tmp_path / "local").mkdir()
    (tmp_path / "contained").mkdir()
    local = two_houses.simulate(
        run_dots, tmp_path / "local", "--runtime", "process", python=DIALECTS
    )
    contained = two_houses.simulate(
        *(run_dots, tmp_path / "contained", "--runtime", "docker", "--no-grafana"),
        python=DIALECTS,
        sources=sources,
    )
    assert contained.dialects == local.dialects
    assert set(contained.dialects.values()) == {"old", "new"}
    assert contained.values() == local.values()

    (folder,) = [path.parent for path in (dots_home / "runs").glob("[!.]*/stack")]
    run_id = folder.name
    listed = json.loads(docker("compose", "ls", "--all", "--format", "json").stdout)
    (known,) = [project for project in listed if project["Name"] == f"dots-{run_id}"]
    assert known["ConfigFiles"] == str(folder / "stack" / "compose.yaml")
    shown = docker("compose", "-p", f"dots-{run_id}", "ps", "--all", "--format", "{{.Service}}")
    assert {"broker", "weather-1", "pv-1"} <= set(shown.stdout.split())

    run_dots("teardown", run_id, check=0)
    assert not containers.of_run(run_id)
    assert not (folder / "stack" / ".env").exists()
    assert "PVInstallation" in run_dots("results", run_id, check=0).stdout


def source(folder: Path, name: str) -> Path:
    """A service of the example; on an older Python where that is to speak the old dialect."""
    original = EXAMPLE / "services" / name
    if DIALECTS[name] == NEW:
        return original
    leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    copy = Path(shutil.copytree(original, folder / name, ignore=leave_out))
    recipe = (original / "Dockerfile").read_text(encoding="utf-8")
    assert "python:3.13-slim" in recipe
    (copy / "Dockerfile").write_text(recipe.replace("python:3.13-slim", "python:3.11-slim"))
    return copy
