from __future__ import annotations

from datetime import datetime

import pytest
from dots_infrastructure.DataClasses import TimeStepInformation
from dots_infrastructure.test_infra.InfluxDBMock import InfluxDBMock
from esdl import esdl
from household_connection_service.physics import demand_power
from household_connection_service.service import HouseholdConnectionService, annual_energy_behind

NOON = datetime(2024, 6, 21, 12)
STEP = TimeStepInformation(1, 96)


def connection(energy_system: esdl.EnergySystem, esdl_id: str) -> esdl.EConnection:
    return next(
        item
        for item in energy_system.eAllContents()
        if isinstance(item, esdl.EConnection) and item.id == esdl_id
    )


def test_it_has_one_calculation_run_by_its_inputs(service: HouseholdConnectionService) -> None:
    (calculation,) = service.calculations
    info = calculation.helics_value_federate_info
    assert info.calculation_name == "balance"
    assert [(i.esdl_type, i.input_name, i.input_unit) for i in info.inputs] == [
        ("PVInstallation", "active_power", "W")
    ]
    assert [(o.output_name, o.output_unit) for o in info.outputs] == [
        ("demand_power", "W"),
        ("generation_power", "W"),
        ("active_power", "W"),
    ]


def test_the_demands_of_a_building_add_up(service: HouseholdConnectionService) -> None:
    assert service.annual_energy == {"connection": 3504.0}


def test_the_balance_closes_in_what_it_publishes_and_writes(
    service: HouseholdConnectionService, store: InfluxDBMock
) -> None:
    inputs = {
        "PVInstallation/active_power/east": 123.456,
        "PVInstallation/active_power/west": 800.001,
    }
    published = service.balance(inputs, NOON, STEP, "connection", None)
    assert {point.output_name: point.value for point in store.data_points} == published
    assert published["demand_power"] == pytest.approx(demand_power(3504.0, NOON), abs=5e-4)
    assert published["generation_power"] == 923.457
    assert published["active_power"] == pytest.approx(
        published["demand_power"] - published["generation_power"], abs=1e-9
    )


@pytest.mark.parametrize(
    ("esdl_id", "complaint"),
    [
        ("outside", "Charging point .outside. is not in a Building"),
        ("no-demand", "Shed .shed. has no ElectricityDemand"),
        ("no-unit", "Barn .barn-demand.: give its port a SingleValue in kWh"),
    ],
)
def test_a_connection_whose_consumption_is_not_known_is_named(
    energy_system: esdl.EnergySystem, esdl_id: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        annual_energy_behind(connection(energy_system, esdl_id))
