"""What the user wrote, checked and complete, as frozen data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from dots_cli.definition.git_source import GitSource
from dots_cli.definition.sources import SourceFacts
from dots_cli.errors import Problem

LogLevel = Literal["debug", "info", "warning", "error"]

RESERVED = frozenset(
    {
        *("esdl_ids", "esdl_type", "model_id", "simulation_id", "broker_ip", "broker_port"),
        *("start_time", "simulation_duration_in_seconds", "calculation_services", "log_level"),
        *("INFLUXDB_HOST", "INFLUXDB_PORT", "INFLUXDB_USER", "INFLUXDB_PASSWORD"),
        *("INFLUXDB_NAME", "HELICS_BROKER_KEY"),
    }
)
"""Variables that every model gets from dots itself."""

OWN_REFERENCES = frozenset(
    {
        *("BROKER_HOST", "BROKER_PORT", "BROKER_KEY"),
        *("STORE_HOST", "STORE_PORT", "STORE_USER", "STORE_PASSWORD"),
    }
)
"""The names under which a plan refers to what its runtime fills in."""


def sanitised(service_name: str) -> str:
    """A service's name as it stands in the ids of its models (docs/protocol.md, "What decides
    the models").

    Lower case; only a-z, 0-9, `-` and space are kept; what is no letter or digit is cut from the
    end; spaces become `-`. Empty where nothing is left.
    """
    kept = re.sub(r"[^a-z0-9\- ]", "", service_name.lower())
    return re.sub(r"[^a-z0-9]+$", "", kept).replace(" ", "-")


@dataclass(frozen=True)
class EsdlObject:
    """One object of the energy system that a model may simulate.

    `esdl_type` is its exact ESDL class; `name` is empty where the file gives none; `line` is that
    of its XML element in the scenario.
    """

    esdl_type: str
    id: str
    name: str
    line: int


@dataclass(frozen=True)
class Scenario:
    """An ESDL file. `content` is the file as it was read, byte for byte.

    `objects` holds every object that has an id, in document order; the energy system itself comes
    last. `simulatable` are the classes in the file of which a model may make sense (assets,
    markets, weather, the system itself). `first_instant` is where the earliest profile begins.
    `request` is the DOTS request that the scenario came in, as it was read; `path` is then its, and
    `title` the name that it gives.
    """

    path: Path
    content: bytes = field(repr=False)
    objects: tuple[EsdlObject, ...] = field(repr=False)
    simulatable: frozenset[str] = frozenset()
    first_instant: datetime | None = None
    request: bytes | None = field(default=None, repr=False)
    title: str = ""

    @property
    def name(self) -> str:
        """The name that a request gives, else the file's without its ending."""
        return self.title or self.path.stem

    @cached_property
    def by_type(self) -> dict[str, tuple[EsdlObject, ...]]:
        """The objects of each ESDL class, in document order; classes in order of appearance."""
        found: dict[str, list[EsdlObject]] = {}
        for item in self.objects:
            found.setdefault(item.esdl_type, []).append(item)
        return {esdl_type: tuple(items) for esdl_type, items in found.items()}


@dataclass(frozen=True)
class Service:
    """A calculation service of the definition, every value in place.

    `source` is absolute; where it is to be fetched, `git` says from where, and `source` and
    `commit` are None until it was (`definition.fetching.fetched`). `found` is what the source
    folder says, to be used where the definition says nothing. `env` may refer to the caller's
    variables as `${NAME}`; a literal dollar sign is `$$`. `models` is 0 for one model per object, n
    for at most n. `calculations` is None where the definition does not say it. `memory` is in
    bytes, `cpus` in cores. `line` is where its entry begins.
    """

    name: str
    esdl_type: str
    image: str | None = None
    source: Path | None = None
    git: GitSource | None = None
    commit: str | None = None
    found: SourceFacts | None = None
    python: str | None = None
    command: tuple[str, ...] = ()
    models: int = 1
    calculations: int | None = None
    env: tuple[tuple[str, str], ...] = ()
    cpus: float | None = None
    memory: int | None = None
    platform: str | None = None
    volumes: tuple[str, ...] = ()
    gpus: str | None = None
    extra_hosts: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class LimitSettings:
    """How long a run may wait, in seconds of wall-clock time; see `plan.model.Limits`."""

    join: float = 300.0
    step: float = 1800.0
    run: float = 43200.0
    finish: float = 300.0


@dataclass(frozen=True)
class StoreSettings:
    """An InfluxDB 1.x that exists already. `url` and the credentials may hold `${NAME}`."""

    url: str
    database: str = "dots"
    user: str = ""
    password: str = ""


@dataclass(frozen=True)
class Definition:
    """A service definition, checked against its scenario. `content` is the file as it was read.

    `start` has no zone, `duration` is in seconds. `variables` names the variables of the caller's
    environment that it refers to. `warnings` is what a person should know and may ignore.
    """

    path: Path
    content: bytes = field(repr=False)
    start: datetime
    duration: int
    log_level: LogLevel
    limits: LimitSettings
    store: StoreSettings | None
    services: tuple[Service, ...]
    variables: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Overrides:
    """What the command line says in place of the definition, as it was typed.

    `variables` are `SERVICE.VAR=VALUE`; durations are `60h`, `15m`, seconds, ...
    """

    start: str | None = None
    duration: str | None = None
    log_level: str | None = None
    join: str | None = None
    step: str | None = None
    run: str | None = None
    variables: tuple[str, ...] = ()
