"""A scenario and its definition become a plan. Pure: the same input gives the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from urllib.parse import urlsplit

from dots_cli.definition import Definition, Scenario, Service
from dots_cli.errors import InputError, Problem
from dots_cli.plan.coverage import coverage_of
from dots_cli.plan.federation import federation_of, models_of
from dots_cli.plan.model import (
    PLAN_FORMAT,
    ContainerSpec,
    Limits,
    Model,
    Plan,
    RuntimeName,
    Simulation,
    StorePlan,
)

BROKER = "broker"
DATABASE = "dots"
NETWORK = "run"

_BROKER_ADDRESS = {
    "process": {"broker_ip": "${BROKER_HOST}", "broker_port": "${BROKER_PORT}"},
    "docker": {"broker_ip": BROKER, "broker_port": "30000"},
}
_STORE_NAME = {"process": "store", "docker": "influxdb"}
_STORE_ADDRESS = {
    "process": {"INFLUXDB_HOST": "${STORE_HOST}", "INFLUXDB_PORT": "${STORE_PORT}"},
    "docker": {"INFLUXDB_HOST": "influxdb", "INFLUXDB_PORT": "8086"},
}
_STORE_IMAGE = "influxdb:1.13"


def build(scenario: Scenario, definition: Definition, *, run_id: str, runtime: RuntimeName) -> Plan:
    """Every decision about one run.

    Raises `InputError` where the definition lacks what that runtime needs to start a service that
    has objects in the scenario.
    """
    models = [model for service in definition.services for model in models_of(service, scenario)]
    used = {model.service for model in models}
    _require_startable([s for s in definition.services if s.name in used], definition, runtime)
    store = _store(definition)
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
        store=store,
        containers=tuple(_containers(models, definition, store, run_id, runtime)),
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


def _containers(
    models: Sequence[Model],
    definition: Definition,
    store: StorePlan,
    run_id: str,
    runtime: RuntimeName,
) -> Iterable[ContainerSpec]:
    networks = (NETWORK,) if runtime == "docker" else ()
    started_first: tuple[str, ...] = (BROKER,)
    if store.url is None:
        name = _STORE_NAME[runtime]
        started_first = (BROKER, name)
        yield ContainerSpec(
            name=name,
            role="store",
            image=_STORE_IMAGE if runtime == "docker" else None,
            networks=networks,
            labels=_labels(run_id, "store"),
        )
    yield ContainerSpec(
        name=BROKER,
        role="conductor",
        networks=networks,
        labels=_labels(run_id, "conductor"),
    )
    services = {service.name: service for service in definition.services}
    for model in models:
        service = services[model.service]
        yield ContainerSpec(
            name=model.id,
            role="model",
            image=service.image,
            source=None if service.source is None else str(service.source),
            python=service.python,
            command=service.command,
            environment=_environment(model, service, definition, run_id, runtime),
            networks=networks,
            start_after=started_first,
            labels=_labels(run_id, "model"),
            cpus=service.cpus,
            memory=service.memory,
            platform=service.platform,
            volumes=service.volumes,
            gpus=service.gpus,
            extra_hosts=service.extra_hosts,
        )


def _environment(
    model: Model, service: Service, definition: Definition, run_id: str, runtime: RuntimeName
) -> tuple[tuple[str, str], ...]:
    """What a model is told (PROTOCOL: "Environment of a model"), then the service's own."""
    types = list(dict.fromkeys(service.esdl_type for service in definition.services))
    literal = {
        "esdl_ids": ";".join(item.id for item in model.objects),
        "esdl_type": model.esdl_type,
        "model_id": model.id,
        "simulation_id": run_id,
        "start_time": definition.start.strftime("%Y-%m-%d %H:%M:%S"),
        "simulation_duration_in_seconds": str(definition.duration),
        "calculation_services": ";".join(types),
        "log_level": definition.log_level,
    }
    environment = {name: value.replace("$", "$$") for name, value in literal.items()}
    environment |= _BROKER_ADDRESS[runtime]
    environment["HELICS_BROKER_KEY"] = "${BROKER_KEY}"
    environment |= _store_environment(definition, runtime)
    environment |= dict(service.env)
    return tuple(environment.items())


def _store_environment(definition: Definition, runtime: RuntimeName) -> dict[str, str]:
    own = definition.store
    if own is None:
        return _STORE_ADDRESS[runtime] | {
            "INFLUXDB_USER": "${STORE_USER}",
            "INFLUXDB_PASSWORD": "${STORE_PASSWORD}",
            "INFLUXDB_NAME": DATABASE,
        }
    address = urlsplit(own.url)
    return {
        "INFLUXDB_HOST": address.hostname or "",
        "INFLUXDB_PORT": str(address.port or 8086),
        "INFLUXDB_USER": own.user,
        "INFLUXDB_PASSWORD": own.password,
        "INFLUXDB_NAME": own.database.replace("$", "$$"),
    }


def _labels(run_id: str, role: str) -> tuple[tuple[str, str], ...]:
    return (("dots.run", run_id), ("dots.role", role))
