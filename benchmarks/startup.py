"""From the first model's process to the last federate executing, against the slowest model alone.

    python benchmarks/startup.py [--quick]

The slowest model's own time is what no program that starts models could spare: its start to its
joining phase 1, plus its having received the ESDL to its having joined phase 2. The goal is a ratio
of at most 1.3 over that. Models log these moments themselves, see stamped.py.

Beside it a stricter reading without a goal: from its start and from the ESDL to its *asking* to
join, plus what two joins cost where a broker stands ready, so that waiting for us is not its own.

Two federations: the example on dots-infrastructure, and quick models that have nothing else to do.
The latter are up before the conductor is; no published service is.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import runs
from measured import QUICK, Figure, conclude, figure, load

from dots_cli.runtime.processes import ports

LARGEST_RATIO = 1.3
TIMES = 1 if QUICK else 5

BARE_JOIN = """
import sys, time, helics as h
broker = h.helicsCreateBroker("zmq", "", f"-f 9 --port={sys.argv[1]} --loglevel=no_print")
info = h.helicsCreateFederateInfo()
h.helicsFederateInfoSetCoreType(info, h.HelicsCoreType.ZMQ)
h.helicsFederateInfoSetBrokerPort(info, int(sys.argv[1]))
begin = time.perf_counter()
h.helicsCreateValueFederate("alone", info)
print(time.perf_counter() - begin)
h.helicsBrokerDisconnect(broker)
"""


@dataclass(frozen=True)
class Startup:
    """Seconds of one run."""

    whole: float
    own: float
    own_until_asking: float
    spread: float
    """From the first model's process to the last one's."""
    handed_out: float
    """From the last model's joining phase 1 to the last one's having received the ESDL."""
    opened: float
    """From the last federate's joining phase 2 to the last one's executing."""


def main() -> int:
    """Measure and print; 1 where the goal is missed."""
    figures = []
    print(load())
    join = median(bare_join() for _ in range(TIMES))
    with runs.workplace() as folder:
        for name, write in (("two-houses", runs.two_houses), ("quick models", runs.quick_models)):
            here = folder / name
            here.mkdir()
            scenario = write(here, "1d")
            runs.run(scenario)  # the environments are ready from here on
            figures.append(tell(name, [measure(scenario) for _ in range(TIMES)], join))
    print(load())
    return conclude(*figures)


def bare_join() -> float:
    """Seconds that joining costs a federate whose broker does nothing else."""
    block = ports.reserve(2)
    try:
        command = [sys.executable, "-c", BARE_JOIN, str(block.base)]
        return float(subprocess.check_output(command, text=True))
    finally:
        block.release()


def measure(scenario: Path) -> Startup:
    """One run."""
    done = runs.run(scenario)
    models = [done.stamps(name) for name in sorted(done.models)]
    started = [model["started"][0] for model in models]
    joined = [model["joined"][0] for model in models]
    received = [model["received"][0] for model in models]
    asks = [max(model["enters"]) for model in models]
    entered = [max(model["entered"]) for model in models]
    executing = max(max(model["executing"]) for model in models)
    return Startup(
        whole=executing - min(started),
        own=max(joined[n] - started[n] + entered[n] - received[n] for n in range(len(models))),
        own_until_asking=max(
            models[n]["joins"][0] - started[n] + asks[n] - received[n] for n in range(len(models))
        ),
        spread=max(started) - min(started),
        handed_out=max(received) - max(joined),
        opened=executing - max(entered),
    )


def tell(name: str, found: list[Startup], join: float) -> Figure:
    def of(part: str) -> float:
        return float(median(getattr(one, part) for one in found))

    ratios = ", ".join(f"{ratio:.2f}" for ratio in sorted(one.whole / one.own for one in found))
    strict = median(one.whole / (one.own_until_asking + 2 * join) for one in found)
    print(f"{name}: medians of {len(found)} runs")
    print(f"  first model started to last federate executing  {of('whole'):.2f} s")
    print(f"  the slowest model's own                         {of('own'):.2f} s (runs: {ratios})")
    print(
        f"  stricter: until it asks, and two bare joins     "
        f"{of('own_until_asking') + 2 * join:.2f} s, ratio {strict:.2f}"
    )
    print(
        f"  models' starts {of('spread'):.2f} s apart, last joined to ESDL received "
        f"{of('handed_out'):.2f} s, last joined to executing {of('opened'):.2f} s"
    )
    return figure(f"start-up, {name}", of("whole"), of("own"), LARGEST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
