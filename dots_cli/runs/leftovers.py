"""What is left of a run whose supervisor and guard were both killed, or whose machine restarted."""

from __future__ import annotations

import time

from dots_cli.render.run_folder import RunFolder
from dots_cli.runtime import os_processes

PATIENCE = 5.0


def find_leftovers(folder: RunFolder) -> list[int]:
    """Ids of the processes that still belong to the run, supervisor and guard among them."""
    return os_processes.marked_with(str(folder.path))


def end_leftovers(folder: RunFolder) -> int:
    """End every process of a run that has no owner any more; returns how many there were.

    Only for a run whose supervisor is gone: it would take this for a failure of its models.
    """
    ended: set[int] = set()
    deadline = time.monotonic() + PATIENCE
    while (left := find_leftovers(folder)) and time.monotonic() < deadline:
        os_processes.end_processes(left, deadline - time.monotonic())
        ended.update(left)
    return len(ended)
