"""What the tests of every runtime share: run quick models, look at what was left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import containers, quick
from tests.support.processes import Running, wait_for


@dataclass
class Runs:
    """Runs of one test: starts them through the CLI and reads their folders."""

    runtime: str
    home: Path
    run_dots: Callable[..., Any]
    start_dots: Callable[..., Any]
    started: list[Running] = field(default_factory=list)

    def run(self, scenario: Path, *args: str, **options: Any) -> Outcome:
        """`dots run` to its end."""
        done = self.run_dots("run", scenario, *self._how(scenario), *args, **options)
        return Outcome(done.returncode, done.stdout, done.stderr, self.newest())

    def start(self, scenario: Path, *args: str) -> Any:
        """`dots run` in the background, a context manager."""
        return self.start_dots("run", scenario, *self._how(scenario), *args)

    def detach(self, scenario: Path, *args: str) -> Path:
        """`dots run --detach`; the folder of the run."""
        how = (*self._how(scenario), "--detach")
        done = self.run_dots("run", scenario, *how, *args, check=0)
        return self.home / "runs" / done.stdout.strip()

    def _how(self, scenario: Path) -> tuple[str, ...]:
        if self.runtime == "process":
            return ("--runtime", "process")
        containers.give_images(scenario)
        return ("--runtime", "docker", "--no-grafana")

    def newest(self) -> Path | None:
        """The folder of the run that was made last."""
        runs = sorted((self.home / "runs").glob("[!.]*"), key=lambda p: p.stat().st_ctime)
        return runs[-1] if runs else None

    def wait_for_event(self, folder: Path, event: str, seconds: float = 60) -> dict[str, Any]:
        """The first event of that name, once it has come."""
        found: list[dict[str, Any]] = []

        def came() -> bool:
            found[:] = [e for e in events_so_far(folder) if e["event"] == event]
            return bool(found)

        wait_for(came, seconds, f"event {event} of {folder.name}")
        return found[0]

    def wait_for_verdict(self, folder: Path, seconds: float = 60) -> dict[str, Any]:
        """`verdict.json`, once it is there."""
        wait_for((folder / "verdict.json").exists, seconds, f"verdict of {folder.name}")
        verdict: dict[str, Any] = json.loads((folder / "verdict.json").read_text())
        return verdict


@dataclass(frozen=True)
class Outcome:
    """How `dots run` ended: exit code, what it printed, and the run's folder."""

    code: int
    out: str
    err: str
    folder: Path | None

    @property
    def verdict(self) -> dict[str, Any]:
        """`verdict.json`."""
        assert self.folder is not None, self.err
        data: dict[str, Any] = json.loads((self.folder / "verdict.json").read_text())
        return data

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events of that name."""
        assert self.folder is not None, self.err
        return [event for event in quick.events_of(self.folder) if event["event"] == name]


def events_so_far(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of `events.jsonl` while the run goes on."""
    path = folder / "events.jsonl"
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines() if line]


@pytest.fixture
def runtime() -> str:
    """What starts the models; `containers.on_both` gives a test both."""
    return "process"


@pytest.fixture
def runs(
    runtime: str,
    request: pytest.FixtureRequest,
    dots_home: Path,
    run_dots: Callable[..., Any],
    start_dots: Callable[..., Any],
) -> Iterator[Runs]:
    """Runs on a runtime; those in containers of one worker share a home and a platform."""
    if runtime == "process":
        yield Runs(runtime, dots_home, run_dots, start_dots)
        return
    shared: containers.Shared = request.getfixturevalue("shared_platform")
    with shared.used() as home:
        yield Runs(runtime, home, run_dots, start_dots)


@pytest.fixture(scope="session")
def shared_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[containers.Shared]:
    """A platform for the tests of one worker: starting it takes longer than a run."""
    with containers.shared(tmp_path_factory.mktemp("contained")) as made:
        yield made
