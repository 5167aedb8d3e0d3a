from __future__ import annotations

from datetime import datetime

import pytest
from dots_infrastructure.DataClasses import TimeStepInformation
from dots_infrastructure.test_infra.InfluxDBMock import InfluxDBMock
from esdl import esdl
from weather_service.physics import air_temperature, clear_sky_irradiance, cosine_of_zenith
from weather_service.service import WeatherService, site_of

STEP = TimeStepInformation(1, 96)
NOON = datetime(2024, 6, 21, 12)


def test_it_has_one_calculation_without_inputs_every_fifteen_minutes(
    service: WeatherService,
) -> None:
    (calculation,) = service.calculations
    info = calculation.helics_value_federate_info
    assert (info.calculation_name, info.time_period_in_seconds) == ("observe", 900)
    assert info.inputs == []
    assert {(o.output_name, o.output_unit) for o in info.outputs} == {
        ("solar_irradiance", "W/m2"),
        ("air_temperature", "K"),
    }


def test_the_place_is_the_middle_of_the_buildings(energy_system: esdl.EnergySystem) -> None:
    assert site_of(energy_system) == (52.0, 5.5)


def test_without_a_building_somewhere_it_says_so() -> None:
    with pytest.raises(ValueError, match="no Building"):
        site_of(esdl.EnergySystem(id="empty"))


def test_it_publishes_what_it_writes(service: WeatherService, store: InfluxDBMock) -> None:
    published = service.observe({}, NOON, STEP, "weather", None)
    written = {point.output_name: point.value for point in store.data_points}
    assert published == written
    assert {point.datapoint_time for point in store.data_points} == {NOON}
    sun = clear_sky_irradiance(cosine_of_zenith(NOON, 52.0, 5.5))
    assert published["solar_irradiance"] == pytest.approx(sun, abs=5e-4)
    assert published["air_temperature"] == pytest.approx(air_temperature(NOON), abs=5e-4)


def test_a_clock_ahead_of_utc_moves_the_sun_and_not_the_warmth(
    monkeypatch: pytest.MonkeyPatch, energy_system: esdl.EnergySystem
) -> None:
    monkeypatch.setenv("UTC_OFFSET_HOURS", "2")
    ahead = WeatherService()
    ahead.influx_connector = InfluxDBMock()
    ahead.init_calculation_service(energy_system)
    seen = ahead.observe({}, datetime(2024, 6, 21, 14), STEP, "weather", None)
    sun = clear_sky_irradiance(cosine_of_zenith(NOON, 52.0, 5.5))
    assert seen["solar_irradiance"] == pytest.approx(sun, abs=5e-4)
    assert seen["air_temperature"] == pytest.approx(
        air_temperature(datetime(2024, 6, 21, 14)), abs=5e-4
    )


@pytest.mark.parametrize(
    ("name", "value"), [("CLOUD_COVER", "1.2"), ("CLOUD_COVER", "-1"), ("UTC_OFFSET_HOURS", "25")]
)
def test_a_setting_out_of_range_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=name):
        WeatherService()
