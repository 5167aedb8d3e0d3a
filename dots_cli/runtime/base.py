"""What a runtime is: the narrow interface between a supervisor and what it starts.

A runtime starts what a plan says and reports what happens by calling `post`, from any thread. It
takes no decisions: who has failed and when to stop is the supervisor's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dots_cli.plan.model import ContainerSpec
from dots_cli.runtime.events import Event


@dataclass(frozen=True)
class PreparationDone:
    """Every service can be started; `error` says why not, where one cannot."""

    error: Exception | None = None
    record: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Started:
    """A process or container runs; `handle` is its pid or container id."""

    name: str
    role: str
    handle: str


@dataclass(frozen=True)
class Said:
    """A line of JSON from the conductor or the store."""

    name: str
    line: str


@dataclass(frozen=True)
class Ended:
    """A process or container has ended; a negative `code` is the number of a signal."""

    name: str
    role: str
    code: int
    detail: str = ""


@dataclass(frozen=True)
class CouldNotGoOn:
    """Something that was begun without waiting cannot be done, or not any more."""

    error: Exception


@dataclass(frozen=True)
class Sounding:
    """A federation that will never simulate, to learn what its models miss.

    A model subscribes only to ESDL types that have a service. Told that `esdl_types` have one, too,
    these `models` subscribe to what they need of them, and the check of the wiring can name it.
    """

    models: tuple[str, ...]
    esdl_types: tuple[str, ...]


@dataclass(frozen=True)
class RunOptions:
    """What the caller wants of this run beside its plan.

    `offline`: build from what is on the machine; `pause_at`: pause at that simulated second.
    """

    offline: bool = False
    pause_at: float | None = None


Message = PreparationDone | CouldNotGoOn | Started | Said | Ended | Event
Post = Callable[[Message], None]


class Runtime(Protocol):
    """Starts a plan's containers or processes. Every method returns without waiting."""

    def prepare(self) -> None:
        """Make environments or images ready in the background; ends in `PreparationDone`."""

    def start_store(self) -> None:
        """Start the store; it says `listening` when models can write."""

    def start_federation(self, sounding: Sounding | None = None) -> None:
        """Start the conductor and every model; in a sounding only the models that it names."""

    def tell_conductor(self, command: Mapping[str, object]) -> None:
        """Send the conductor a command as a line of JSON; ignored when it is gone."""

    def ask_to_end(self, names: Sequence[str]) -> None:
        """SIGTERM, or what the system has in its place."""

    def kill(self, names: Sequence[str]) -> None:
        """End at once."""

    def activity(self, name: str) -> float:
        """A number that grows while the process works: its CPU seconds."""

    def close(self) -> None:
        """Stop what still runs, the preparation too, and give everything back."""


def containers_of(containers: Sequence[ContainerSpec], role: str) -> list[ContainerSpec]:
    """The containers of a plan with that role, in its order."""
    return [container for container in containers if container.role == role]
