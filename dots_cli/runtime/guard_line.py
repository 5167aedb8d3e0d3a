"""The supervisor's end of the pipe to its guard."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from dots_cli.runtime import os_processes

AGAIN = 1.0
"""Seconds until a guard that could not be started is tried again."""
LEAVES = 2.0
"""Seconds for a guard to go that was told so; one that was suspended does not."""


class GuardLine:
    """Starts the guard, tells it what runs, and starts another one if it is killed.

    `warn` is told, from another thread, when a guard was replaced, or could not be.
    """

    def __init__(self, folder: Path, log: Path, warn: Callable[[str], None]) -> None:
        self._folder = folder
        self._log = log
        self._warn = warn
        self._lock = threading.Lock()
        self._groups: dict[int, str] = {}
        self._containers = False
        self._over = threading.Event()
        self._process = self._start()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id of the guard that is on watch."""
        return self._process.pid

    def started(self, pid: int, role: str) -> None:
        """A process group was started."""
        with self._lock:
            self._groups[pid] = role
            self._tell(f"+ {pid} {role}")

    def ended(self, pid: int) -> None:
        """A process group has ended."""
        with self._lock:
            self._groups.pop(pid, None)
            self._tell(f"- {pid}")

    def containers(self) -> None:
        """The run has containers, or will have some."""
        with self._lock:
            self._containers = True
            self._tell("containers")

    def dismiss(self) -> None:
        """The run is over; the guard goes without doing anything."""
        with self._lock:
            self._over.set()
            self._tell("done")
            if self._process.stdin:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()
        try:
            self._process.wait(LEAVES)
        except subprocess.TimeoutExpired:
            os_processes.kill(self._process.pid)
            self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return os_processes.spawn(
                [sys.executable, "-m", "dots_cli.runtime.guard", str(self._folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def _watch(self) -> None:
        failed = False
        while True:
            self._process.wait()
            try:
                with self._lock:
                    if self._over.is_set():
                        return
                    self._replace()
            except OSError as error:
                if not failed:
                    self._warn(f"the guard of the run was killed, and none can be started: {error}")
                failed = True
                self._over.wait(AGAIN)
            else:
                failed = False
                self._warn("the guard of the run was killed; another one is on watch")

    def _replace(self) -> None:
        self._process = self._start()
        for pid, role in self._groups.items():
            self._tell(f"+ {pid} {role}")
        if self._containers:
            self._tell("containers")

    def _tell(self, line: str) -> None:
        # A guard that is gone is replaced by `_watch`, which tells the new one everything.
        if self._process.stdin:
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()
