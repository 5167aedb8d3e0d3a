"""What is left of a run whose supervisor and guard were both killed, or whose machine restarted."""

from __future__ import annotations

import time

from dots_cli.render.run_folder import RunFolder
from dots_cli.runs.state import RunState
from dots_cli.runtime import os_processes

PATIENCE = 5.0


def find_leftovers(folder: RunFolder) -> list[int]:
    """Ids of the processes that still belong to the run, supervisor and guard among them."""
    return os_processes.marked_with(str(folder.path))


def still_there(folder: RunFolder, state: RunState) -> list[str]:
    """Names of the run's processes that are still there, of those whose end nobody has told.

    Does not know containers.
    """
    asked = [process for process in state.processes if process.ended is None]
    if not asked:
        return []
    left = set(map(str, find_leftovers(folder)))
    return [p.name for p in asked if p.handle in left or _started_by_hand(state, p.name)]


def _started_by_hand(state: RunState, name: str) -> bool:
    """Whether such a model is there: it has not the mark of what the run starts."""
    if name not in state.planned_external:
        return False
    wanted = {"simulation_id": state.run_id, "model_id": name}
    return bool(os_processes.with_variables(wanted, state.created))


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
