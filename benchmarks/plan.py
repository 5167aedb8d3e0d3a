"""`dots plan` of a generated 3 MB energy system against pyESDL's bare import and load.

    python benchmarks/plan.py [--quick]

Prints the ratio of the times, at most 1.3, and the peak memory, under 300 MB. Each is the best of
several runs, taken in turns, so that a machine that does something else hurts both alike.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from generated import write_energy_system
from measured import QUICK, Measured, best_of, conclude, figure, load

OBJECTS = 500 if QUICK else 5_000
LARGEST_RATIO, LARGEST_MEMORY = 1.3, 300.0
BARE = (
    "import sys; from esdl.esdl_handler import EnergySystemHandler;"
    "EnergySystemHandler().load_file(sys.argv[1])"
)
SERVICES = """\
simulation: {start: 2024-01-01, duration: 24h}
services:
  - {name: weather, esdl_type: EnvironmentalProfiles, image: weather}
  - {name: pv, esdl_type: PVInstallation, image: pv, models: 10}
  - {name: demand, esdl_type: ElectricityDemand, image: demand, models: 10}
  - {name: heat-pump, esdl_type: HeatPump, image: heat-pump, models: 10}
  - {name: connection, esdl_type: EConnection, image: connection}
"""


def main() -> int:
    """Measure and print; 1 where a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "generated.esdl"
        write_energy_system(scenario, OBJECTS)
        (Path(folder) / "services.yaml").write_text(SERVICES, encoding="utf-8")
        bare, plan = best_of(
            1 if QUICK else 7,
            [sys.executable, "-c", BARE, str(scenario)],
            [sys.executable, "-m", "dots_cli", "plan", str(scenario), "--runtime", "docker"],
        )
        size = scenario.stat().st_size / 1e6
    ratio = plan.seconds / bare.seconds
    on_processor = plan.processor / bare.processor
    print(f"scenario         {size:.1f} MB, {OBJECTS} objects")
    print(f"pyESDL           {_shown(bare)}")
    print(f"dots plan        {_shown(plan)}")
    print(f"ratio            {ratio:.2f} (goal: at most {LARGEST_RATIO})")
    print(f"processor time   {on_processor:.2f} (the ratio that a busy machine disturbs less)")
    print(f"peak memory      {plan.megabytes:.0f} MB (goal: under {LARGEST_MEMORY:.0f})")
    print(load())
    return conclude(
        figure("dots plan", plan.seconds, bare.seconds, LARGEST_RATIO),
        figure("dots plan, memory", plan.megabytes, None, LARGEST_MEMORY, "MB"),
    )


def _shown(measured: Measured) -> str:
    return f"{measured.seconds:.2f} s, {measured.megabytes:.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
