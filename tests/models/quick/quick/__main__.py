"""`python -m quick`: take part in both phases, write the points, exit."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import xml.etree.ElementTree as ElementTree

from . import faults
from .settings import Settings, read

LOG = logging.getLogger("quick")


def main() -> int:
    """Run the model; the exit code a real one would give."""
    settings = read()
    logging.basicConfig(
        stream=sys.stderr,
        level=settings.log_level.upper(),
        format="[%(asctime)s] [%(threadName)s] %(levelname)s: %(message)s",
    )
    faults.before_import(settings)
    return simulate(settings)


def simulate(settings: Settings) -> int:
    """Phase 1, phase 2, writing."""
    from . import influx, phase1
    from .calculation import Runner

    if settings.skip_phase1:
        esdl, objects, names = "", {}, {}
    else:
        esdl = phase1.receive_esdl(settings)
        LOG.info("received an ESDL of %d characters", len(esdl))
        objects, names = phase1.objects_by_type(esdl), _names(esdl)
    extra = _extra_federates(settings)
    runners: list[Runner] = []
    failed = threading.Event()

    def calculate(number: int) -> None:
        try:
            runner = Runner(settings, settings.calculations[number], objects)
            runners.append(runner)
            LOG.info("joined as %s", runner.calculation.name)
            runner.run()
        except faults.Lost:
            traceback.print_exc()
            if settings.dialect == "new":
                faults.forever()
        except Exception:
            traceback.print_exc()
            failed.set()

    threads = [
        threading.Thread(target=calculate, args=(number,), name=calculation.name, daemon=True)
        for number, calculation in enumerate(settings.calculations)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed.is_set():
        return 1
    faults.before_writing(settings)
    points = [point for runner in runners for point in runner.points]
    points.sort(key=lambda point: (point.at, point.esdl_id, point.output))
    with faults.while_writing(settings):
        influx.write(settings, points, names)
    LOG.info("wrote %d points", len(points))
    faults.before_exit(settings)
    del extra
    return 0


def _names(esdl: str) -> dict[str, str]:
    root = ElementTree.fromstring(esdl.encode("utf-8"))
    named = ((element.get("id"), element.get("name")) for element in root.iter())
    return {esdl_id: name for esdl_id, name in named if esdl_id and name}


def _extra_federates(settings: Settings) -> object:
    """Federates that nobody planned, when that was asked for."""
    import helics as h

    from .phase1 import federate_info

    wanted = {"extra_calculation": f"{settings.model_id}/unplanned", "intruder": "intruder"}
    name = wanted.get(settings.fault.kind)
    return None if name is None else h.helicsCreateValueFederate(name, federate_info(settings))


if __name__ == "__main__":
    sys.exit(main())
