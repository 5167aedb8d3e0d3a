"""The networks that a run's containers join: its own, and that of the platform, for the store."""

from __future__ import annotations

from dots_cli.plan.containers import RUN_LABEL, RUN_NETWORK
from dots_cli.plan.model import Plan
from dots_cli.runtime.containers import cleanup, platform, translate
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import NoNetworkLeft, Project


def ensure(engine: Engine, plan: Plan, project: Project) -> dict[str, str]:
    """The engine's names of the networks by those in the plan; the run's own is made.

    NoNetworkLeft where the engine has no address range left, also after the networks of runs that
    have ended were given back.
    """
    names = dict.fromkeys(name for spec in plan.containers for name in spec.networks)
    store = Project(platform.project().name, project.folder)
    found = {name: translate.network_name(store, name) for name in names if name != RUN_NETWORK}
    labels = {RUN_LABEL: plan.run_id, cleanup.FOLDER_LABEL: str(project.folder.parent)}
    try:
        own = engine.ensure_network(project, RUN_NETWORK, labels)
    except NoNetworkLeft:
        if not cleanup.give_back_networks(engine):
            raise
        own = engine.ensure_network(project, RUN_NETWORK, labels)
    return found | {RUN_NETWORK: own}
