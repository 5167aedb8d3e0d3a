"""From the last model's end to the verdict on the screen, and from a kill to the model's name.

    python benchmarks/verdict.py [--quick]

A healthy run's verdict is to be printed within 0.5 s of the end of its last model; where a model is
killed, its name and the verdict within 2 s, by when the others have written and ended too. Ends are
those that the system tells (a process is gone), the screen is the output of `dots run`, read as it
comes. The longest of several runs is what counts.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from statistics import median

import runs
from measured import QUICK, conclude, figure, load

LONGEST_END, LONGEST_KILL = 0.5, 2.0
TIMES = 1 if QUICK else 5
MODEL_FAILED = 5


def main() -> int:
    """Measure and print; 1 where a goal is missed."""
    print(load())
    with runs.workplace() as folder:
        for name in ("two-houses", "quick", "slow"):
            (folder / name).mkdir()
        example = runs.two_houses(folder / "two-houses", "1d")
        quick = runs.quick_models(folder / "quick", "1d")
        slow = runs.quick_models(folder / "slow", "1d", sleeping=0.25)
        runs.run(example)  # the environments are ready from here on
        runs.run(quick)
        ends = [healthy(scenario) for _ in range(TIMES) for scenario in (example, quick)]
        kills = [killed(slow) for _ in range(TIMES)]
    tell("last model's end to verdict", [shown for shown, _ in ends])
    tell("  of these in the supervisor", [told for _, told in ends])
    tell("kill to the model's name", [named for named, _ in kills])
    tell("kill to the verdict", [failed for _, failed in kills])
    print(load())
    return conclude(
        figure("last model's end to verdict", max(shown for shown, _ in ends), None, LONGEST_END),
        figure("killed model to verdict", max(failed for _, failed in kills), None, LONGEST_KILL),
    )


def healthy(scenario: Path) -> tuple[float, float]:
    """Seconds from the last model's end to the verdict on the screen, and to its event."""
    done = runs.run(scenario)
    (verdict,) = [event for event in done.events() if event["event"] == "verdict_reached"]
    assert done.folder
    last = max(done.ends.values())
    return done.shown(f"{done.folder.name} succeeded") - last, verdict["at"] - last


def killed(scenario: Path) -> tuple[float, float]:
    """Seconds from a `kill -9` of a model to its name on the screen, and to the run's verdict."""
    at: list[float] = []

    def kill(going: runs.Run) -> None:
        runs.wait_for(going, "progress")
        (pid,) = [
            int(event["handle"])
            for event in going.events()
            if event["event"] == "process_started" and event["name"] == "pv-2"
        ]
        at.append(time.time())
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    done = runs.run(scenario, kill, expected=MODEL_FAILED)
    assert done.folder
    named, failed = done.shown("pv-2 was killed"), done.shown(f"{done.folder.name} failed")
    return named - at[0], failed - at[0]


def tell(what: str, seconds: list[float]) -> None:
    print(f"{what:<30} median {median(seconds):.2f} s, longest {max(seconds):.2f} s")


if __name__ == "__main__":
    sys.exit(main())
