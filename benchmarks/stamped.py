"""Runs a model's module and logs when it did what, without changing what it does.

    python stamped.py MODULE

In place of `python -m MODULE` as a service's `command:`, in the service's own environment. Every
model reaches HELICS through the functions of one module, so whatever it is built on, its log says
(`stamp NAME SECONDS`, since 1970) when its process was `started`, when it `joins` and has `joined`
phase 1, has `received` the ESDL, `enters` and has `entered` phase 2, and is `executing`.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(module: str) -> None:
    stamp("started", process_started())
    # The folder of this file is no part of the model's path; the working directory is.
    sys.path[0] = ""
    sys.argv = [module]
    import helics

    around(helics, "helicsCreateMessageFederate", "joins", "joined")
    around(helics, "helicsFederateDisconnect", "received", "")
    around(helics, "helicsCreateValueFederate", "enters", "entered")
    around(helics, "helicsFederateEnterExecutingMode", "", "executing")
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def around(helics: Any, function: str, before: str, after: str) -> None:
    """Log when a function is called, when it returns; the reader knows which call counts."""
    call: Callable[..., Any] = getattr(helics, function)

    def stamped(*args: Any, **options: Any) -> Any:
        if before:
            stamp(before, time.time())
        result = call(*args, **options)
        if after:
            stamp(after, time.time())
        return result

    setattr(helics, function, stamped)


def stamp(name: str, at: float) -> None:
    os.write(2, f"stamp {name} {at:.4f}\n".encode())


def process_started() -> float:
    """When this process was started, to 10 ms; where the system is not Linux: now."""
    if sys.platform != "linux":
        return time.time()
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    after_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - after_boot)


if __name__ == "__main__":
    main(sys.argv[1])
