"""What supervisor, guard and command line take of the processors, against the models.

    python benchmarks/overhead.py [--quick]

The goal is 3 % of what the models take. Ours is most of a second once, for reading the scenario and
starting, so the share depends on how long models compute. The goal is held against a minute of it:
quick models, each of which computes for 50 ms in each of 288 steps. Beside it the example over 40
simulated days, whose models do next to nothing but talk. The conductor's and the store's shares are
told too; the conductor is the HELICS broker, which every co-simulation has.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import runs
from measured import QUICK, conclude, figure, load

LARGEST_RATIO = 0.03
DAYS, COMPUTING = ("2d", 0.001) if QUICK else ("40d", 0.05)
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
        for name in ("short", "long", "busy"):
            (folder / name).mkdir()
        short = runs.two_houses(folder / "short", "1d")
        runs.run(short)  # the environments are ready from here on
        tell("the example, 1 day", measure(short))
        tell(f"the example, {DAYS}", measure(runs.two_houses(folder / "long", DAYS)))
        busy = measure(runs.quick_models(folder / "busy", "3d", computing=COMPUTING))
        tell("models that compute", busy)
    print(load())
    return conclude(
        figure("supervisor, guard, command line", busy.ours, busy.models, LARGEST_RATIO)
    )


def measure(scenario: Path) -> Taken:
    """One run."""
    done = runs.run(scenario)
    parts = {name: done.processor.get(name, 0.0) for name in (*OURS, *BESIDE)}
    return Taken(parts, sum(done.processor[name] for name in done.models))


def tell(what: str, taken: Taken) -> None:
    print(f"{what:<20} models {taken.models:.1f} s, ours {taken.ours / taken.models:.1%} of it")
    for name in (*OURS, *BESIDE):
        print(f"  {name:<13} {taken.parts[name]:.2f} s, {taken.parts[name] / taken.models:.1%}")


if __name__ == "__main__":
    sys.exit(main())
