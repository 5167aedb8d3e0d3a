"""What the tests of every runtime share: run quick models, look at what was left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import quick
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
        done = self.run_dots("run", scenario, "--runtime", self.runtime, *args, **options)
        return Outcome(done.returncode, done.stdout, done.stderr, self.newest())

    def start(self, scenario: Path, *args: str) -> Any:
        """`dots run` in the background, a context manager."""
        return self.start_dots("run", scenario, "--runtime", self.runtime, *args)

    def detach(self, scenario: Path, *args: str) -> Path:
        """`dots run --detach`; the folder of the run."""
        done = self.run_dots("run", scenario, "--runtime", self.runtime, "--detach", *args, check=0)
        return self.home / "runs" / done.stdout.strip()

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


@pytest.fixture(params=["process"])
def runs(
    request: pytest.FixtureRequest,
    dots_home: Path,
    run_dots: Callable[..., Any],
    start_dots: Callable[..., Any],
) -> Iterator[Runs]:
    """Runs on each runtime."""
    yield Runs(request.param, dots_home, run_dots, start_dots)
