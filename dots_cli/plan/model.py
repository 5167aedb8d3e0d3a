"""The plan of a run as frozen data: what will be started, with what, joined how.

A value in a `ContainerSpec`'s environment may refer to a variable as `${NAME}`; a literal dollar
sign is written `$$`, as in a Compose file. References are resolved where the process or container
is started, so no secret ever stands in a plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

RuntimeName = Literal["process", "docker"]
LogLevel = Literal["debug", "info", "warning", "error"]
Role = Literal["conductor", "model", "store", "grafana"]

PLAN_FORMAT = 2

BUILT = "dots.built"
"""The label of an image that was built for a run: by it those that no name leads to are found."""
LOG_OPTIONS = (("max-file", "3"), ("max-size", "10m"))
"""Of the engine's `json-file` logs, for every container: a flood must not fill the disk."""


@dataclass(frozen=True)
class Simulation:
    """The simulated time of a run. `start` has no zone; `duration` is in seconds."""

    start: datetime
    duration: int
    log_level: LogLevel


@dataclass(frozen=True)
class Limits:
    """How long a run may wait, in seconds of wall-clock time.

    `join`: until every model has joined; `step`: while simulated time stands still;
    `run`: from the start to the end; `finish`: for a model to end after the simulation did.
    """

    join: float = 300.0
    step: float = 1800.0
    run: float = 43200.0
    finish: float = 300.0


@dataclass(frozen=True)
class EsdlRef:
    """An ESDL object that a model simulates."""

    id: str
    name: str


@dataclass(frozen=True)
class Model:
    """A calculation model: one running instance of a service.

    `calculations` is the declared number of its value federates, None where the definition does
    not say it and the model has to report it (new dialect). `line` is that of its service in the
    definition.
    """

    id: str
    service: str
    esdl_type: str
    objects: tuple[EsdlRef, ...]
    calculations: int | None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Federation:
    """Who takes part in the co-simulation."""

    models: tuple[str, ...]
    declared_calculations: int | None
    """The number of value federates, None while a model has still to report its own."""


@dataclass(frozen=True)
class FileCopy:
    """A file of the rendered stack that is copied into a container before it starts.

    `source` is relative to the folder of the stack, `target` is absolute in the container. Of a
    local process: `source` is a file or folder in its source folder, and `target` is laid out in a
    folder of the process's own.
    """

    source: str
    target: str


@dataclass(frozen=True)
class HealthCheck:
    """A shell command that succeeds in a healthy container. Times are in seconds.

    Until `start_period` has passed, a failure counts only as "not yet".
    """

    command: str
    interval: float
    timeout: float
    retries: int
    start_period: float


@dataclass(frozen=True)
class Port:
    """A port of a container that the machine reaches on 127.0.0.1; `host` is a reference."""

    host: str
    container: int


@dataclass(frozen=True)
class ContainerSpec:
    """One container, or one local process: everything a runtime needs to start it.

    `name` is the Compose service name. A process runs `command` in an environment made of `source`,
    in `workdir` among its `files` where that is given, else in `source` itself; `python` is the
    version to use, `requires_python` what another one must fulfil where that is not on the machine;
    `packages` are those of the system that it needs; `git` is where `source` was fetched from;
    a container runs what `image` says, with `command` as its arguments where there are any. Where
    there is a `build`, the image is built from that folder of the rendered stack, which is a copy
    of `source` if that is given. `start_after` names containers that have to be healthy first, or
    started where they have no health check. `volumes` are written as in a Compose file: a volume's
    name or an absolute path, a colon, a path, perhaps `:ro`. `memory` is in bytes, `cpus` in cores,
    `stop_grace` in seconds from SIGTERM to SIGKILL.
    """

    name: str
    role: Role
    image: str | None = None
    build: str | None = None
    source: str | None = None
    git: str | None = None
    commit: str | None = None
    python: str | None = None
    requires_python: str | None = None
    packages: tuple[str, ...] = ()
    workdir: str | None = None
    command: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    networks: tuple[str, ...] = ()
    start_after: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    files: tuple[FileCopy, ...] = ()
    volumes: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    health: HealthCheck | None = None
    stdin_open: bool = False
    stop_grace: float = 10.0
    restart: Literal["no", "unless-stopped"] = "no"
    cpus: float | None = None
    memory: int | None = None
    platform: str | None = None
    gpus: str | None = None
    extra_hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class StorePlan:
    """Where results go: the embedded store (`url` is None) or an InfluxDB 1.x that exists."""

    url: str | None
    database: str


@dataclass(frozen=True)
class Plan:
    """Every decision about one run."""

    format: int
    run_id: str
    scenario: str
    runtime: RuntimeName
    simulation: Simulation
    limits: Limits
    services: tuple[str, ...]
    models: tuple[Model, ...]
    federation: Federation
    store: StorePlan
    containers: tuple[ContainerSpec, ...]
    unserved: tuple[str, ...] = ()
    """ESDL types of the scenario that no service simulates."""
    variables: tuple[str, ...] = ()
    """Names of the caller's environment variables that the definition refers to."""
    external: tuple[str, ...] = ()
    """Models that somebody else starts, in a debugger for instance; no limit applies to them."""
    warnings: tuple[str, ...] = ()

    def model(self, model_id: str) -> Model:
        """The model with that id; KeyError where the plan has none."""
        for model in self.models:
            if model.id == model_id:
                return model
        raise KeyError(model_id)
