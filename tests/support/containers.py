"""Runs in containers: what they need, one platform for all tests of a worker, nothing left over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import parts
from tests.support.images import quick_image
from tests.support.platforms import take_ports
from tests.support.quick import SOURCE

NEEDS = ("docker", "images", "influxdb-image")

needs_containers = pytest.mark.needs(*NEEDS)

on_both = pytest.mark.parametrize(
    "runtime", ["process", pytest.param("docker", marks=needs_containers)]
)
"""A test that takes `runs` runs as local processes and in containers."""


@dataclass(frozen=True)
class Shared:
    """A `DOTS_HOME` and a platform that several tests use one after the other."""

    home: Path
    platform: str

    @contextmanager
    def used(self) -> Iterator[Path]:
        """By one test; afterwards nothing of its runs is on the engine."""
        ours = {"DOTS_HOME": str(self.home), "DOTS_PLATFORM": self.platform}
        before = {name: os.environ.get(name) for name in ours}
        os.environ |= ours
        known = set(self._runs())
        try:
            yield self.home
        finally:
            new = [run for run in self._runs() if run not in known]
            for run in new:
                done = dots("teardown", run)
                assert done.returncode == 0, done.stderr
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value
        for run in new:
            assert not of_run(run), f"left on the engine: {of_run(run)}"

    def _runs(self) -> list[str]:
        return sorted(path.name for path in (self.home / "runs").glob("[!.]*"))


@contextmanager
def shared(folder: Path) -> Iterator[Shared]:
    """A platform of a worker's own, removed at its end with its data."""
    parts.requires(*NEEDS)
    made = Shared(folder / "dots", f"dots-test-{uuid.uuid4().hex[:12]}")
    take_ports(made.home)
    try:
        yield made
    finally:
        with made.used():
            done = dots("teardown", "--volumes", "--yes")
        assert done.returncode == 0, done.stderr
        assert not docker_lines("ps", "-aq", "--filter", f"label={PROJECT}={made.platform}")


PROJECT = "com.docker.compose.project"


def of_run(run_id: str) -> list[str]:
    """Names of everything that the engine has of a run."""
    project = f"label={PROJECT}=dots-{run_id}"
    return [
        *docker_lines("ps", "-a", "--filter", project, "--format", "{{.Names}}"),
        *docker_lines("network", "ls", "--filter", project, "--format", "{{.Name}}"),
        *docker_lines("volume", "ls", "--filter", project, "--format", "{{.Name}}"),
    ]


def give_images(scenario: Path) -> None:
    """Let the quick models of a scenario's definition come out of their image."""
    path = scenario.with_name(f"{scenario.stem}.services.yaml")
    definition = yaml.safe_load(path.read_text(encoding="utf-8"))
    for service in definition["services"]:
        if service.get("source") == str(SOURCE) and "image" not in service:
            service["image"] = quick_image()
    path.write_text(yaml.safe_dump(definition, sort_keys=False), encoding="utf-8")


def docker(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the Docker CLI."""
    return subprocess.run(
        ["docker", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def docker_lines(*arguments: str) -> list[str]:
    """What it prints, line by line; AssertionError where it fails."""
    done = docker(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def inspect(name: str) -> dict[str, Any]:
    """`docker inspect` of a container."""
    (told,) = json.loads(docker("inspect", name).stdout)
    found: dict[str, Any] = told
    return found


def dots(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command line, with the environment of now."""
    return subprocess.run(
        [sys.executable, "-m", "dots_cli", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
