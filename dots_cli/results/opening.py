"""Finds the store that a run's results lie in, and opens it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta

from dots_cli.errors import StoreFailure
from dots_cli.plan.containers import STORE_READER
from dots_cli.plan.model import Plan
from dots_cli.render.run_folder import RunFolder
from dots_cli.results.interface import Access, Results, Scope

Tell = Callable[[str], None]


class NoResults(StoreFailure):
    """There are none, and none will come."""


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


def open_results(folder: RunFolder, plan: Plan, tell: Tell | None = None) -> Results:
    """The results of a run, out of the store that its plan names.

    Those of a run in containers are in the platform's InfluxDB, which is started where it does not
    run, for this takes a few seconds and nobody could look at them else; `tell` hears of it.

    StoreFailure where they cannot be read, EnvironmentFailure where no engine answers.
    """
    units = _units(folder)
    if plan.store.url is None and plan.runtime == "process":
        from dots_cli.results.embedded import EmbeddedResults

        return EmbeddedResults(folder.results, scope(plan), units)
    from dots_cli.results.influx import InfluxResults

    if plan.store.url is None:
        access = platform_access(folder, plan, tell or _nobody)
        return InfluxResults(access, scope(plan), units)
    return InfluxResults(own_access(plan), scope(plan), units)


def _ended_before_its_store(folder: RunFolder) -> bool:
    """Whether a run has failed so early that it cannot have results."""
    from dots_cli.runs import registry

    state = registry.state(folder)
    return state.verdict is not None and not any(p.role == "store" for p in state.processes)


def platform_access(folder: RunFolder, plan: Plan, tell: Tell, *, writes: bool = False) -> Access:
    """The platform's InfluxDB as its reader, or as the models' user, who only `writes`.

    NoResults where it has no data, StoreFailure where it is not ours, EnvironmentFailure where no
    engine answers. It is started where it does not run; `tell` hears of it.
    """
    from dots_cli.runtime.containers import platform
    from dots_cli.runtime.containers.engine import Engine

    with Engine.connect() as engine:
        there = platform.find(engine)
        if there is None or not there.volumes:
            if _ended_before_its_store(folder):
                raise NoResults(
                    f"{plan.run_id} has no results: it did not get as far as its InfluxDB",
                    f"See why: dots status {plan.run_id}",
                )
            raise NoResults(
                f"the results of {plan.run_id} are gone: the platform's InfluxDB has no data",
                "They went with `dots teardown --volumes`; run the scenario again.",
            )
        if there.store_url is None:
            store = [spec for spec in plan.containers if spec.role == "store"]
            tell("starting the platform's InfluxDB, which holds the results")
            platform.start(engine, store, folder.stack, tell, renew=False)
            there = platform.find(engine)
        if there is None or there.store_url is None:
            raise StoreFailure("the platform's InfluxDB does not run", "Try it again.")
        user = there.variables.get("STORE_USER") if writes else STORE_READER
        password = there.variables.get("STORE_PASSWORD" if writes else "STORE_READER_PASSWORD")
        if user is None or password is None or there.owner is not None:
            raise StoreFailure(
                f"the passwords of the platform {there.project} are not in {there.folder}",
                f"Use the DOTS_HOME of {there.owner or 'whoever has started it'}.",
            )
        return Access(there.store_url, plan.store.database, user, password, of_platform=True)


def own_access(plan: Plan) -> Access:
    """What the models of a plan were told, with the caller's variables filled in.

    StoreFailure where one of those is not set any more.
    """
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


def _nobody(_: str) -> None:
    """Hears what nobody wants to know."""


def _units(folder: RunFolder) -> dict[str, dict[str, str]]:
    try:
        units: dict[str, dict[str, str]] = folder.read_json(folder.units)
    except json.JSONDecodeError:
        return {}
    return units
