"""What supervisor, guard and command line take of the processors, against the models.

    python benchmarks/overhead.py [--quick]

The example over 40 simulated days, twice and the median: long enough that starting is not most of
it, short for a study. The goal is 3 % of what the models take. The same for one day tells what
starting and showing the results cost once. The conductor's and the store's shares are printed
beside; the conductor is the HELICS broker, which every co-simulation has.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import runs
from measured import QUICK, conclude, figure, load

LARGEST_RATIO = 0.03
DAYS, TIMES = (2, 1) if QUICK else (40, 2)
OURS = ("command line", "supervisor", "guard")
BESIDE = ("broker", "store")


@dataclass(frozen=True)
class Taken:
    """Seconds on a processor in one run."""

    parts: dict[str, float]
    models: float

    @property
    def ours(self) -> float:
        return sum(self.parts[name] for name in OURS)


def main() -> int:
    """Measure and print; 1 where the goal is missed."""
    print(load())
    with runs.workplace() as folder:
        (folder / "short").mkdir()
        (folder / "long").mkdir()
        short = runs.two_houses(folder / "short", "1d")
        runs.run(short)  # the environments are ready from here on
        once = measure(short)
        scenario = runs.two_houses(folder / "long", f"{DAYS}d")
        found = [measure(scenario) for _ in range(TIMES)]
    ours, models = median(one.ours for one in found), median(one.models for one in found)
    print(f"{DAYS} days       models {models:.1f} s on a processor, dots {ours:.2f} s")
    for name in (*OURS, *BESIDE):
        part = median(one.parts[name] for one in found)
        print(f"  {name:<13} {part:.2f} s, {part / models:.2%} of the models'")
    print(f"1 day         models {once.models:.1f} s, dots {once.ours:.2f} s")
    grown = (ours - once.ours) / (models - once.models)
    print(f"beyond the first day {grown:.2%} of the models'")
    print(load())
    return conclude(figure("supervisor, guard, command line", ours, models, LARGEST_RATIO))


def measure(scenario: Path) -> Taken:
    """One run."""
    done = runs.run(scenario)
    parts = {name: done.processor.get(name, 0.0) for name in (*OURS, *BESIDE)}
    return Taken(parts, sum(done.processor[name] for name in done.models))


if __name__ == "__main__":
    sys.exit(main())
