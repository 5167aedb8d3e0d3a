"""A service that believes it is in a federation: its environment, its ESDL file, its store."""

from __future__ import annotations

import pytest
from dots_infrastructure.test_infra.InfluxDBMock import InfluxDBMock
from esdl import esdl
from esdl.esdl_handler import EnergySystemHandler
from weather_service.service import WeatherService

ESDL = """<?xml version="1.0" encoding="UTF-8"?>
<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:esdl="http://www.tno.nl/esdl" id="system" name="Test">
  <energySystemInformation xsi:type="esdl:EnergySystemInformation" id="information">
    <environmentalProfiles xsi:type="esdl:EnvironmentalProfiles" id="weather" name="Weather"/>
  </energySystemInformation>
  <instance xsi:type="esdl:Instance" id="instance">
    <area xsi:type="esdl:Area" id="area">
      <asset xsi:type="esdl:ElectricityNetwork" id="network" name="Far away">
        <geometry xsi:type="esdl:Point" lat="0.0" lon="0.0"/>
      </asset>
      <asset xsi:type="esdl:Building" id="north" name="North">
        <geometry xsi:type="esdl:Point" lat="52.5" lon="5.0"/>
      </asset>
      <asset xsi:type="esdl:Building" id="south" name="South">
        <geometry xsi:type="esdl:Point" lat="51.5" lon="6.0"/>
      </asset>
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
        "calculation_services": "EnvironmentalProfiles",
        "esdl_type": "EnvironmentalProfiles",
        "esdl_ids": "weather",
        "INFLUXDB_HOST": "http://localhost",
        "log_level": "warning",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def store() -> InfluxDBMock:
    return InfluxDBMock()


@pytest.fixture
def service(store: InfluxDBMock, energy_system: esdl.EnergySystem) -> WeatherService:
    made = WeatherService()
    made.influx_connector = store
    made.init_calculation_service(energy_system)
    return made
