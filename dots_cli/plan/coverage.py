"""Which objects of a scenario get a model, and which do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dots_cli.definition import Scenario, Service
from dots_cli.plan.federation import models_of


@dataclass(frozen=True)
class ServiceCoverage:
    """What a service would simulate: how many objects, by which models."""

    name: str
    esdl_type: str
    objects: int
    models: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """Every service with what it would start, and the objects that no service simulates.

    `without_service` counts objects by ESDL class, in order of appearance; only classes of which a
    model may make sense.
    """

    services: tuple[ServiceCoverage, ...]
    without_service: tuple[tuple[str, int], ...]


def coverage_of(scenario: Scenario, services: Sequence[Service]) -> Coverage:
    """How the services of a definition cover a scenario."""
    served = {service.esdl_type for service in services}
    return Coverage(
        services=tuple(
            ServiceCoverage(
                name=service.name,
                esdl_type=service.esdl_type,
                objects=len(scenario.by_type.get(service.esdl_type, ())),
                models=tuple(model.id for model in models_of(service, scenario)),
            )
            for service in services
        ),
        without_service=tuple(
            (esdl_type, len(objects))
            for esdl_type, objects in scenario.by_type.items()
            if esdl_type in scenario.simulatable and esdl_type not in served
        ),
    )
