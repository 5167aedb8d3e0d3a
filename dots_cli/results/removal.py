"""Removes a run's results from a store that holds those of other runs too."""

from __future__ import annotations

from dots_cli.definition.shell import command
from dots_cli.errors import EnvironmentFailure, StoreFailure
from dots_cli.render.run_folder import RunFolder
from dots_cli.results.opening import NoResults, Tell, own_access, platform_access, read_plan


def remove_results(folder: RunFolder, tell: Tell) -> None:
    """Remove what a run has written into an InfluxDB; `tell` hears what takes a while.

    Nothing is to be done where its results are in its folder, and go with that, or are gone.
    StoreFailure or EnvironmentFailure where they cannot be removed.
    """
    if not folder.plan.exists():
        return
    plan = read_plan(folder)
    if plan.store.url is None and plan.runtime == "process":
        return
    from dots_cli.results import influx

    try:
        if plan.store.url is None:
            access = platform_access(folder, plan, tell, writes=True)
        else:
            access = own_access(plan)
        influx.remove(access, plan.run_id)
    except NoResults:
        return
    except (EnvironmentFailure, StoreFailure) as error:
        alone = command("delete", folder.run_id, "--keep-results")
        raise type(error)(
            f"the results of {folder.run_id} are not removed, nor is its folder: {error.message}",
            f"{error.hint.rstrip('.')}. To leave them where they are: {alone}",
        ) from error
