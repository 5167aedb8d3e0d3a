"""Requests to a run's supervisor: files made atomically in `control/`, taken once."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import Literal

from dots_cli.render.run_folder import RunFolder, write_atomically

RequestKind = Literal["stop", "pause", "resume"]


@dataclass(frozen=True)
class Request:
    """What is asked of a supervisor.

    `reason` is for `stop`: `interrupted` (Ctrl-C), `terminated` (SIGTERM to the CLI) or `stopped`
    (`dots stop`, `dots teardown`). `now` skips the polite part. `at` is for `pause`: the simulated
    second to pause at, None for as soon as possible.
    """

    kind: RequestKind
    reason: Literal["interrupted", "terminated", "stopped"] = "stopped"
    now: bool = False
    at: float | None = None


def send(folder: RunFolder, request: Request) -> None:
    """Leave a request for the run's supervisor; noticed within 0.2 s."""
    folder.control.mkdir(exist_ok=True)
    write_atomically(folder.control / f"{time.time_ns():020d}.json", json.dumps(asdict(request)))


def take(folder: RunFolder) -> list[Request]:
    """The requests that have come since the last call, oldest first."""
    taken = []
    for file in sorted(folder.control.glob("[0-9]*.json")):
        taken.append(Request(**json.loads(file.read_text(encoding="utf-8"))))
        file.unlink(missing_ok=True)
    return taken
