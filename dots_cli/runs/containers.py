"""The containers of runs as the command line sees them: what still runs, what is to be removed.

A run in containers has its secrets in `stack/.env` until it is torn down: by that file is known,
without asking an engine, that it may have containers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from dots_cli.errors import EnvironmentFailure
from dots_cli.plan.containers import RUN_LABEL
from dots_cli.render.run_folder import RunFolder
from dots_cli.render.secrets import VARIABLES
from dots_cli.runs import registry
from dots_cli.runtime.engine_probe import probe


def may_have_some(folder: RunFolder) -> bool:
    """Whether the run was started in containers and not torn down since."""
    return (folder.stack / VARIABLES).exists()


def survivors(folders: Sequence[RunFolder]) -> dict[str, list[str]]:
    """By run, the models and others whose container runs although the run has no owner any more.

    Empty where no engine answers, or another one than that which has them: what is not known is not
    told.
    """
    asked = {
        folder.run_id: folder
        for folder in folders
        if may_have_some(folder) and not registry.is_alive(folder)
    }
    if not asked or not probe().answers:
        return {}
    from dots_cli.runtime.containers.engine import Engine

    found: dict[str, list[str]] = {}
    with Engine.connect() as engine:
        for container in engine.containers(run=""):
            run_id = container.labels.get(RUN_LABEL, "")
            if run_id in asked and container.is_running and not registry.is_alive(asked[run_id]):
                found.setdefault(run_id, []).append(container.service)
    return {run_id: sorted(names) for run_id, names in found.items()}


def remove(folder: RunFolder) -> int:
    """Remove the run's containers, its network, its volumes and its secrets.

    Returns how many containers there were. EnvironmentFailure where no engine answers, or another
    one than that which has them.
    """
    if not may_have_some(folder):
        return 0
    from dots_cli.runtime.containers import cleanup, whereabouts
    from dots_cli.runtime.containers.engine import Engine

    try:
        with Engine.connect() as engine:
            whereabouts.require_same(folder.stack, engine.identity())
            count = cleanup.remove_run(engine, folder.run_id)
            # One that is being prepared has images that nothing is made of yet.
            if not any(map(registry.is_alive, registry.runs())):
                with contextlib.suppress(EnvironmentFailure):  # the next teardown tries again
                    cleanup.remove_old_images(engine)
    except EnvironmentFailure as error:
        raise EnvironmentFailure(
            f"the containers of {folder.run_id} are not removed: {error.message}", error.hint
        ) from error
    for name in (VARIABLES, whereabouts.NOTE):
        (folder.stack / name).unlink(missing_ok=True)
    return count
