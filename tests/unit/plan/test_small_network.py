"""A real network with the request that a DOTS platform gets for it: the plan says the same."""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path

import pytest
from esdl.esdl_handler import EnergySystemHandler

from dots_cli.definition import read
from dots_cli.plan.build import build
from dots_cli.plan.names import sanitised
from tests.support import DATA

EXAMPLES = DATA / "dots-examples"
pytestmark = pytest.mark.skipif(
    not EXAMPLES.is_dir(), reason="no examples of others beside this checkout"
)


def test_objects_and_models_are_those_of_the_request() -> None:
    request = json.loads((EXAMPLES / "small-test-post.json").read_text(encoding="utf-8"))
    system = EnergySystemHandler().load_file(str(EXAMPLES / "small-test.esdl"))
    everything = [*system.eAllContents(), system]
    scenario, definition = read(EXAMPLES / "small-test.esdl", EXAMPLES / "small-test-post.json")
    plan = build(scenario, definition, run_id="small-test-abc234", runtime="docker")
    for wanted in request["calculation_services"]:
        expected = {o.id for o in everything if type(o).__name__ == wanted["esdl_type"]}
        models = [m for m in plan.models if m.service == wanted["calc_service_name"]]
        found = [item.id for model in models for item in model.objects]
        assert set(found) == expected and len(found) == len(expected)
        per_model = ceil(len(expected) / (wanted["nr_of_models"] or len(expected) or 1))
        assert len(models) == (ceil(len(expected) / per_model) if expected else 0)
        stem = sanitised(wanted["calc_service_name"])
        assert [m.id for m in models] == [f"{stem}-{n + 1}" for n in range(len(models))]
        assert all(m.calculations == wanted["amount_of_calculations"] for m in models)
    assert plan.simulation.duration == request["simulation_duration_in_seconds"]
    assert str(plan.simulation.start) == request["start_date"]


def test_a_definition_written_by_hand_gives_the_same_models(tmp_path: Path) -> None:
    services = [
        ("edemandservice", "ElectricityDemand", 1),
        ("emsservice", "EConnection", 1),
        ("lvnetworkservice", "EnergySystem", 1),
        ("pvsystemservice", "PVInstallation", 1),
        ("EnvironmentalProfiles", "EnvironmentalProfiles", 1),
        ("evservice", "EVChargingStation", 2),
        ("heatpumpservice", "HeatPump", 2),
        ("hybridheatpumpservice", "HybridHeatPump", 2),
    ]
    lines = ["simulation: {start: 2020-08-11, duration: 60h, log_level: debug}", "services:"]
    for name, esdl_type, calculations in services:
        image = f"ghcr.io/dots-energy-services/{name.lower()}:latest"
        lines.append(
            f"  - {{name: {name}, esdl_type: {esdl_type}, image: '{image}', models: 1,"
            f" calculations: {calculations}}}"
        )
    (tmp_path / "services.yaml").write_text("\n".join(lines), encoding="utf-8")
    by_hand = read(EXAMPLES / "small-test.esdl", tmp_path / "services.yaml")
    by_request = read(EXAMPLES / "small-test.esdl", EXAMPLES / "small-test-post.json")
    plans = [build(s, d, run_id="a-abc234", runtime="docker") for s, d in (by_hand, by_request)]
    assert plans[0].models == plans[1].models
    assert plans[0].federation.declared_calculations == 9
