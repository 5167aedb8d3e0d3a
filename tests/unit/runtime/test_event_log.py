"""What is left in a run's event log when its progress is thinned."""

from __future__ import annotations

import json
from pathlib import Path

from dots_cli.render.run_folder import RunFolder
from dots_cli.runtime.event_log import EventLog
from dots_cli.runtime.events import Event, Notice, Progress


def logged(folder: Path, *events: Event) -> list[tuple[str, float | None]]:
    """The events in the log when these have been appended at once: kind and simulated time."""
    log = EventLog(RunFolder(folder))
    for event in events:
        log.append(event)
    log.close()
    lines = RunFolder(folder).events.read_text(encoding="utf-8").splitlines()
    return [(e["event"], e.get("simulated")) for e in map(json.loads, lines)]


def test_progress_that_comes_too_often_is_thinned(tmp_path: Path) -> None:
    steps = [Progress(simulated=float(step)) for step in range(100)]
    assert logged(tmp_path, *steps) == [("progress", 0.0)]


def test_how_far_a_run_was_when_something_else_happened_is_always_told(tmp_path: Path) -> None:
    steps = [Progress(simulated=float(step)) for step in range(100)]
    there = Notice(message="there")
    assert logged(tmp_path, *steps, there, there) == [
        ("progress", 0.0),
        ("progress", 99.0),
        ("notice", None),
        ("notice", None),
    ]
