"""Processes that belong to one test, found by its `DOTS_HOME`: nobody else's are looked at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until `condition()` is true; AssertionError that says `what` after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)


def of_home(
    home: Path, matching: Callable[[Sequence[str]], bool] = lambda words: True
) -> list[psutil.Process]:
    """Processes that were started with this `DOTS_HOME`, for a run in it, or name it.

    `matching` says by its command line whether a process is meant.
    """
    wanted = str(home)
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            around, words = process.environ(), process.cmdline()
            marks = [around.get("DOTS_HOME", ""), around.get("DOTS_RUN", "")]
            if any(wanted in part for part in [*marks, *words]) and matching(words):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def owner(home: Path, module: str = "supervise") -> psutil.Process:
    """The supervisor, or the `guard`, of the only run of this `DOTS_HOME`, or run folder."""
    found: list[psutil.Process] = []

    def is_alone() -> bool:
        found[:] = of_home(home, lambda words: f"dots_cli.runtime.{module}" in words)
        return len(found) == 1  # A child that has not become another program yet looks like it.

    wait_for(is_alone, 10, f"one {module} to run")
    return found[0]


def describe(processes: Sequence[psutil.Process]) -> str:
    """One line each: pid, command line, and the ports it listens on."""
    lines = []
    for process in processes:
        try:
            ports = sorted({c.laddr.port for c in process.net_connections() if _listens(c)})
            command = " ".join(process.cmdline())[:200]
        except (psutil.Error, OSError):
            continue
        lines.append(f"  {process.pid} {command}" + (f", listens on {ports}" if ports else ""))
    return "\n".join(lines)


def end(processes: Sequence[psutil.Process]) -> None:
    """Kill these and wait until they are gone."""
    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(processes, timeout=10)


def run(
    command: Sequence[str],
    *,
    timeout: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; AssertionError with what it printed after `timeout` seconds.

    Its output goes to files, so a process that it leaves behind cannot hold this call up.
    """
    with started(command, cwd=cwd, env=env, stdin=stdin) as running:
        try:
            code = running.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"still running after {timeout:g} s: {' '.join(command)}\n"
                f"stdout:\n{running.stdout}\nstderr:\n{running.stderr}"
            ) from None
        return subprocess.CompletedProcess(list(command), code, running.stdout, running.stderr)


class Running:
    """A command that has been started; what it has printed so far can be read at any time."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self._folder = folder

    @property
    def stdout(self) -> str:
        """What it wrote to its standard output until now."""
        return (self._folder / "stdout").read_text(encoding="utf-8", errors="replace")

    @property
    def stderr(self) -> str:
        """What it wrote to its standard error until now."""
        return (self._folder / "stderr").read_text(encoding="utf-8", errors="replace")

    def interrupt(self) -> None:
        """What Ctrl-C in its terminal does."""
        if sys.platform == "win32":
            self.process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            self.process.send_signal(signal.SIGINT)


@contextmanager
def started(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Iterator[Running]:
    """A command in a process group of its own; killed at the end if it still runs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "stdin").write_text(stdin, encoding="utf-8")
        with (
            (folder / "stdin").open("rb") as source,
            (folder / "stdout").open("wb") as out,
            (folder / "stderr").open("wb") as err,
        ):
            process = subprocess.Popen(
                list(command),
                stdin=source,
                stdout=out,
                stderr=err,
                cwd=cwd,
                env=None if env is None else dict(env),
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        try:
            yield Running(process, folder)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def _listens(connection: object) -> bool:
    return getattr(connection, "status", "") == psutil.CONN_LISTEN
