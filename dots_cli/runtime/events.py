"""What happens in a run, as small dataclasses; `events.jsonl` holds one a line.

The supervisor appends them, every reader follows them. A line is a JSON object with `at` (seconds
since 1970, wall clock), `event` (the class name in snake case) and the fields of the class.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Outcome = Literal["succeeded", "failed", "stopped", "stalled", "timed_out"]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened; `at` is filled in when it is appended."""

    at: float = 0.0
    kinds: ClassVar[dict[str, type[Event]]] = {}

    def __init_subclass__(cls) -> None:
        cls.kinds[_snake(cls.__name__)] = cls

    def to_json(self) -> str:
        """One line of `events.jsonl`, without the line end."""
        named = {"at": round(self.at, 3), "event": _snake(type(self).__name__)}
        return json.dumps(named | {k: v for k, v in _fields(self).items() if k != "at"})

    @staticmethod
    def from_json(line: str) -> Event | None:
        """The event of a line; None for a kind that this version does not know."""
        data = json.loads(line)
        kind = Event.kinds.get(data.pop("event", ""))
        if kind is None:
            return None
        known = {f.name for f in dataclasses.fields(kind)}
        return kind(**{k: v for k, v in data.items() if k in known})


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """The supervisor has taken the run over."""

    run_id: str
    runtime: str
    models: list[str]


@dataclass(frozen=True, kw_only=True)
class Preparing(Event):
    """An environment is built or an image pulled for a service; `what` says it for a person."""

    service: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Prepared(Event):
    """A service can be started; `cached` when nothing had to be built for it."""

    service: str
    seconds: float
    cached: bool
    what: str = ""


@dataclass(frozen=True, kw_only=True)
class Notice(Event):
    """Something a person should know; the run goes on."""

    message: str
    severity: Literal["info", "warning"] = "info"


@dataclass(frozen=True, kw_only=True)
class ProcessStarted(Event):
    """A process or container of the run is running; `handle` is its pid or container id."""

    name: str
    role: str
    handle: str


@dataclass(frozen=True, kw_only=True)
class External(Event):
    """A model can be started now, by a person: the run does not start it, and waits for it.

    `shell` is a command line that does so with the variables in `env_file`, `launch` a
    configuration of VS Code that does so under a debugger, as it stands in `launch_file`.
    """

    model: str
    env_file: str
    shell: str
    launch: dict[str, Any]
    launch_file: str


@dataclass(frozen=True, kw_only=True)
class ProcessEnded(Event):
    """A process or container has ended; a negative `code` is the number of a signal."""

    name: str
    role: str
    code: int
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Joining(Event):
    """Who is in the federation and who is missing; phase 1 hands the ESDL out, 2 simulates."""

    phase: int
    joined: list[str]
    missing: list[str]
    waited: float


@dataclass(frozen=True, kw_only=True)
class Dialect(Event):
    """What a model speaks and how many calculations it has."""

    model: str
    dialect: Literal["old", "new"]
    calculations: int


@dataclass(frozen=True, kw_only=True)
class HandedOut(Event):
    """Every model has received the ESDL."""


@dataclass(frozen=True, kw_only=True)
class Executing(Event):
    """All federates have joined, the wiring is whole, simulated time starts."""

    federates: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Progress(Event):
    """Simulated time reached, in seconds from the start of the simulation."""

    simulated: float


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """Simulated time stands still: since how many seconds, and whom for where it is known."""

    simulated: float
    waited: float
    holders: list[str]


@dataclass(frozen=True, kw_only=True)
class Paused(Event):
    """The federation is quiet at that simulated time (seconds)."""

    simulated: float


@dataclass(frozen=True, kw_only=True)
class Resumed(Event):
    """The federation goes on."""


@dataclass(frozen=True, kw_only=True)
class SimulationEnded(Event):
    """The simulated end was reached with every federate; the models write their results now."""


@dataclass(frozen=True, kw_only=True)
class Stopping(Event):
    """The run is being ended before its time, and why; `model` is the one at fault."""

    reason: str
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class VerdictReached(Event):
    """How the run ended; the same as in `verdict.json`."""

    verdict: Outcome
    cause: str
    model: str | None
    message: str
    exit_code: int


def _fields(event: Event) -> Mapping[str, Any]:
    return {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
