"""Requests to a run's supervisor: files made atomically in `control/`, taken once."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from dots_cli.render.run_folder import RunFolder, write_atomically

RequestKind = Literal["stop", "pause", "resume"]
Reason = Literal["interrupted", "terminated", "stopped"]


_COUNT = itertools.count()


@dataclass(frozen=True)
class Request:
    """What is asked of a supervisor.

    `reason` is for `stop`: `interrupted` (Ctrl-C), `terminated` (SIGTERM to the CLI) or `stopped`
    (`dots stop`, `dots teardown`). `now` skips the polite part. `at` is for `pause`: the simulated
    second to pause at, None for as soon as possible.
    """

    kind: RequestKind
    reason: Reason = "stopped"
    now: bool = False
    at: float | None = None


def send(folder: RunFolder, request: Request) -> None:
    """Leave a request for the run's supervisor; noticed within 0.2 s."""
    folder.control.mkdir(exist_ok=True)
    # A clock may tell the same time twice: Windows' steps by 15 ms.
    name = f"{time.time_ns():020d}-{next(_COUNT):06d}-{os.getpid()}.json"
    write_atomically(folder.control / name, json.dumps(asdict(request)))


def take(folder: RunFolder, complain: Callable[[str], None] = lambda _: None) -> list[Request]:
    """The requests that have come since the last call, oldest first.

    What is not a request is put aside, for it would be met again and again, and told of.
    """
    taken = []
    for file in sorted(folder.control.glob("[0-9]*.json")):
        try:
            taken.append(_request(json.loads(file.read_text(encoding="utf-8"))))
        except (ValueError, TypeError) as error:
            complain(f"{file.name} is no request: {error}")
            file.replace(file.with_suffix(".broken"))
        else:
            file.unlink(missing_ok=True)
    return taken


def _request(data: dict[str, Any]) -> Request:
    """TypeError or ValueError where it is none."""
    request = Request(**data)
    known = request.kind in get_args(RequestKind) and request.reason in get_args(Reason)
    if not known or not isinstance(request.at, float | int | None):
        raise ValueError(f"{data}")
    return request
