"""Starts the supervisor of a run so that it outlives the terminal."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time

from dots_cli.errors import EnvironmentFailure
from dots_cli.render.run_folder import RunFolder, told_homes
from dots_cli.runtime import os_processes
from dots_cli.runtime.recording import record_failed_start

READY = 20.0
_GONE = 2.0


def launch(folder: RunFolder) -> None:
    """Start the run's supervisor and wait until it has taken the run over.

    EnvironmentFailure, with what the supervisor said, where it did not; the run has a verdict then.
    """
    with folder.log("supervisor").open("ab") as log:
        process = os_processes.spawn(
            [sys.executable, "-m", "dots_cli.runtime.supervise", str(folder.path)],
            env={**os.environ, **told_homes(), os_processes.RUN_MARK: str(folder.path)},
            cwd=folder.path,
            stdout=log,
            stderr=log,
        )
    deadline = time.monotonic() + READY
    while not _has_begun(folder):
        if process.poll() is not None and not _has_begun(folder):
            said = folder.log("supervisor").read_text(encoding="utf-8", errors="replace")
            raise _failed(
                folder,
                f"the supervisor of {folder.run_id} did not start:\n{said.strip()}",
                "see whether `dots doctor` finds what the machine lacks",
            )
        if time.monotonic() > deadline:
            os_processes.kill(process.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GONE)
            raise _failed(
                folder,
                f"the supervisor of {folder.run_id} did not start within {READY:.0f} s",
                f"look into {folder.log('supervisor')}; try again where the machine was busy",
            )
        time.sleep(os_processes.POLL)


def _failed(folder: RunFolder, message: str, hint: str) -> EnvironmentFailure:
    failure = EnvironmentFailure(message, hint)
    if not folder.verdict.exists():
        with contextlib.suppress(OSError):
            record_failed_start(folder, failure)
    return failure


def _has_begun(folder: RunFolder) -> bool:
    """Whether the run has events, or a verdict where even the first could not be written."""
    try:
        return folder.verdict.exists() or folder.events.stat().st_size > 0
    except FileNotFoundError:
        return False
