"""What is started for a plan: one spec each for store, conductor, models, and Grafana."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from dots_cli.definition import Definition, Service
from dots_cli.definition.model import sanitised
from dots_cli.definition.sources import SourceFacts
from dots_cli.plan.model import (
    ContainerSpec,
    FileCopy,
    HealthCheck,
    Model,
    Port,
    Role,
    RuntimeName,
)

BROKER = "broker"
BROKER_PORT = 30000
STORE = "influxdb"
STORE_PORT = 8086
GRAFANA = "grafana"
GRAFANA_PORT = 3000
DATABASE = "dots"
STORE_READER = "reader"
"""Who may read results, and nothing else: Grafana and this tool."""

RUN_NETWORK = "run"
STORE_NETWORK = "store"

SCENARIO_FILE = FileCopy("scenario.esdl", "/dots/scenario.esdl")
SETTINGS_FILE = FileCopy("conductor.json", "/dots/conductor.json")
READY_FILE = "/tmp/dots-ready"

STORE_IMAGE = "influxdb:1.13"
GRAFANA_IMAGE = "grafana/grafana:12.3.0"

RUN_LABEL = "dots.run"
ROLE_LABEL = "dots.role"

MODEL_GRACE = 30.0
"""A model that is told to end may still have results to write."""

_BROKER_ADDRESS = {
    "process": {"broker_ip": "${BROKER_HOST}", "broker_port": "${BROKER_PORT}"},
    "docker": {"broker_ip": BROKER, "broker_port": str(BROKER_PORT)},
}
_STORE_ADDRESS = {
    "process": {"INFLUXDB_HOST": "${STORE_HOST}", "INFLUXDB_PORT": "${STORE_PORT}"},
    "docker": {"INFLUXDB_HOST": STORE, "INFLUXDB_PORT": str(STORE_PORT)},
}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
MACHINE = "host.docker.internal"
"""How containers call the machine that the engine runs on."""


@dataclass(frozen=True)
class Stack:
    """What is not in the definition but has to be decided: the conductor's image, a Grafana."""

    conductor_image: str = "dots-conductor"
    grafana: bool = True


def project_name(run_id: str) -> str:
    """The Compose project of a run."""
    return f"dots-{run_id}"


def processes_of(
    models: Sequence[Model], definition: Definition, run_id: str
) -> Iterator[ContainerSpec]:
    """The local processes of a plan."""
    started_first: tuple[str, ...] = (BROKER,)
    if definition.store is None:
        started_first = (BROKER, "store")
        yield ContainerSpec(name="store", role="store", labels=_labels(run_id, "store"))
    yield ContainerSpec(name=BROKER, role="conductor", labels=_labels(run_id, "conductor"))
    services = {service.name: service for service in definition.services}
    for model in models:
        service = services[model.service]
        found = service.found or SourceFacts()
        laid_out = found.files and not service.command
        yield ContainerSpec(
            name=model.id,
            role="model",
            source=None if service.source is None else str(service.source),
            git=str(service.git) if service.git else None,
            commit=service.commit,
            python=service.python or found.python,
            requires_python=None if service.python else found.requires_python or ">=3.0",
            packages=found.packages,
            workdir=found.workdir if laid_out else None,
            files=tuple(FileCopy(*pair) for pair in found.files) if laid_out else (),
            command=service.command or found.command,
            environment=_environment(model, service, definition, run_id, "process"),
            start_after=started_first,
            labels=_labels(run_id, "model"),
        )


def containers_of(
    models: Sequence[Model], definition: Definition, run_id: str, stack: Stack
) -> Iterator[ContainerSpec]:
    """The containers of a plan: the whole stack, the parts that all runs share among them."""
    own_store = definition.store is not None
    if not own_store:
        yield _store()
        if stack.grafana:
            yield _grafana()
    yield _conductor(run_id, stack.conductor_image)
    services = {service.name: service for service in definition.services}
    for model in models:
        service = services[model.service]
        environment = _environment(model, service, definition, run_id, "docker")
        hosts = service.extra_hosts
        if dict(environment)["INFLUXDB_HOST"] == MACHINE:
            hosts = (*hosts, f"{MACHINE}:host-gateway")
        yield ContainerSpec(
            name=model.id,
            role="model",
            image=service.image or built_image(service),
            build=None if service.image else f"sources/{sanitised(service.name)}",
            source=None if service.image else str(service.source),
            environment=environment,
            networks=(RUN_NETWORK,) if own_store else (RUN_NETWORK, STORE_NETWORK),
            start_after=(BROKER,) if own_store else (BROKER, STORE),
            labels=_labels(run_id, "model"),
            volumes=service.volumes,
            stop_grace=MODEL_GRACE,
            cpus=service.cpus,
            memory=service.memory,
            platform=service.platform,
            gpus=service.gpus,
            extra_hosts=hosts,
        )


def built_image(service: Service) -> str:
    """The name of the image that is built of a service's source: one for each source folder."""
    digest = hashlib.sha256(str(service.source).encode()).hexdigest()[:8]
    return f"dots-service/{sanitised(service.name)}:{digest}"


def _store() -> ContainerSpec:
    environment = {
        "INFLUXDB_DB": DATABASE,
        "INFLUXDB_HTTP_AUTH_ENABLED": "true",
        "INFLUXDB_ADMIN_USER": "admin",
        "INFLUXDB_ADMIN_PASSWORD": "${STORE_ADMIN_PASSWORD}",
        # Of models, who may write to this one database, and read not even that.
        "INFLUXDB_WRITE_USER": "${STORE_USER}",
        "INFLUXDB_WRITE_USER_PASSWORD": "${STORE_PASSWORD}",
        "INFLUXDB_READ_USER": STORE_READER,
        "INFLUXDB_READ_USER_PASSWORD": "${STORE_READER_PASSWORD}",
    }
    # Asked by its own name: while it is being set up, the server listens on 127.0.0.1 only.
    # Arguments would show the password to everybody who lists the machine's processes.
    asked = (
        'INFLUX_USERNAME="$$INFLUXDB_READ_USER" INFLUX_PASSWORD="$$INFLUXDB_READ_USER_PASSWORD"'
        f' influx -host "$$(hostname)" -port {STORE_PORT} -database {DATABASE}'
        " -execute 'SHOW MEASUREMENTS LIMIT 1'"
    )
    return ContainerSpec(
        name=STORE,
        role="store",
        image=STORE_IMAGE,
        environment=tuple(environment.items()),
        networks=(STORE_NETWORK,),
        labels=_shared("store"),
        files=(FileCopy("influxdb/influxdb.conf", "/etc/influxdb/influxdb.conf"),),
        volumes=("influxdb-data:/var/lib/influxdb",),
        ports=(Port("${INFLUXDB_PORT}", STORE_PORT),),
        health=HealthCheck(asked, interval=2, timeout=10, retries=5, start_period=120),
        stop_grace=30,
        restart="unless-stopped",
    )


def _grafana() -> ContainerSpec:
    environment = {
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_AUTH_DISABLE_LOGIN_FORM": "true",
        "GF_SECURITY_ADMIN_PASSWORD": "${GRAFANA_ADMIN_PASSWORD}",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "DOTS_STORE_READER_PASSWORD": "${STORE_READER_PASSWORD}",
    }
    provisioning = "/etc/grafana/provisioning"
    return ContainerSpec(
        name=GRAFANA,
        role="grafana",
        image=GRAFANA_IMAGE,
        environment=tuple(environment.items()),
        networks=(STORE_NETWORK,),
        start_after=(STORE,),
        labels=_shared("grafana"),
        files=(
            FileCopy("grafana/datasource.yaml", f"{provisioning}/datasources/dots.yaml"),
            FileCopy("grafana/dashboards.yaml", f"{provisioning}/dashboards/dots.yaml"),
            FileCopy("grafana/run.json", "/etc/grafana/dots/run.json"),
        ),
        volumes=("grafana-data:/var/lib/grafana",),
        ports=(Port("${GRAFANA_PORT}", GRAFANA_PORT),),
        health=HealthCheck(
            f"wget -q -O /dev/null http://127.0.0.1:{GRAFANA_PORT}/api/health",
            interval=2,
            timeout=10,
            retries=5,
            start_period=120,
        ),
        restart="unless-stopped",
    )


def _conductor(run_id: str, image: str) -> ContainerSpec:
    return ContainerSpec(
        name=BROKER,
        role="conductor",
        image=image,
        build="conductor",
        command=(SETTINGS_FILE.target, "--control", "--ready", READY_FILE),
        environment=(("HELICS_BROKER_KEY", "${BROKER_KEY}"),),
        networks=(RUN_NETWORK,),
        labels=_labels(run_id, "conductor"),
        files=(SCENARIO_FILE, SETTINGS_FILE),
        health=HealthCheck(
            f"test -e {READY_FILE}", interval=1, timeout=5, retries=5, start_period=60
        ),
        stdin_open=True,
        stop_grace=30,
    )


def _environment(
    model: Model, service: Service, definition: Definition, run_id: str, runtime: RuntimeName
) -> tuple[tuple[str, str], ...]:
    """What a model is told (docs/protocol.md, "Environment of a model"), then the service's own."""
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
    if runtime == "process" and service.found and not service.command:
        # An image brings them along.
        own = ((name, value.replace("$", "$$")) for name, value in service.found.variables)
        environment = dict(own) | environment
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
    host = address.hostname or ""
    return {
        "INFLUXDB_HOST": MACHINE if runtime == "docker" and host in _LOOPBACK else host,
        "INFLUXDB_PORT": str(address.port or STORE_PORT),
        "INFLUXDB_USER": own.user,
        "INFLUXDB_PASSWORD": own.password,
        "INFLUXDB_NAME": own.database.replace("$", "$$"),
    }


def _labels(run_id: str, role: Role) -> tuple[tuple[str, str], ...]:
    return ((RUN_LABEL, run_id), (ROLE_LABEL, role))


def _shared(role: Role) -> tuple[tuple[str, str], ...]:
    """Of what belongs to no run alone."""
    return ((ROLE_LABEL, role),)
