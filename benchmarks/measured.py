"""Programs run to their end, with the time and memory that they took; and how goals are told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import astuple, dataclass

import psutil

QUICK = "--quick" in sys.argv
"""Whether a benchmark only shows that it runs: once, on little, held to no goal."""
MARK = "= "
"""What a line with a figure begins with."""


@dataclass(frozen=True)
class Figure:
    """One goal and what came of it, all as words: `held`, `missed` or, with `--quick`, `ran`.


    `ours` and `peer` have been measured in one go, side by side; `ratio` is the first by the other,
    `-` where there is no peer.
    """

    name: str
    ours: str
    peer: str
    ratio: str
    goal: str
    came: str


def figure(name: str, ours: float, peer: float | None, most: float, unit: str = "s") -> Figure:
    """The ratio of ours to the peer's is at most `most`; without a peer it is ours that is."""
    value = ours if peer is None else ours / peer
    of = "" if peer is not None else f" {unit}"
    return Figure(
        name,
        f"{ours:.3g} {unit}",
        "-" if peer is None else f"{peer:.3g} {unit}",
        "-" if peer is None else f"{value:.3g}",
        f"{most:g}{of}",
        "ran" if QUICK else "held" if value <= most else "missed",
    )


def conclude(*figures: Figure) -> int:
    """Print the figures, a line each for `all.py` to read; 1 where one of them is missed."""
    for one in figures:
        print(MARK + " | ".join(astuple(one)))
    return int(any(one.came == "missed" for one in figures))


def load() -> str:
    """What else the machine does: processes that want to run, on how many processors."""
    busy = ", ".join(f"{x:.1f}" for x in psutil.getloadavg())
    return f"load {busy} (1, 5, 15 minutes) on {os.cpu_count()} processors"


@dataclass(frozen=True)
class Measured:
    """Wall-clock seconds from start to end, those of them on a processor, and the largest memory.

    `megabytes` are of 10^6 bytes. On Windows `processor` is not known: it equals `seconds`.
    """

    seconds: float
    processor: float
    megabytes: float


def best_of(times: int, *commands: list[str]) -> list[Measured]:
    """The fastest run of each command, all of them run in turns; the memory is the largest."""
    runs = [[_once(command) for command in commands] for _ in range(times)]
    return [
        Measured(
            seconds=min(one[n].seconds for one in runs),
            processor=min(one[n].processor for one in runs),
            megabytes=max(one[n].megabytes for one in runs),
        )
        for n in range(len(commands))
    ]


def _once(command: list[str]) -> Measured:
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        if sys.platform == "win32":
            memory = _watched(process)
            seconds = processor = time.perf_counter() - started
        else:
            import os

            said = process.stderr.read() if process.stderr else b""
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            processor = usage.ru_utime + usage.ru_stime
            process.returncode = os.waitstatus_to_exitcode(status)
            memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
            if process.returncode:
                raise SystemExit(f"{' '.join(command)} failed:\n{said.decode()}")
    return Measured(seconds, processor, memory)


def _watched(process: subprocess.Popen[bytes]) -> float:
    """The largest memory seen while a process runs, in MB."""
    largest = 0.0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            largest = max(largest, watched.memory_info().rss / 1e6)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.01)
    return largest
