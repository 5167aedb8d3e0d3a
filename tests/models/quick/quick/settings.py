"""What a quick model is told by its environment: the real names, and `QUICK_...` for its nature."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class Output:
    """One published quantity; it has a publication per ESDL object."""

    name: str
    unit: str


@dataclass(frozen=True)
class Input:
    """One subscribed quantity: of one object, or of every object of that ESDL type."""

    esdl_type: str
    output: str
    esdl_id: str | None
    unit: str


@dataclass(frozen=True)
class Calculation:
    """One value federate. `period` and `offset` are in simulated seconds."""

    name: str
    period: float
    offset: float
    outputs: tuple[Output, ...]
    inputs: tuple[Input, ...]


@dataclass(frozen=True)
class Fault:
    """What goes wrong, from which simulated second on, and how badly."""

    kind: str
    at: float
    value: float | None


@dataclass(frozen=True)
class Influx:
    """Where the points go."""

    host: str
    port: int
    user: str
    password: str
    database: str


@dataclass(frozen=True)
class Settings:
    """Everything about this model. `duration` is in simulated seconds."""

    model_id: str
    simulation_id: str
    esdl_type: str
    esdl_ids: tuple[str, ...]
    known_types: tuple[str, ...]
    broker_ip: str
    broker_port: int
    start: datetime
    duration: int
    log_level: str
    influx: Influx
    dialect: Literal["old", "new"]
    calculations: tuple[Calculation, ...]
    fault: Fault
    results_file: str | None
    skip_phase1: bool


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings; KeyError or ValueError where a real model would die of the same."""
    level = environ.get("log_level", "info")
    if level not in LOG_LEVELS:
        raise KeyError(level)
    model_id = environ.get("model_id", "test-id")
    dialect = environ.get("QUICK_DIALECT", "new")
    if dialect not in ("old", "new"):
        raise ValueError(f"QUICK_DIALECT={dialect!r} is neither old nor new")
    count = int(environ.get("QUICK_CALCULATIONS", "1"))
    return Settings(
        model_id=model_id,
        simulation_id=environ.get("simulation_id", "test-id"),
        esdl_type=environ.get("esdl_type", "test-type"),
        esdl_ids=tuple(environ.get("esdl_ids", "one;two").split(";")),
        known_types=tuple(environ["calculation_services"].split(";")),
        broker_ip=environ.get("broker_ip", "127.0.0.1"),
        broker_port=int(environ.get("broker_port", "30000")),
        start=datetime.strptime(
            environ.get("start_time", "2024-06-10 09:51:13"), "%Y-%m-%d %H:%M:%S"
        ),
        duration=int(environ.get("simulation_duration_in_seconds", "86400")),
        log_level=level,
        influx=Influx(
            host=environ["INFLUXDB_HOST"].rsplit("//", 1)[-1],
            port=int(environ.get("INFLUXDB_PORT") or 8086),
            user=environ.get("INFLUXDB_USER", ""),
            password=environ.get("INFLUXDB_PASSWORD", ""),
            database=environ.get("INFLUXDB_NAME", ""),
        ),
        dialect="old" if dialect == "old" else "new",
        calculations=tuple(_calculation(environ, k) for k in range(1, count + 1)),
        fault=_fault(environ, model_id),
        results_file=environ.get("QUICK_RESULTS"),
        skip_phase1=environ.get("QUICK_SKIP_PHASE1") == "1",
    )


def _calculation(environ: Mapping[str, str], k: int) -> Calculation:
    def told(name: str, default: str) -> str:
        first = environ.get(f"QUICK_{name}", default) if k == 1 else default
        return environ.get(f"QUICK_{name}_{k}", first)

    publish = told("PUBLISH", "value:kW" if k == 1 else f"value_{k}:kW")
    return Calculation(
        name=told("NAME", f"calculation_{k}"),
        period=float(told("PERIOD", environ.get("QUICK_PERIOD", "900"))),
        offset=float(told("OFFSET", "0")),
        outputs=tuple(_output(word) for word in publish.split(",") if word),
        inputs=tuple(_input(word) for word in told("SUBSCRIBE", "").split(",") if word),
    )


def _output(word: str) -> Output:
    name, _, unit = word.partition(":")
    return Output(name, unit)


def _input(word: str) -> Input:
    key, _, unit = word.partition(":")
    esdl_type, output, *esdl_id = key.split("/", 2)
    return Input(esdl_type, output, esdl_id[0] if esdl_id else None, unit)


def _fault(environ: Mapping[str, str], model_id: str) -> Fault:
    kind = environ.get("QUICK_FAULT", "")
    if environ.get("QUICK_FAULT_MODEL", model_id) != model_id:
        kind = ""
    value = environ.get("QUICK_FAULT_VALUE")
    return Fault(kind, float(environ.get("QUICK_FAULT_AT", "0")), float(value) if value else None)
