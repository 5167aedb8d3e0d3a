from __future__ import annotations

import pytest

from dots_cli.definition.dealing import chunks
from dots_cli.plan.federation import federation_of, models_of
from tests.unit.plan.planning import scenario_of, service


@pytest.mark.parametrize(
    ("objects", "models", "sizes"),
    [
        (5, 0, [1, 1, 1, 1, 1]),
        (5, 1, [5]),
        (5, 2, [3, 2]),
        (5, 4, [2, 2, 1]),
        (5, 9, [1, 1, 1, 1, 1]),
        (6, 4, [2, 2, 2]),
        (0, 0, []),
        (0, 3, []),
    ],
)
def test_objects_are_dealt_out_in_chunks(objects: int, models: int, sizes: list[int]) -> None:
    items = scenario_of(PVInstallation=objects).by_type.get("PVInstallation", ())
    dealt = chunks(items, models)
    assert [len(chunk) for chunk in dealt] == sizes
    assert [item for chunk in dealt for item in chunk] == list(items)


def test_models_keep_the_order_of_the_document() -> None:
    models = models_of(service("pv", "PVInstallation", models=2), scenario_of(PVInstallation=3))
    assert [(m.id, [o.id for o in m.objects]) for m in models] == [
        ("pv-1", ["PVInstallation-1", "PVInstallation-2"]),
        ("pv-2", ["PVInstallation-3"]),
    ]


def test_the_energy_system_itself_can_be_simulated() -> None:
    (model,) = models_of(service("network", "EnergySystem"), scenario_of())
    assert [item.id for item in model.objects] == ["system"]


def test_the_class_must_be_exactly_that_of_the_service() -> None:
    assert models_of(service("heat", "HeatPump"), scenario_of(HybridHeatPump=2)) == []


def test_the_number_of_calculations_is_known_when_every_service_declares_it() -> None:
    scenario = scenario_of(PVInstallation=3, HeatPump=1)
    pv = models_of(service("pv", "PVInstallation", models=0, calculations=2), scenario)
    heat = models_of(service("heat", "HeatPump", calculations=1), scenario)
    silent = models_of(service("silent", "HeatPump"), scenario)
    assert federation_of([*pv, *heat]).declared_calculations == 7
    assert federation_of([*pv, *silent]).declared_calculations is None
    assert federation_of([]).declared_calculations == 0
