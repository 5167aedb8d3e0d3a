"""Solar panels as a DOTS calculation service: one calculation, run when the weather is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import helics as h
from dots_infrastructure.CalculationServiceHelperFunctions import get_single_param_with_name
from dots_infrastructure.DataClasses import (
    EsdlId,
    HelicsCalculationInformation,
    PublicationDescription,
    SubscriptionDescription,
    TimeStepInformation,
)
from dots_infrastructure.HelicsFederateHelpers import HelicsSimulationExecutor
from esdl import esdl

from pv_service.physics import (
    STANDARD_IRRADIANCE,
    Installation,
    active_power,
    module_temperature,
)

PERIOD = 900
"""Seconds."""
DIGITS = 3
"""Decimals of what is published: finer than the formulas, coarser than the last bits in which
the mathematical libraries of two machines differ."""


class PvService(HelicsSimulationExecutor):
    """Simulates the PVInstallations of an energy system.

    Takes `solar_irradiance` (W/m2) and `air_temperature` (K) of the EnvironmentalProfiles.
    Publishes `active_power` (W, fed in counts positive) and `module_temperature` (K), and writes
    both as results.
    """

    def __init__(self) -> None:
        super().__init__()
        self.installations: dict[EsdlId, Installation] = {}
        inputs = {"solar_irradiance": "W/m2", "air_temperature": "K"}
        outputs = {"active_power": "W", "module_temperature": "K"}
        self.add_calculation(
            HelicsCalculationInformation(
                time_period_in_seconds=PERIOD,
                offset=0,
                uninterruptible=False,
                wait_for_current_time_update=False,
                terminate_on_error=True,
                calculation_name="generate",
                inputs=[
                    SubscriptionDescription(
                        esdl_type="EnvironmentalProfiles",
                        input_name=name,
                        input_unit=unit,
                        input_type=h.HelicsDataType.DOUBLE,
                    )
                    for name, unit in inputs.items()
                ],
                outputs=[
                    PublicationDescription(
                        global_flag=True,
                        esdl_type="PVInstallation",
                        output_name=name,
                        output_unit=unit,
                        data_type=h.HelicsDataType.DOUBLE,
                    )
                    for name, unit in outputs.items()
                ],
                calculation_function=self.generate,
            )
        )

    def init_calculation_service(self, energy_system: esdl.EnergySystem) -> None:
        """Called once by dots-infrastructure, when the ESDL has come."""
        mine = set(self.simulator_configuration.esdl_ids)
        for item in energy_system.eAllContents():
            if isinstance(item, esdl.PVInstallation) and item.id in mine:
                self.installations[item.id] = installation_of(item)

    def generate(
        self,
        param_dict: dict[str, Any],
        simulation_time: datetime,
        time_step_number: TimeStepInformation,
        esdl_id: EsdlId,
        energy_system: esdl.EnergySystem,
    ) -> dict[str, float]:
        """What one installation does at `simulation_time`."""
        irradiance = get_single_param_with_name(param_dict, "solar_irradiance")
        module = module_temperature(
            irradiance, get_single_param_with_name(param_dict, "air_temperature")
        )
        power = active_power(self.installations[esdl_id], irradiance, module)
        values = {
            "active_power": round(power, DIGITS),
            "module_temperature": round(module, DIGITS),
        }
        for name, value in values.items():
            self.influx_connector.set_time_step_data_point(esdl_id, name, simulation_time, value)
        return values


def installation_of(asset: esdl.PVInstallation) -> Installation:
    """The installation that an ESDL asset describes.

    Its peak power is the attribute `power` (W), or else `surfaceArea` (m2) times
    `panelEfficiency`. An `inverterEfficiency` that is not given counts as 1. Raises ValueError
    where neither is there or an efficiency is no share.
    """
    for name in ("panelEfficiency", "inverterEfficiency"):
        if not 0.0 <= getattr(asset, name) <= 1.0:
            raise ValueError(f"{asset.name} ({asset.id}): {name} must lie between 0 and 1")
    peak = asset.power or asset.surfaceArea * asset.panelEfficiency * STANDARD_IRRADIANCE
    if peak <= 0.0:
        raise ValueError(
            f"{asset.name} ({asset.id}): give it `power`, or `surfaceArea` and `panelEfficiency`"
        )
    return Installation(float(peak), float(asset.inverterEfficiency or 1.0))
