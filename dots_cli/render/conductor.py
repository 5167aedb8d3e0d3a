"""What the conductor of a run is told, as the file that `dots_cli.conductor.settings` reads."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict

from dots_cli.plan.model import Plan

SETTINGS_FORMAT = 1


def conductor_settings(
    plan: Plan,
    *,
    esdl: str,
    host: str,
    port: int,
    ports: int,
    pause_at: float | None = None,
    only: Collection[str] | None = None,
) -> str:
    """The settings as JSON. `only` names the models that take part, where not all of them do.

    `esdl` is the path of the scenario and `port` the first of `ports` ports, both as the conductor
    sees them; `host` 0.0.0.0 means that models come from containers of their own.
    """
    settings = {
        "format": SETTINGS_FORMAT,
        "esdl": esdl,
        "start": plan.simulation.start.isoformat(),
        "duration": plan.simulation.duration,
        "host": host,
        "port": port,
        "ports": ports,
        "unserved": list(plan.unserved),
        "models": [
            {
                "id": model.id,
                "service": model.service,
                "esdl_type": model.esdl_type,
                "calculations": model.calculations,
                "external": model.id in plan.external,
            }
            for model in plan.models
            if only is None or model.id in only
        ],
        "limits": asdict(plan.limits),
        "pause_at": pause_at,
    }
    return json.dumps(settings, indent=1) + "\n"
