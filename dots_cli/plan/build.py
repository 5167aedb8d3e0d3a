"""A scenario and its definition become a plan. Pure: the same input gives the same plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from dots_cli.definition import Definition, Scenario, Service
from dots_cli.errors import InputError, Problem
from dots_cli.plan.containers import DATABASE, Stack, containers_of, processes_of
from dots_cli.plan.coverage import coverage_of
from dots_cli.plan.federation import federation_of, models_of
from dots_cli.plan.model import (
    PLAN_FORMAT,
    Limits,
    Plan,
    RuntimeName,
    Simulation,
    StorePlan,
)

STACK = Stack()


def build(
    scenario: Scenario,
    definition: Definition,
    *,
    run_id: str,
    runtime: RuntimeName,
    stack: Stack = STACK,
) -> Plan:
    """Every decision about one run.

    Raises `InputError` where the definition lacks what that runtime needs to start a service that
    has objects in the scenario.
    """
    models = [model for service in definition.services for model in models_of(service, scenario)]
    used = {model.service for model in models}
    _require_startable([s for s in definition.services if s.name in used], definition, runtime)
    containers = (
        processes_of(models, definition, run_id)
        if runtime == "process"
        else containers_of(models, definition, run_id, stack)
    )
    return Plan(
        format=PLAN_FORMAT,
        run_id=run_id,
        scenario=scenario.name,
        runtime=runtime,
        simulation=Simulation(definition.start, definition.duration, definition.log_level),
        limits=Limits(**asdict(definition.limits)),
        services=tuple(service.name for service in definition.services),
        models=tuple(models),
        federation=federation_of(models),
        store=_store(definition),
        containers=tuple(containers),
        unserved=tuple(
            name for name, _ in coverage_of(scenario, definition.services).without_service
        ),
        variables=definition.variables,
        warnings=tuple(problem.message for problem in definition.warnings),
    )


def _require_startable(
    services: Iterable[Service], definition: Definition, runtime: RuntimeName
) -> None:
    if runtime != "process":
        return
    problems = []
    for service in services:
        if service.source is None:
            what = (
                f"service '{service.name}' has no source: without Docker, code is run, not images"
            )
            hint = "Add `source: <folder of the service's code>` to it."
            problems.append(Problem(definition.path, service.line, what, hint))
        elif not service.command:
            what = f"service '{service.name}' has no command: without Docker it says what to run"
            hint = "Add `command: [python, -m, <its module>]` to it."
            problems.append(Problem(definition.path, service.line, what, hint))
    if problems:
        raise InputError("the definition cannot be run as local processes", problems=problems)


def _store(definition: Definition) -> StorePlan:
    if definition.store is None:
        return StorePlan(url=None, database=DATABASE)
    return StorePlan(url=definition.store.url, database=definition.store.database)
