"""Programs run to their end, with the time and the memory that they took."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

import psutil


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
