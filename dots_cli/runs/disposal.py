"""Removes runs that have ended: folder, logs and results."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence

from dots_cli.definition.shell import command
from dots_cli.errors import UsageError
from dots_cli.render.run_folder import RunFolder, data_home
from dots_cli.runs import containers, leftovers, registry, steer

_DOOMED = ".deleted-"


def choose(run: str) -> RunFolder:
    """The one run that is meant. UsageError where there are several, or where it has not ended."""
    folder = registry.find(run, only=True)
    _require_no_containers([folder])
    if registry.verdict(folder) is not None and steer.wait_until_released(folder):
        return folder
    if registry.is_alive(folder) or registry.may_start(folder):
        raise UsageError(
            f"{folder.run_id} has not ended", f"End it first: {command('stop', folder.run_id)}"
        )
    if leftovers.find_leftovers(folder):
        raise UsageError(
            f"processes of {folder.run_id} are still there",
            f"End them first: {command('teardown', folder.run_id)}",
        )
    return folder


def older_than(age: float) -> list[RunFolder]:
    """Runs that were made more than `age` seconds ago and have a verdict, the oldest first.

    UsageError where some of them still have containers.
    """
    before = time.time() - age
    found = [
        folder
        for folder in reversed(registry.runs())
        if registry.created(folder) < before
        and registry.verdict(folder) is not None
        and not registry.is_alive(folder)
    ]
    _require_no_containers(found)
    return found


def _require_no_containers(folders: Sequence[RunFolder]) -> None:
    left = [f.run_id for f in folders if containers.may_have_some(f) and not registry.is_alive(f)]
    if left:
        raise UsageError(
            f"containers of {', '.join(left)} may still be there",
            "Remove them first: " + "; ".join(command("teardown", run_id) for run_id in left),
        )


def size(folder: RunFolder) -> int:
    """Bytes on the disk."""
    total = 0
    for path in folder.path.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:
            continue
    return total


def delete(folder: RunFolder) -> int:
    """Remove a run for good; returns how many bytes that were. OSError where it cannot be.

    The folder changes its name first, so that no command finds half a run.
    """
    home = data_home() / "runs"
    if folder.path.parent != home:
        raise UsageError(f"{folder.path} is no folder of a run")
    size_before = size(folder)
    doomed = home / f"{_DOOMED}{folder.run_id}"
    if doomed.exists():
        shutil.rmtree(doomed)
    folder.path.rename(doomed)
    for left in home.glob(f"{_DOOMED}*"):
        shutil.rmtree(left, ignore_errors=left != doomed)
    return size_before
