from __future__ import annotations

from datetime import datetime

import pytest
from dots_infrastructure.DataClasses import TimeStepInformation
from dots_infrastructure.test_infra.InfluxDBMock import InfluxDBMock
from esdl import esdl
from pv_service.physics import Installation
from pv_service.service import PvService, installation_of

NOON = datetime(2024, 6, 21, 12)
STEP = TimeStepInformation(1, 96)
WEATHER = {
    "EnvironmentalProfiles/solar_irradiance/weather": 800.0,
    "EnvironmentalProfiles/air_temperature/weather": 293.15,
}


def test_it_has_one_calculation_run_by_its_inputs(service: PvService) -> None:
    (calculation,) = service.calculations
    info = calculation.helics_value_federate_info
    assert info.calculation_name == "generate"
    assert {(i.esdl_type, i.input_name, i.input_unit) for i in info.inputs} == {
        ("EnvironmentalProfiles", "solar_irradiance", "W/m2"),
        ("EnvironmentalProfiles", "air_temperature", "K"),
    }
    assert {(o.output_name, o.output_unit) for o in info.outputs} == {
        ("active_power", "W"),
        ("module_temperature", "K"),
    }


def test_it_knows_its_own_installations_only(service: PvService) -> None:
    assert service.installations == {
        "by-power": Installation(4000.0, 0.95),
        "by-area": Installation(4000.0, 1.0),
    }


def test_it_publishes_what_it_writes(service: PvService, store: InfluxDBMock) -> None:
    published = service.generate(WEATHER, NOON, STEP, "by-power", None)
    assert published == {
        "active_power": pytest.approx(4000.0 * 0.8 * (1 - 0.0037 * 20.0) * 0.95),
        "module_temperature": 318.15,
    }
    assert {point.output_name: point.value for point in store.data_points} == published
    assert {(p.esdl_id, p.datapoint_time) for p in store.data_points} == {("by-power", NOON)}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "give it `power`"),
        ({"surfaceArea": 20}, "give it `power`"),
        ({"power": -1.0}, "give it `power`"),
        ({"power": 4000.0, "inverterEfficiency": 96.0}, "inverterEfficiency"),
        ({"surfaceArea": 20, "panelEfficiency": 20.0}, "panelEfficiency"),
    ],
)
def test_an_installation_that_says_too_little_or_nonsense_is_named(
    given: dict[str, float], complaint: str
) -> None:
    asset = esdl.PVInstallation(id="id-1", name="Roof", **given)
    with pytest.raises(ValueError, match=complaint) as raised:
        installation_of(asset)
    assert "Roof (id-1)" in str(raised.value)
