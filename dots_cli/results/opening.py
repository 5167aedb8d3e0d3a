"""Finds the store that a run's results lie in, and opens it."""

from __future__ import annotations

import json
import os
from datetime import timedelta

from dots_cli.errors import StoreFailure
from dots_cli.plan.model import Plan
from dots_cli.render.run_folder import RunFolder
from dots_cli.results.store import Access, Results, Scope


def scope(plan: Plan) -> Scope:
    """What of a store belongs to the results of a plan's run."""
    start = plan.simulation.start
    return Scope(plan.run_id, start, start + timedelta(seconds=plan.simulation.duration))


def read_plan(folder: RunFolder) -> Plan:
    """The plan of a run. StoreFailure where it cannot be read."""
    from dots_cli.plan.serialise import from_json

    try:
        return from_json(folder.plan.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreFailure(
            f"the plan of {folder.run_id} cannot be read: {error}",
            f"Without it nobody knows where the results are; look into {folder.path}.",
        ) from None


def open_results(folder: RunFolder, plan: Plan) -> Results:
    """The results of a run, out of the store that its plan names."""
    units = _units(folder)
    if plan.store.url is None:
        from dots_cli.results.embedded import EmbeddedResults

        return EmbeddedResults(folder.results, scope(plan), units)
    from dots_cli.results.influx import InfluxResults

    return InfluxResults(_access(plan), scope(plan), units)


def _access(plan: Plan) -> Access:
    """What the models of a plan were told, with the caller's variables filled in."""
    from dots_cli.plan.references import resolve

    told = next((dict(c.environment) for c in plan.containers if c.role == "model"), {})
    try:
        return Access(
            url=resolve(plan.store.url or "", os.environ),
            database=plan.store.database,
            user=resolve(told.get("INFLUXDB_USER", ""), os.environ),
            password=resolve(told.get("INFLUXDB_PASSWORD", ""), os.environ),
        )
    except KeyError as error:
        raise StoreFailure(
            f"the results are in {plan.store.url}, for which the variable {error} is not set",
            "Set it as it was when the run was started.",
        ) from None


def _units(folder: RunFolder) -> dict[str, dict[str, str]]:
    try:
        units: dict[str, dict[str, str]] = folder.read_json(folder.units)
    except json.JSONDecodeError:
        return {}
    return units
