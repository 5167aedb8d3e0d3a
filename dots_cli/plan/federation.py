"""Who simulates what: services and objects become models.

Source: docs/protocol.md, "What decides the models".
"""

from __future__ import annotations

from collections.abc import Sequence

from dots_cli.definition import Scenario, Service
from dots_cli.definition.dealing import chunks
from dots_cli.plan.model import EsdlRef, Federation, Model
from dots_cli.plan.names import model_id


def models_of(service: Service, scenario: Scenario) -> list[Model]:
    """The models of a service: none where no object has its ESDL class."""
    objects = scenario.by_type.get(service.esdl_type, ())
    return [
        Model(
            id=model_id(service.name, number),
            service=service.name,
            esdl_type=service.esdl_type,
            objects=tuple(EsdlRef(id=item.id, name=item.name) for item in chunk),
            calculations=service.calculations,
            line=service.line,
        )
        for number, chunk in enumerate(chunks(objects, service.models), start=1)
    ]


def federation_of(models: Sequence[Model]) -> Federation:
    """Who takes part, and how many calculations where every model's number is declared."""
    declared: int | None = 0
    for model in models:
        if declared is not None:
            declared = None if model.calculations is None else declared + model.calculations
    return Federation(models=tuple(model.id for model in models), declared_calculations=declared)
