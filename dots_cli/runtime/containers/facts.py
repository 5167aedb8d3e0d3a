"""What the engine tells us, in our own types, and how its failures are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dots_cli.errors import EnvironmentFailure
from dots_cli.plan.containers import ROLE_LABEL, RUN_LABEL

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"

OLDEST_API = (1, 41)
"""Docker 20.10: logs, events, health checks and `host-gateway` behave as this code expects."""


class EngineFailure(EnvironmentFailure):
    """The engine has refused something, or does not answer."""


class NotThere(EngineFailure):
    """There is no such container, image, network or volume."""


class Taken(EngineFailure):
    """A name or port belongs to somebody else, or a thing is in use."""


class NoNetworkLeft(EngineFailure):
    """Every address range that the engine has for networks is in use."""


@dataclass(frozen=True)
class Project:
    """A Compose project. `folder` holds its `compose.yaml`."""

    name: str
    folder: Path


@dataclass(frozen=True)
class EngineInfo:
    """What engine answers, and where. `memory` is in bytes, `root` the folder of its data."""

    version: str
    api_version: str
    system: str
    architecture: str
    rootless: bool
    desktop: bool
    address: str
    memory: int
    cpus: int
    root: str


@dataclass(frozen=True)
class Container:
    """A container at one moment.

    `state` is the engine's word: created, running, paused, restarting, removing, exited or dead.
    `ports` are those of the machine by the container's. `health` is None without a health check.
    """

    id: str
    name: str
    state: str
    image: str
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[int, int] = field(default_factory=dict)
    exit_code: int | None = None
    health: str | None = None
    out_of_memory: bool = False
    memory_limit: int = 0
    error: str = ""

    @property
    def service(self) -> str:
        """Its name in the Compose project; empty where it belongs to none."""
        return self.labels.get(SERVICE_LABEL, "")

    @property
    def project(self) -> str:
        """Its Compose project; empty where it belongs to none."""
        return self.labels.get(PROJECT_LABEL, "")

    @property
    def role(self) -> str:
        """What it does in a run or in the platform; empty where it is none of ours."""
        return self.labels.get(ROLE_LABEL, "")

    @property
    def is_running(self) -> bool:
        """Whether it has processes."""
        return self.state in ("running", "paused", "restarting")

    @property
    def has_ended(self) -> bool:
        """Whether it ran and does not any more."""
        return self.state in ("exited", "dead", "removing")


@dataclass(frozen=True)
class Image:
    """An image on this engine; `digests` are those that a registry knows it by."""

    id: str
    digests: tuple[str, ...]
    architecture: str
    os: str


@dataclass(frozen=True)
class ContainerEvent:
    """Something that happened to a container: `action` is start, die, oom, destroy, ...

    `at` is the engine's clock, in nanoseconds since 1970.
    """

    id: str
    action: str
    at: int
    exit_code: int | None = None


def labels_of(names: Mapping[str, str]) -> list[str]:
    """`run="..."`, `role`, `project`, `service` as the filters of the engine."""
    known = {
        "run": RUN_LABEL,
        "role": ROLE_LABEL,
        "project": PROJECT_LABEL,
        "service": SERVICE_LABEL,
    }
    return [f"{known[name]}={value}" if value else known[name] for name, value in names.items()]
