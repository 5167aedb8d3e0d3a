"""Ends and removes what a run has on the engine, found by its label; nothing else is touched."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dots_cli.plan.containers import project_name
from dots_cli.plan.model import BUILT
from dots_cli.render.conductor_image import REPOSITORY
from dots_cli.runtime import os_processes
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Container, EngineFailure, Taken

AT_ONCE = 8
CONDUCTORS_KEPT = 3
LOOK = 0.1
LEAVES = 5.0
KILLED = 5.0
"""Seconds in which containers that were killed are gone, on a busy engine too."""
FOLDER_LABEL = "dots.folder"
"""Whose a thing is that is no container. On a run's network: the folder of the run, whose lock says
whether it goes on. On a volume of the platform: the folder of its passwords."""


def running(engine: Engine, run_id: str) -> list[Container]:
    """Containers of the run that have not ended."""
    return [c for c in engine.containers(run=run_id) if c.is_running]


def end_run(engine: Engine, run_id: str, grace: float) -> None:
    """SIGTERM to every container of the run, after `grace` seconds SIGKILL.

    Looks again until nothing runs: its supervisor may have started one with its last breath. Gives
    up `KILLED` seconds after the grace.
    """
    _each(engine, "SIGTERM", running(engine, run_id))
    deadline = time.monotonic() + grace
    while (left := running(engine, run_id)) and time.monotonic() < deadline:
        time.sleep(LOOK)
    deadline = time.monotonic() + KILLED
    while True:
        _each(engine, "SIGKILL", left)
        time.sleep(LOOK)
        left = running(engine, run_id)
        if not left or time.monotonic() > deadline:
            return


def remove_run(engine: Engine, run_id: str) -> int:
    """Remove the run's containers, running or not, its network and its own volumes.

    Returns how many containers there were.
    """
    project = project_name(run_id)
    count = remove_containers(engine, run_id)
    for network in engine.networks(project=project):
        remove_network(engine, network)
    for volume in engine.volumes(project=project):
        engine.remove_volume(volume)
    return count


def remove_network(engine: Engine, name: str) -> None:
    """Remove a network; Taken while containers of others are on it.

    The engine may need a moment to notice that the last container has left it. Seldom it never
    does (20.10, where many are removed at once), until it is restarted: an empty network that it
    holds on to is left to it. `dots doctor` tells of such.
    """
    deadline = time.monotonic() + LEAVES
    while True:
        try:
            engine.remove_network(name)
            return
        except Taken:
            if time.monotonic() > deadline:
                if not engine.addresses(name):
                    return
                raise
            time.sleep(LOOK)


def remove_containers(engine: Engine, run_id: str) -> int:
    """Remove the run's containers, running or not; returns how many."""
    found = engine.containers(run=run_id)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(engine.remove, [container.id for container in found]))
    return len(found)


def give_back_networks(engine: Engine) -> int:
    """Remove the networks of runs that have ended; returns how many.

    Containers that have ended stay, and so does a network that anything still uses.
    """
    count = 0
    for name, labels in engine.network_labels():
        folder = labels.get(FOLDER_LABEL)
        if not folder or os_processes.is_locked(Path(folder) / "supervisor.lock"):
            continue
        try:
            engine.remove_network(name)
            count += 1
        except (Taken, EngineFailure):
            continue
    return count


def remove_old_images(engine: Engine) -> int:
    """Remove images that were built for runs and replaced since; returns how many.

    Those that a container was made of stay, and some of the conductor's: versions of `dots` may
    take turns on one machine.
    """
    old = engine.image_names(REPOSITORY)[CONDUCTORS_KEPT:]
    count = 0
    for image in [*engine.nameless_images(BUILT), *old]:
        try:
            engine.remove_image(image)
            count += 1
        except EngineFailure:
            continue  # in use
    return count


def _each(engine: Engine, signal: str, containers: Sequence[Container]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda container: engine.signal(container.id, signal), containers))
