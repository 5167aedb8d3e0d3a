"""A service that believes it is in a federation: its environment, its ESDL file, its store."""

from __future__ import annotations

import pytest
from dots_infrastructure.test_infra.InfluxDBMock import InfluxDBMock
from esdl import esdl
from esdl.esdl_handler import EnergySystemHandler
from household_connection_service.service import HouseholdConnectionService

ESDL = """<?xml version="1.0" encoding="UTF-8"?>
<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:esdl="http://www.tno.nl/esdl" id="system" name="Test">
  <energySystemInformation xsi:type="esdl:EnergySystemInformation" id="information">
    <quantityAndUnits xsi:type="esdl:QuantityAndUnits" id="units">
      <quantityAndUnit xsi:type="esdl:QuantityAndUnitType" id="kwh" physicalQuantity="ENERGY"
          multiplier="KILO" unit="WATTHOUR"/>
    </quantityAndUnits>
  </energySystemInformation>
  <instance xsi:type="esdl:Instance" id="instance">
    <area xsi:type="esdl:Area" id="area">
      <asset xsi:type="esdl:Building" id="house" name="House">
        <asset xsi:type="esdl:EConnection" id="connection" name="Connection"/>
        <asset xsi:type="esdl:ElectricityDemand" id="flat-1" name="Flat 1">
          <port xsi:type="esdl:InPort" id="port-1">
            <profile xsi:type="esdl:SingleValue" id="profile-1" value="2000.0">
              <profileQuantityAndUnit xsi:type="esdl:QuantityAndUnitReference" reference="kwh"/>
            </profile>
          </port>
        </asset>
        <asset xsi:type="esdl:ElectricityDemand" id="flat-2" name="Flat 2">
          <port xsi:type="esdl:InPort" id="port-2">
            <profile xsi:type="esdl:SingleValue" id="profile-2" value="1504.0">
              <profileQuantityAndUnit xsi:type="esdl:QuantityAndUnitType"
                  physicalQuantity="ENERGY" multiplier="KILO" unit="WATTHOUR"/>
            </profile>
          </port>
        </asset>
      </asset>
      <asset xsi:type="esdl:Building" id="shed" name="Shed">
        <asset xsi:type="esdl:EConnection" id="no-demand" name="Connection of the shed"/>
      </asset>
      <asset xsi:type="esdl:Building" id="barn" name="Barn">
        <asset xsi:type="esdl:EConnection" id="no-unit" name="Connection of the barn"/>
        <asset xsi:type="esdl:ElectricityDemand" id="barn-demand" name="Barn">
          <port xsi:type="esdl:InPort" id="port-3">
            <profile xsi:type="esdl:SingleValue" id="profile-3" value="3.0"/>
          </port>
        </asset>
      </asset>
      <asset xsi:type="esdl:EConnection" id="outside" name="Charging point"/>
    </area>
  </instance>
</esdl:EnergySystem>
"""


@pytest.fixture
def energy_system() -> esdl.EnergySystem:
    handler = EnergySystemHandler()
    handler.load_from_string(ESDL)
    return handler.get_energy_system()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "calculation_services": "PVInstallation;EConnection",
        "esdl_type": "EConnection",
        "esdl_ids": "connection",
        "INFLUXDB_HOST": "http://localhost",
        "log_level": "warning",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def store() -> InfluxDBMock:
    return InfluxDBMock()


@pytest.fixture
def service(store: InfluxDBMock, energy_system: esdl.EnergySystem) -> HouseholdConnectionService:
    made = HouseholdConnectionService()
    made.influx_connector = store
    made.init_calculation_service(energy_system)
    return made
