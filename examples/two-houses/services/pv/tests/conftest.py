"""A service that believes it is in a federation: its environment, its ESDL file, its store."""

from __future__ import annotations

import pytest
from dots_infrastructure.test_infra.InfluxDBMock import InfluxDBMock
from esdl import esdl
from esdl.esdl_handler import EnergySystemHandler
from pv_service.service import PvService

ESDL = """<?xml version="1.0" encoding="UTF-8"?>
<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:esdl="http://www.tno.nl/esdl" id="system" name="Test">
  <instance xsi:type="esdl:Instance" id="instance">
    <area xsi:type="esdl:Area" id="area">
      <asset xsi:type="esdl:PVInstallation" id="by-power" name="By power" power="4000.0"
          inverterEfficiency="0.95"/>
      <asset xsi:type="esdl:PVInstallation" id="by-area" name="By area" surfaceArea="20"
          panelEfficiency="0.2"/>
      <asset xsi:type="esdl:PVInstallation" id="of-somebody-else" name="Of another model"/>
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
        "calculation_services": "EnvironmentalProfiles;PVInstallation",
        "esdl_type": "PVInstallation",
        "esdl_ids": "by-power;by-area",
        "INFLUXDB_HOST": "http://localhost",
        "log_level": "warning",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def store() -> InfluxDBMock:
    return InfluxDBMock()


@pytest.fixture
def service(store: InfluxDBMock, energy_system: esdl.EnergySystem) -> PvService:
    made = PvService()
    made.influx_connector = store
    made.init_calculation_service(energy_system)
    return made
