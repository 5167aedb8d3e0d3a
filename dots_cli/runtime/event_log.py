"""Appends a run's events to `events.jsonl`; the supervisor is the only writer."""

from __future__ import annotations

import time
from dataclasses import replace

from dots_cli.render.run_folder import RunFolder
from dots_cli.runtime.events import Event, Progress

SHORTEST = 0.2
LONGEST = 1.0


class EventLog:
    """One line an event, on the disk when `append` returns (not synced).

    Progress is thinned: five lines a second in a short run, one a second in a long one, and the
    last one before anything else happens.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._file = folder.events.open("a", encoding="utf-8", newline="\n", buffering=1)
        self._begin = time.monotonic()
        self._last_progress = 0.0
        self._left_out: Event | None = None

    def append(self, event: Event) -> None:
        """Write the event with the time of now. OSError when the disk is full."""
        event = replace(event, at=time.time())
        if isinstance(event, Progress) and not self._due():
            self._left_out = event
            return
        if self._left_out is not None and not isinstance(event, Progress):
            self._file.write(self._left_out.to_json() + "\n")
        self._left_out = None
        self._file.write(event.to_json() + "\n")

    def close(self) -> None:
        """Nothing is appended after this."""
        self._file.close()

    def _due(self) -> bool:
        now = time.monotonic()
        gap = min(LONGEST, max(SHORTEST, (now - self._begin) / 200))
        if now - self._last_progress < gap:
            return False
        self._last_progress = now
        return True
