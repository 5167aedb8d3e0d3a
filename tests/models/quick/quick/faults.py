"""Everything a quick model does wrong when it is asked to; README.md lists the names."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import time
from collections.abc import Iterator

from .settings import Settings


class Leave(Exception):
    """The calculation leaves the federation here, as if its simulation had ended."""


class Lost(Exception):
    """An exception in a calculation's thread that nobody looks at."""


def stop_here(code: int) -> None:
    """End the process at once: no disconnecting, no writing."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def forever() -> None:
    """Never come back."""
    while True:
        time.sleep(3600)


def before_import(settings: Settings) -> None:
    """Before HELICS is loaded."""
    fault = settings.fault
    if fault.kind == "slow_import":
        time.sleep(fault.value or 0)
    if fault.kind == "exit_before_join":
        print(f"{settings.model_id} gives up before it joins", file=sys.stderr)
        stop_here(3 if fault.value is None else int(fault.value))
    if fault.kind == "never_join":
        forever()
    if fault.kind == "ignore_sigterm":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def reported_calculations(settings: Settings) -> int:
    """The number of calculations told in phase 1."""
    fault = settings.fault
    if fault.kind == "wrong_calculations" and fault.value is not None:
        return int(fault.value)
    return len(settings.calculations)


def before_leaving_phase1(settings: Settings) -> None:
    """After the last grant of phase 1, still in the federation."""
    if settings.fault.kind == "slow_leave":
        time.sleep(settings.fault.value or 0)


def between_phases(settings: Settings) -> None:
    """The ESDL has been received, phase 2 not yet joined."""
    if settings.fault.kind == "slow_parse":
        time.sleep(settings.fault.value or 0)
    if settings.fault.kind == "exit_between_phases":
        stop_here(3 if settings.fault.value is None else int(settings.fault.value))


def in_step(settings: Settings, now: float) -> None:
    """While a calculation computes the step at `now` (simulated seconds)."""
    fault = settings.fault
    if now < fault.at:
        return
    match fault.kind:
        case "exit":
            print(f"{settings.model_id} gives up at {now}", file=sys.stderr)
            stop_here(3 if fault.value is None else int(fault.value))
        case "kill":
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        case "leave" | "raise":
            raise Leave
        case "lost":
            raise Lost(f"{settings.model_id} fails at {now} and nobody looks")
        case "hang":
            forever()
        case "slow_step":
            time.sleep(fault.value or 0)
        case "busy_step":
            until = time.thread_time() + (fault.value or 0)
            while time.thread_time() < until:
                pass
        case "flood":
            for number in range(int(fault.value or 0)):
                print(f"{settings.model_id} line {number} at {now}")
            sys.stdout.flush()


def spoiled(settings: Settings, now: float, value: float) -> float:
    """The value, or what is not a number where that was asked for."""
    if now >= settings.fault.at:
        if settings.fault.kind in ("nan", "unnoticed_nan"):
            return math.nan
        if settings.fault.kind == "inf":
            return math.inf
    return value


def before_writing(settings: Settings) -> None:
    """The simulation has ended, the points are not yet written."""
    if settings.fault.kind in ("slow_write", "raise"):
        time.sleep(settings.fault.value or 0)
    if settings.fault.kind == "failing_write":
        raise OSError("the store cannot be reached")


@contextlib.contextmanager
def while_writing(settings: Settings) -> Iterator[None]:
    """The points go to the store; some services only log what it does not take."""
    try:
        yield
    except OSError as error:
        if settings.fault.kind != "unnoticed_nan":
            raise
        print(f"{settings.model_id} goes on: {error}", file=sys.stderr)


def before_exit(settings: Settings) -> None:
    """Everything is written."""
    if settings.fault.kind == "raise":
        raise RuntimeError(f"a calculation of {settings.model_id} has failed")
    if settings.fault.kind == "never_exit":
        forever()
