"""A photovoltaic installation: how warm its modules get and what they feed in."""

from __future__ import annotations

from dataclasses import dataclass

STANDARD_IRRADIANCE = 1000.0
"""W/m2, standard test conditions (IEC 60904-3)."""
STANDARD_TEMPERATURE = 298.15
"""K, 25 degC, standard test conditions."""
NOMINAL_OPERATING_TEMPERATURE = 318.15
"""K, 45 degC: a module's temperature at 800 W/m2 and 20 degC air (IEC 61215)."""
TEMPERATURE_COEFFICIENT = -0.0037
"""1/K, crystalline silicon: the share of its power that a module loses per kelvin."""


@dataclass(frozen=True)
class Installation:
    """`peak_power` in W at standard test conditions; `inverter_efficiency` between 0 and 1."""

    peak_power: float
    inverter_efficiency: float


def module_temperature(irradiance: float, air: float) -> float:
    """Temperature of the modules in K at `irradiance` in W/m2 and `air` in K.

    Linear in the irradiance: R. G. Ross, "Interface design considerations for terrestrial solar
    cell modules", 12th IEEE Photovoltaic Specialists Conference (1976) 801-806.
    """
    return air + (NOMINAL_OPERATING_TEMPERATURE - 293.15) / 800.0 * irradiance


def active_power(installation: Installation, irradiance: float, module: float) -> float:
    """Power fed in, in W, at `irradiance` in W/m2 and `module` temperature in K; never negative.

    Linear in irradiance and temperature, as in A. P. Dobos, "PVWatts Version 5 Manual",
    NREL/TP-6A20-62641 (2014). The modules lie flat: they see the horizontal irradiance.
    """
    warming = 1.0 + TEMPERATURE_COEFFICIENT * (module - STANDARD_TEMPERATURE)
    direct = installation.peak_power * irradiance / STANDARD_IRRADIANCE * warming
    return max(0.0, direct * installation.inverter_efficiency)
