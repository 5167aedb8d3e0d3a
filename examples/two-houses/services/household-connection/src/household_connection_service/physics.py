"""What a household consumes, and what is left for the grid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import fsum

HOURS_OF_YEAR = 8760.0

SHAPE = (
    0.48, 0.42, 0.39, 0.38, 0.40, 0.49, 0.78, 1.14, 1.08, 0.96, 0.93, 0.98,
    1.10, 1.03, 0.94, 0.93, 1.04, 1.42, 1.78, 1.74, 1.60, 1.44, 1.16, 0.79,
)  # fmt: skip
"""Relative consumption at each full hour of the local clock: low at night, a peak at breakfast, a
higher one in the evening. Made for this example; its form follows the standard load profiles of
households that network operators use (such as BDEW's H0)."""


def demand_power(annual_energy: float, local: datetime) -> float:
    """Power in W that a household consuming `annual_energy` (kWh a year) takes at `local`.

    Straight lines between the full hours of `SHAPE`, every day alike, so a year adds up to
    `annual_energy`.
    """
    hour = local.hour
    share = (local.minute * 60.0 + local.second) / 3600.0
    level = SHAPE[hour] + (SHAPE[(hour + 1) % 24] - SHAPE[hour]) * share
    mean_power = annual_energy * 1000.0 / HOURS_OF_YEAR
    return mean_power * level / (fsum(SHAPE) / len(SHAPE))


def balance(demand: float, generation: Iterable[float]) -> tuple[float, float]:
    """All generation of a household, and its power at the grid connection; both in W.

    The second is what the household draws from the grid, negative when it feeds in: demand =
    generation + power at the connection, nothing is lost or stored.
    """
    total = fsum(generation)
    return total, demand - total
