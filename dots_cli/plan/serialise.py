"""The plan as JSON and back: the same bytes for the same plan."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dots_cli.plan.model import (
    PLAN_FORMAT,
    ContainerSpec,
    EsdlRef,
    Federation,
    FileCopy,
    HealthCheck,
    Limits,
    Model,
    Plan,
    Port,
    Simulation,
    StorePlan,
)


def to_data(plan: Plan) -> dict[str, Any]:
    """The plan as dicts, lists and scalars; an environment is an object, times are ISO 8601."""
    data = dataclasses.asdict(plan)
    data["simulation"]["start"] = plan.simulation.start.isoformat(sep=" ")
    for container in data["containers"]:
        container["environment"] = dict(container["environment"])
        container["labels"] = dict(container["labels"])
    return data


def to_json(plan: Plan) -> str:
    """The plan as an indented JSON document that ends with a newline."""
    return json.dumps(to_data(plan), indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> Plan:
    """The plan of a JSON document; ValueError where it is none of this version's format."""
    data = json.loads(text)
    if data.get("format") != PLAN_FORMAT:
        raise ValueError(f"a plan of format {data.get('format')}, this version reads {PLAN_FORMAT}")
    return Plan(
        format=data["format"],
        run_id=data["run_id"],
        scenario=data["scenario"],
        runtime=data["runtime"],
        simulation=Simulation(
            start=datetime.fromisoformat(data["simulation"]["start"]),
            duration=data["simulation"]["duration"],
            log_level=data["simulation"]["log_level"],
        ),
        limits=Limits(**data["limits"]),
        services=tuple(data["services"]),
        models=tuple(_model(item) for item in data["models"]),
        federation=Federation(
            models=tuple(data["federation"]["models"]),
            declared_calculations=data["federation"]["declared_calculations"],
        ),
        store=StorePlan(**data["store"]),
        containers=tuple(_container(item) for item in data["containers"]),
        unserved=tuple(data["unserved"]),
        variables=tuple(data["variables"]),
        external=tuple(data.get("external", ())),
        warnings=tuple(data["warnings"]),
    )


def _model(data: Mapping[str, Any]) -> Model:
    objects = tuple(EsdlRef(**item) for item in data["objects"])
    return Model(**{**data, "objects": objects})


def _container(data: Mapping[str, Any]) -> ContainerSpec:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
    }
    for mapping in ("environment", "labels"):
        values[mapping] = tuple(data[mapping].items())
    values["files"] = tuple(FileCopy(**item) for item in data["files"])
    values["ports"] = tuple(Port(**item) for item in data["ports"])
    values["health"] = HealthCheck(**data["health"]) if data["health"] else None
    return ContainerSpec(**values)
