"""The weather as a DOTS calculation service: one calculation, no inputs, every 15 minutes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import fsum
from typing import Any

import helics as h
from dots_infrastructure.DataClasses import (
    EsdlId,
    HelicsCalculationInformation,
    PublicationDescription,
    TimeStepInformation,
)
from dots_infrastructure.HelicsFederateHelpers import HelicsSimulationExecutor
from esdl import esdl

from weather_service.physics import (
    air_temperature,
    clear_sky_irradiance,
    cosine_of_zenith,
    through_clouds,
)

PERIOD = 900
"""Seconds."""
DIGITS = 3
"""Decimals of what is published: finer than any of the formulas, coarser than the last bits in
which the mathematical libraries of two machines differ."""


@dataclass(frozen=True)
class Settings:
    """What the service's own environment variables say."""

    utc_offset: timedelta
    """How far the clock of the simulation is ahead of UTC: `UTC_OFFSET_HOURS`, default 0."""
    cloud_cover: float
    """Share of the sky under clouds, 0 to 1: `CLOUD_COVER`, default 0."""

    @classmethod
    def from_environment(cls) -> Settings:
        """Raises ValueError where a variable is no number or out of range."""
        offset = float(os.environ.get("UTC_OFFSET_HOURS", "0"))
        if not -14.0 <= offset <= 14.0:
            raise ValueError(f"UTC_OFFSET_HOURS is {offset}, but must lie between -14 and 14")
        cover = float(os.environ.get("CLOUD_COVER", "0"))
        if not 0.0 <= cover <= 1.0:
            raise ValueError(f"CLOUD_COVER is {cover}, but must lie between 0 and 1")
        return cls(timedelta(hours=offset), cover)


class WeatherService(HelicsSimulationExecutor):
    """Simulates the EnvironmentalProfiles of an energy system.

    Publishes `solar_irradiance` (global horizontal, W/m2) and `air_temperature` (K) as they are at
    the instant of each step, and writes both as results.
    """

    def __init__(self) -> None:
        super().__init__()
        self.settings = Settings.from_environment()
        self.site = (0.0, 0.0)
        outputs = {"solar_irradiance": "W/m2", "air_temperature": "K"}
        self.add_calculation(
            HelicsCalculationInformation(
                time_period_in_seconds=PERIOD,
                offset=0,
                uninterruptible=False,
                wait_for_current_time_update=False,
                terminate_on_error=True,
                calculation_name="observe",
                inputs=[],
                outputs=[
                    PublicationDescription(
                        global_flag=True,
                        esdl_type="EnvironmentalProfiles",
                        output_name=name,
                        output_unit=unit,
                        data_type=h.HelicsDataType.DOUBLE,
                    )
                    for name, unit in outputs.items()
                ],
                calculation_function=self.observe,
            )
        )

    def init_calculation_service(self, energy_system: esdl.EnergySystem) -> None:
        """Called once by dots-infrastructure, when the ESDL has come."""
        self.site = site_of(energy_system)

    def observe(
        self,
        param_dict: dict[str, Any],
        simulation_time: datetime,
        time_step_number: TimeStepInformation,
        esdl_id: EsdlId,
        energy_system: esdl.EnergySystem,
    ) -> dict[str, float]:
        """The weather at `simulation_time`, the local clock of the simulation."""
        latitude, longitude = self.site
        cosine = cosine_of_zenith(simulation_time - self.settings.utc_offset, latitude, longitude)
        irradiance = through_clouds(clear_sky_irradiance(cosine), self.settings.cloud_cover)
        values = {
            "solar_irradiance": round(irradiance, DIGITS),
            "air_temperature": round(air_temperature(simulation_time), DIGITS),
        }
        for name, value in values.items():
            self.influx_connector.set_time_step_data_point(esdl_id, name, simulation_time, value)
        return values


def site_of(energy_system: esdl.EnergySystem) -> tuple[float, float]:
    """Latitude and longitude in degrees: the middle of the scenario's buildings.

    Raises ValueError where no building has a position.
    """
    places = [
        (item.geometry.lat, item.geometry.lon)
        for item in energy_system.eAllContents()
        if isinstance(item, esdl.Building) and isinstance(item.geometry, esdl.Point)
    ]
    if not places:
        raise ValueError("no Building of the scenario has a Point as its geometry: where is it?")
    # fsum: pyESDL walks the buildings in any order, and the sum must not depend on it.
    return (
        fsum(latitude for latitude, _ in places) / len(places),
        fsum(longitude for _, longitude in places) / len(places),
    )
