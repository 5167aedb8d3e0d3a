"""Fixtures of every test: a `DOTS_HOME` of its own, the CLI, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support import parts, processes

Dots = Callable[..., subprocess.CompletedProcess[str]]
StartDots = Callable[..., AbstractContextManager[processes.Running]]


def pytest_configure() -> None:
    """A shell starts jobs in the background with Ctrl-C ignored, which their children inherit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """`@pytest.mark.needs("docker", "python3.13")`: see tests/support/parts.py for the names."""
    for mark in item.iter_markers("needs"):
        parts.requires(*mark.args)


@pytest.fixture(autouse=True)
def dots_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A `DOTS_HOME` for this test alone; afterwards nothing that was started with it may live.

    Environments are shared between tests (`DOTS_CACHE`): building one takes seconds.
    """
    home = tmp_path_factory.mktemp("home") / "dots"
    monkeypatch.setenv("DOTS_HOME", str(home))
    monkeypatch.setenv("DOTS_RUNTIME", "process")  # whether or not this machine has Docker
    for about_the_screen in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(about_the_screen, raising=False)  # parallel workers are given a width
    # Services have tests of their own, which some tests run: with their options, not with ours.
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("DOTS_CACHE", str(parts.cache_folder() / "dots"))
    # Nobody's platform but the test's own, which goes with it.
    monkeypatch.setenv("DOTS_PLATFORM", f"dots-test-{uuid.uuid4().hex[:12]}")
    yield home
    if (home / "platform" / ".env").exists():
        _remove_platform()
    if home.exists():
        _nothing_left(home)


@pytest.fixture
def requires() -> Callable[..., None]:
    """`requires("docker", "images")` in the middle of a test."""
    return parts.requires


@pytest.fixture
def dots_process(dots_home: Path) -> Dots:
    """Run `dots ARGS` to its end, within `timeout` seconds, without a terminal.

    `env` is added to the environment; `check` is the exit code that it must have.
    """

    def call(
        *args: str | Path,
        timeout: float = 120,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        check: int | None = None,
    ) -> subprocess.CompletedProcess[str]:
        environment = dict(os.environ) | dict(env or {})
        done = processes.run(_dots(args), timeout=timeout, cwd=cwd, env=environment)
        assert check is None or done.returncode == check, (
            f"`dots {' '.join(map(str, args))}` ended with {done.returncode}, not {check}\n"
            f"stdout:\n{done.stdout}\nstderr:\n{done.stderr}"
        )
        return done

    return call


@pytest.fixture
def run_dots(dots_process: Dots) -> Dots:
    """The same; for unit tests there is a quicker one."""
    return dots_process


@pytest.fixture
def start_dots(dots_home: Path) -> StartDots:
    """`with start_dots(ARGS) as running:` the CLI in the background; killed at the end."""

    def call(
        *args: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> AbstractContextManager[processes.Running]:
        environment = dict(os.environ) | dict(env or {})
        return processes.started(_dots(args), cwd=cwd, env=environment)

    return call


def _dots(args: tuple[str | Path, ...]) -> list[str]:
    return [sys.executable, "-m", "dots_cli", *map(str, args)]


def _remove_platform() -> None:
    from dots_cli.runtime.containers import platform
    from dots_cli.runtime.containers.engine import Engine

    with Engine.connect() as engine:
        platform.remove(engine, volumes=True)


def _nothing_left(home: Path) -> None:
    deadline = time.monotonic() + 5
    while (left := processes.of_home(home)) and time.monotonic() < deadline:
        time.sleep(0.05)
    if left:
        told = processes.describe(left)
        processes.end(left)
        pytest.fail(f"left running after the test:\n{told}", pytrace=False)
