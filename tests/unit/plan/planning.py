"""Scenarios and definitions made of nothing, for tests of what a plan makes of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from dots_cli.definition import Definition, EsdlObject, LimitSettings, Scenario, Service
from dots_cli.plan.build import build
from dots_cli.plan.model import ContainerSpec, Plan, RuntimeName


def scenario_of(**counts: int) -> Scenario:
    """A scenario with so many objects of each class: `PVInstallation=3`."""
    objects = [
        EsdlObject(esdl_type, f"{esdl_type}-{n}", f"name {n}", line=n)
        for esdl_type, count in counts.items()
        for n in range(1, count + 1)
    ]
    objects.append(EsdlObject("EnergySystem", "system", "", line=1))
    return Scenario(Path("town.esdl"), b"", tuple(objects), frozenset({*counts, "EnergySystem"}))


def service(name: str, esdl_type: str, **more: Any) -> Service:
    """A service that can be started on both runtimes."""
    given = {"image": f"registry/{name}", "source": Path("/src") / name, "command": ("run",)}
    return Service(name=name, esdl_type=esdl_type, **(given | more))


def definition_of(*services: Service, **more: Any) -> Definition:
    """A definition of a day in 2024 with these services."""
    given = {
        "path": Path("services.yaml"),
        "content": b"",
        "start": datetime(2024, 1, 1),
        "duration": 86_400,
        "log_level": "info",
        "limits": LimitSettings(),
        "store": None,
    }
    return Definition(services=services, **(given | more))


def plan_of(scenario: Scenario, definition: Definition, runtime: RuntimeName = "process") -> Plan:
    """The plan of a run called `town-abc234`."""
    return build(scenario, definition, run_id="town-abc234", runtime=runtime)


def container(plan: Plan, name: str) -> ContainerSpec:
    """The container of that name."""
    (found,) = (spec for spec in plan.containers if spec.name == name)
    return found
