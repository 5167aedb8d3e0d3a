"""Scenarios for quick models: an ESDL file and a service definition, written as a user would."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support import ROOT

SOURCE = ROOT / "tests" / "models" / "quick"

_ASSETS = {"PVInstallation", "EConnection", "ElectricityDemand", "HeatPump"}


@dataclass(frozen=True)
class Quick:
    """One service of quick models. `env` holds its `QUICK_...` variables."""

    name: str
    esdl_type: str
    env: Mapping[str, str] = field(default_factory=dict)
    objects: int = 1
    models: int = 1
    calculations: int | None = 1
    old: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


WEATHER = Quick("weather", "EnvironmentalProfiles", {"QUICK_PUBLISH": "irradiance:W/m2"})
PV = Quick(
    "pv",
    "PVInstallation",
    {
        "QUICK_PUBLISH": "power:W",
        "QUICK_SUBSCRIBE": "EnvironmentalProfiles/irradiance:W/m2",
    },
    objects=2,
    models=2,
    old=True,
)
HOUSE = Quick(
    "house",
    "EConnection",
    {"QUICK_PUBLISH": "load:W", "QUICK_SUBSCRIBE": "PVInstallation/power:W"},
    objects=2,
)
THREE = (WEATHER, PV, HOUSE)


def with_fault(service: Quick, kind: str, *, at: float = 0.0, value: object = None) -> Quick:
    """The same service, misbehaving; `models` and `objects` stay."""
    env = {**service.env, "QUICK_FAULT": kind, "QUICK_FAULT_AT": str(at)}
    if value is not None:
        env["QUICK_FAULT_VALUE"] = str(value)
    return Quick(**{**vars(service), "env": env})


def write(
    folder: Path,
    services: Sequence[Quick] = THREE,
    *,
    duration: int | str = 7200,
    limits: Mapping[str, str] | None = None,
    name: str = "scenario",
) -> Path:
    """Write `<name>.esdl` and its definition into a folder; returns the ESDL file."""
    folder.mkdir(parents=True, exist_ok=True)
    scenario = folder / f"{name}.esdl"
    scenario.write_text(esdl({s.esdl_type: s.objects for s in services}), encoding="utf-8")
    definition: dict[str, Any] = {
        "simulation": {"start": "2024-06-21 00:00:00", "duration": duration},
        "services": [_entry(service) for service in services],
    }
    if limits:
        definition["limits"] = dict(limits)
    path = folder / f"{name}.services.yaml"
    path.write_text(yaml.safe_dump(definition, sort_keys=False), encoding="utf-8")
    return scenario


def esdl(objects: Mapping[str, int]) -> str:
    """An ESDL file with so many objects of each type."""
    assets = []
    for esdl_type in sorted(set(objects) & _ASSETS):
        for n in range(objects[esdl_type]):
            ident = f"{esdl_type.lower()}-{n + 1}"
            assets.append(
                f'      <asset xsi:type="esdl:{esdl_type}" id="{ident}"'
                f' name="{esdl_type} {n + 1}"/>'
            )
    weather = ""
    if "EnvironmentalProfiles" in objects:
        weather = (
            '  <energySystemInformation xsi:type="esdl:EnergySystemInformation" id="info">\n'
            '    <environmentalProfiles xsi:type="esdl:EnvironmentalProfiles" id="weather-1"'
            ' name="weather"/>\n'
            "  </energySystemInformation>\n"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:esdl="http://www.tno.nl/esdl" id="system" name="quick">\n'
        f"{weather}"
        '  <instance xsi:type="esdl:Instance" id="instance" name="instance">\n'
        '    <area xsi:type="esdl:Area" id="area" name="area">\n'
        + "\n".join(assets)
        + "\n    </area>\n  </instance>\n</esdl:EnergySystem>\n"
    )


def _entry(service: Quick) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": service.name,
        "esdl_type": service.esdl_type,
        "source": str(SOURCE),
        "command": ["python", "-m", "quick"],
        "models": service.models,
        "env": {"QUICK_DIALECT": "old" if service.old else "new", **service.env},
    }
    if service.calculations is not None:
        entry["calculations"] = service.calculations
    return entry | dict(service.more)


def events_of(folder: Path) -> list[dict[str, Any]]:
    """What a run's supervisor has written."""
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line]
