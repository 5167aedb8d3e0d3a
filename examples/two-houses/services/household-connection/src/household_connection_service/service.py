"""Grid connections as a DOTS calculation service: run when all panels of a house have reported."""

from __future__ import annotations

from datetime import datetime
from math import fsum
from typing import Any

import helics as h
from dots_infrastructure.CalculationServiceHelperFunctions import get_vector_param_with_name
from dots_infrastructure.DataClasses import (
    EsdlId,
    HelicsCalculationInformation,
    PublicationDescription,
    SubscriptionDescription,
    TimeStepInformation,
)
from dots_infrastructure.HelicsFederateHelpers import HelicsSimulationExecutor
from esdl import esdl

from household_connection_service.physics import balance, demand_power

PERIOD = 900
"""Seconds."""
DIGITS = 3
"""Decimals of what is published: finer than the formulas, coarser than the last bits in which
the mathematical libraries of two machines differ."""


class HouseholdConnectionService(HelicsSimulationExecutor):
    """Simulates the EConnections of an energy system; each needs a PVInstallation behind it.

    Takes `active_power` (W) of the PVInstallations that are in the same building or connected to
    it. Publishes in W `demand_power`, `generation_power` and `active_power`, which is the power
    drawn from the grid (negative: fed in), and writes the three as results.
    """

    def __init__(self) -> None:
        super().__init__()
        self.annual_energy: dict[EsdlId, float] = {}
        self.add_calculation(
            HelicsCalculationInformation(
                time_period_in_seconds=PERIOD,
                offset=0,
                uninterruptible=False,
                wait_for_current_time_update=False,
                terminate_on_error=True,
                calculation_name="balance",
                inputs=[
                    SubscriptionDescription(
                        esdl_type="PVInstallation",
                        input_name="active_power",
                        input_unit="W",
                        input_type=h.HelicsDataType.DOUBLE,
                    )
                ],
                outputs=[
                    PublicationDescription(
                        global_flag=True,
                        esdl_type="EConnection",
                        output_name=name,
                        output_unit="W",
                        data_type=h.HelicsDataType.DOUBLE,
                    )
                    for name in ("demand_power", "generation_power", "active_power")
                ],
                calculation_function=self.balance,
            )
        )

    def init_calculation_service(self, energy_system: esdl.EnergySystem) -> None:
        """Called once by dots-infrastructure, when the ESDL has come."""
        mine = set(self.simulator_configuration.esdl_ids)
        for item in energy_system.eAllContents():
            if isinstance(item, esdl.EConnection) and item.id in mine:
                self.annual_energy[item.id] = annual_energy_behind(item)

    def balance(
        self,
        param_dict: dict[str, Any],
        simulation_time: datetime,
        time_step_number: TimeStepInformation,
        esdl_id: EsdlId,
        energy_system: esdl.EnergySystem,
    ) -> dict[str, float]:
        """What passes one connection at `simulation_time`."""
        demand = round(demand_power(self.annual_energy[esdl_id], simulation_time), DIGITS)
        generation, drawn = balance(demand, get_vector_param_with_name(param_dict, "active_power"))
        values = {
            "demand_power": demand,
            "generation_power": round(generation, DIGITS),
            "active_power": round(drawn, DIGITS),
        }
        for name, value in values.items():
            self.influx_connector.set_time_step_data_point(esdl_id, name, simulation_time, value)
        return values


def annual_energy_behind(connection: esdl.EConnection) -> float:
    """What the ElectricityDemands in the connection's building consume, in kWh a year.

    Each gives it as a SingleValue in kWh on its port. Raises ValueError where the connection is
    in no building, nothing there consumes, or a consumption is not given so.
    """
    building = connection.eContainer()
    if not isinstance(building, esdl.Building):
        raise ValueError(f"{connection.name} ({connection.id}) is not in a Building")
    demands = [item for item in building.asset if isinstance(item, esdl.ElectricityDemand)]
    if not demands:
        raise ValueError(f"{building.name} ({building.id}) has no ElectricityDemand")
    return fsum(_annual_energy(item) for item in demands)


def _annual_energy(demand: esdl.ElectricityDemand) -> float:
    for port in demand.port:
        for profile in port.profile:
            if isinstance(profile, esdl.SingleValue) and _is_kwh(profile.profileQuantityAndUnit):
                return float(profile.value)
    raise ValueError(
        f"{demand.name} ({demand.id}): give its port a SingleValue in kWh, its annual consumption"
    )


def _is_kwh(quantity: esdl.AbstractQuantityAndUnit | None) -> bool:
    if isinstance(quantity, esdl.QuantityAndUnitReference):
        quantity = quantity.reference
    return (
        isinstance(quantity, esdl.QuantityAndUnitType)
        and quantity.unit == esdl.UnitEnum.WATTHOUR
        and quantity.multiplier == esdl.MultiplierEnum.KILO
    )
