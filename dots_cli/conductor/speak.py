"""What the conductor says: one JSON object a line, on a stdout that nobody else writes to."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

Say = Callable[..., None]
"""Says an event by its name, with its fields by theirs."""


class Speaker:
    """Writes events to a file descriptor, from any thread, each line as a whole."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def __call__(self, event: str, **fields: object) -> None:
        """Say an event. That nobody listens any more is no reason to stop working."""
        line = json.dumps({"event": event, **fields}) + "\n"
        with self._lock, contextlib.suppress(OSError):
            rest = memoryview(line.encode("utf-8"))
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


class ReadySpeaker:
    """Says everything as another does, and leaves a file behind once models can knock.

    A health check can look for the file; knocking itself would be taken for a stranger.
    """

    def __init__(self, say: Speaker, ready: Path) -> None:
        self._say = say
        self._ready = ready

    def __call__(self, event: str, **fields: object) -> None:
        """Say an event."""
        if event == "listening":
            self._ready.touch()
        self._say(event, **fields)


def take_stdout() -> Speaker:
    """Keep stdout for events; what HELICS prints there whatever its log level goes to stderr."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return Speaker(kept)
