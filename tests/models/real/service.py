"""A calculation service on the real dots-infrastructure: what a quick model is compared with.

It computes `value` of each of its objects as one more than half of what the weather says, as a
quick model with these inputs does, and prints a line per object and step. It keeps no points.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import helics as h
from dots_infrastructure.DataClasses import (
    HelicsCalculationInformation,
    PublicationDescription,
    SubscriptionDescription,
)
from dots_infrastructure.HelicsFederateHelpers import HelicsSimulationExecutor

START = datetime(2024, 1, 1)


def calculate(
    inputs: dict[str, float], time: datetime, step: object, esdl_id: str, energy_system: object
) -> dict[str, Any]:
    """One step of one object."""
    value = 0.5 * sum(inputs.values()) + 1.0
    print("computed", esdl_id, (time - START).total_seconds(), value, flush=True)
    return {"value": value}


def main() -> None:
    """Take part in a simulation, as a published service does."""
    double = h.HelicsDataType.DOUBLE
    executor = HelicsSimulationExecutor()
    executor.add_calculation(
        HelicsCalculationInformation(
            time_period_in_seconds=900,
            offset=0,
            uninterruptible=False,
            wait_for_current_time_update=False,
            terminate_on_error=True,
            calculation_name="calculation_1",
            inputs=[SubscriptionDescription("EnvironmentalProfiles", "value", "kW", double)],
            outputs=[PublicationDescription(True, "PVInstallation", "value", "kW", double)],
            calculation_function=calculate,
        )
    )
    executor.start_simulation()
    executor.stop_simulation()


if __name__ == "__main__":
    main()
