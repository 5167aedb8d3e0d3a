"""Where Grafana shows a run."""

from __future__ import annotations

from dots_cli.definition.shell import command
from dots_cli.errors import EnvironmentFailure, UsageError
from dots_cli.plan.model import Plan
from dots_cli.render.grafana import dashboard_path
from dots_cli.runs import platform


def address(plan: Plan) -> str:
    """The dashboard at that run and its simulated time.

    UsageError for a run whose results are elsewhere; EnvironmentFailure, with what to do, where
    Grafana does not run: nothing is started.
    """
    if plan.store.url is not None:
        raise UsageError(
            f"the results of {plan.run_id} are in {plan.store.url}, which is not the platform's",
            f"Look there, or use `dots results {plan.run_id}`.",
        )
    if plan.runtime == "process":
        raise UsageError(
            f"{plan.run_id} ran as local processes; Grafana shows runs in containers",
            f"Use `dots results {plan.run_id}` or `dots export`, or run it with --runtime docker.",
        )
    there = platform.look()
    if there is not None and there.problem:
        raise EnvironmentFailure(there.problem, "Start Docker; `dots doctor` says more.")
    if there is not None and there.owner:
        raise EnvironmentFailure(
            f"the platform {there.project} belongs to {there.owner}", "Use that DOTS_HOME."
        )
    if there is None or not there.volumes:
        raise EnvironmentFailure(
            "there is no platform: neither Grafana nor results are left",
            "The next run in containers starts it: "
            + command("run", "scenario.esdl", "--runtime", "docker"),
        )
    if there.grafana_url is None:
        raise EnvironmentFailure(
            f"Grafana of the platform {there.project} does not run",
            "The next run in containers without --no-grafana starts it. "
            f"`dots results {plan.run_id}` works without.",
        )
    return there.grafana_url + dashboard_path(plan.run_id, plan.simulation)
