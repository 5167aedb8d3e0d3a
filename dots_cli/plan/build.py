"""A scenario and its definition become a plan. Pure: the same input gives the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from dots_cli.definition import Definition, Scenario, Service
from dots_cli.definition.located import nearest
from dots_cli.definition.model import sanitised
from dots_cli.definition.sources import SourceFacts
from dots_cli.errors import InputError, Problem, UsageError
from dots_cli.plan.containers import DATABASE, Stack, containers_of, processes_of
from dots_cli.plan.coverage import coverage_of
from dots_cli.plan.federation import federation_of, models_of
from dots_cli.plan.model import (
    PLAN_FORMAT,
    Limits,
    Model,
    Plan,
    RuntimeName,
    Simulation,
    StorePlan,
)

STACK = Stack()

_LISTED = 8


def build(
    scenario: Scenario,
    definition: Definition,
    *,
    run_id: str,
    runtime: RuntimeName,
    stack: Stack = STACK,
    external: Sequence[str] = (),
) -> Plan:
    """Every decision about one run. `external` names models that somebody else starts.

    Raises `InputError` where the definition lacks what that runtime needs to start a service that
    has objects in the scenario, `UsageError` where there is no such external model.
    """
    models = [model for service in definition.services for model in models_of(service, scenario)]
    _require_known(external, models)
    used = {model.service for model in models if model.id not in external}
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
        external=tuple(model.id for model in models if model.id in external),
        warnings=tuple(problem.message for problem in definition.warnings),
    )


def _require_known(external: Sequence[str], models: Sequence[Model]) -> None:
    for name in external:
        if name not in [model.id for model in models]:
            raise UsageError(f"--external {name}: the run has no such model", _meant(name, models))


def _meant(name: str, models: Sequence[Model]) -> str:
    """The models of the service that was named, with or without a number; else the nearest."""
    ids = [model.id for model in models]
    services = {known: m.service for m in models for known in (m.service, sanitised(m.service))}
    service = services.get(name) or services.get(name.rpartition("-")[0])
    of_service = [model.id for model in models if model.service == service]
    if len(of_service) > 1:
        return f"The models of {service} are: {_listed(of_service)}."
    near = of_service[0] if of_service else nearest(name, ids)
    return f"Did you mean '{near}'?" if near else f"Its models are: {_listed(ids)}."


def _listed(ids: Sequence[str]) -> str:
    more = len(ids) - _LISTED
    return ", ".join(ids[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _require_startable(
    services: Iterable[Service], definition: Definition, runtime: RuntimeName
) -> None:
    problems = [
        Problem(definition.path, service.line, f"service '{service.name}' {what}", hint)
        for service in services
        for what, hint in _what_is_missing(service, runtime)
    ]
    if problems:
        how = "as local processes" if runtime == "process" else "in containers"
        raise InputError(f"the definition cannot be run {how}", problems=problems)


def _what_is_missing(service: Service, runtime: RuntimeName) -> Iterator[tuple[str, str]]:
    found = service.found or SourceFacts()
    if runtime == "process" and service.source is None:
        what = "has no source: without Docker, code is run, not images"
        yield what, "Add `source: <folder of its code, or a Git URL with tag or commit>` to it."
    elif runtime == "process" and not service.command and not found.command:
        why = f", and its source does not say what to run: {found.problem}" if found.problem else ""
        what = f"has no command{why or ': without Docker it says what to run'}"
        yield what, "Add `command: [python, -m, <its module>]` to it."
    if found.is_old_dialect and service.calculations is None:
        what = (
            f"is built on dots-infrastructure {found.infrastructure}, whose models cannot say how"
            " many calculations they have"
        )
        yield what, "Add `calculations: n` to it, n being how many its code adds."


def _store(definition: Definition) -> StorePlan:
    if definition.store is None:
        return StorePlan(url=None, database=DATABASE)
    return StorePlan(url=definition.store.url, database=definition.store.database)
