"""Whether the engine has the processors that services may use: it takes no larger number."""

from __future__ import annotations

from dots_cli.errors import EnvironmentFailure
from dots_cli.plan.model import Plan


def require_enough(there: int, plan: Plan) -> None:
    """EnvironmentFailure names every service of a plan that may use more than are there.

    Asked before anything starts. `there` is 0 where the engine does not tell.
    """
    asked = {
        plan.model(spec.name).service: spec.cpus
        for spec in plan.containers
        if spec.role == "model" and spec.cpus is not None and spec.cpus > there > 0
    }
    if not asked:
        return
    told = ", ".join(f"service '{name}': cpus: {cpus:g}" for name, cpus in asked.items())
    raise EnvironmentFailure(
        f"the Docker engine has {there} processors and no container may use more: {told}",
        f"Write `cpus: {there}` or less in the service definition, or leave it out.",
    )
