"""A `ContainerSpec` as the engine's API takes it. Pure; the other rendering of it is compose.yaml.

The labels are those that `docker compose` looks for, so that its `ls`, `ps`, `logs` and `down` know
our containers as their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from dots_cli.definition.volumes import parse_volume
from dots_cli.plan.model import LOG_OPTIONS, ContainerSpec, HealthCheck
from dots_cli.plan.references import resolve
from dots_cli.runtime.containers.facts import PROJECT_LABEL, SERVICE_LABEL, Project

COMPOSE_VERSION = "2.40.3"
"""What our containers say they were made by; tools only look whether it is there."""

SECOND = 1_000_000_000


def container_name(spec: ContainerSpec, project: Project) -> str:
    """As Compose calls it."""
    return f"{project.name}-{spec.name}-1"


def container_body(
    spec: ContainerSpec,
    project: Project,
    variables: Mapping[str, str],
    networks: Mapping[str, str],
    *,
    all_networks: bool,
) -> dict[str, Any]:
    """The body of `POST /containers/create`. KeyError names a variable that is missing.

    `networks` gives the engine's name of each network of the spec. An engine before API 1.44 takes
    only one at creation (`all_networks` False): the others have to be joined before the start.
    """
    ports = {
        f"{port.container}/tcp": [
            {"HostIp": "127.0.0.1", "HostPort": resolve(port.host, variables)}
        ]
        for port in spec.ports
    }
    joined = [networks[name] for name in sorted(spec.networks)]
    body: dict[str, Any] = {
        "Image": spec.image,
        "Env": [f"{name}={resolve(value, variables)}" for name, value in spec.environment],
        "Labels": {
            **project_labels(project),
            **folder_labels(project),
            **_service_labels(spec),
            **dict(spec.labels),
        },
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": spec.stdin_open,
        "StopTimeout": round(spec.stop_grace),
        "ExposedPorts": {port: {} for port in ports},
        "HostConfig": _host(spec, project, joined) | {"PortBindings": ports},
        "NetworkingConfig": {
            "EndpointsConfig": {
                name: endpoint(spec, project) for name in (joined if all_networks else joined[:1])
            }
        },
    }
    if spec.command:
        body["Cmd"] = list(spec.command)
    if spec.health:
        body["Healthcheck"] = _health(spec.health, variables)
    return body


def endpoint(spec: ContainerSpec, project: Project) -> dict[str, Any]:
    """How a container is known on a network that it joins."""
    return {"Aliases": [container_name(spec, project), spec.name]}


def project_labels(project: Project) -> dict[str, str]:
    """What everything of a project carries."""
    return {PROJECT_LABEL: project.name, "com.docker.compose.version": COMPOSE_VERSION}


def volume_binds(volumes: Sequence[str], project: Project) -> list[str]:
    """`name:/path[:ro]` as the engine takes it: names are the project's, the mode is spelt out."""
    binds = []
    for volume in volumes:
        source, target, mode = found = parse_volume(volume)
        if found.is_named:
            source = volume_name(project, source)
        binds.append(f"{source}:{target}:{mode}")
    return binds


def volume_name(project: Project, name: str) -> str:
    """The engine's name of a volume of the project."""
    return f"{project.name}_{name}"


def network_name(project: Project, name: str) -> str:
    """The engine's name of a network of the project."""
    return f"{project.name}_{name}"


def _service_labels(spec: ContainerSpec) -> dict[str, str]:
    return {
        SERVICE_LABEL: spec.name,
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.container-number": "1",
        "com.docker.compose.config-hash": hashlib.sha256(repr(spec).encode()).hexdigest(),
    }


def folder_labels(project: Project) -> dict[str, str]:
    """Where a container's project was written."""
    return {
        "com.docker.compose.project.working_dir": str(project.folder),
        "com.docker.compose.project.config_files": str(project.folder / "compose.yaml"),
    }


def _host(spec: ContainerSpec, project: Project, networks: Sequence[str]) -> dict[str, Any]:
    host: dict[str, Any] = {
        "NetworkMode": networks[0] if networks else "none",
        "Binds": volume_binds(spec.volumes, project) or None,
        "SecurityOpt": ["no-new-privileges:true"],
        "LogConfig": {"Type": "json-file", "Config": dict(LOG_OPTIONS)},
        "ExtraHosts": list(spec.extra_hosts),
    }
    if spec.restart != "no":
        host["RestartPolicy"] = {"Name": spec.restart}
    if spec.cpus is not None:
        host["NanoCpus"] = round(spec.cpus * SECOND)
    if spec.memory is not None:
        host["Memory"] = spec.memory
    if spec.gpus is not None:
        count = -1 if spec.gpus == "all" else int(spec.gpus)
        host["DeviceRequests"] = [{"Count": count, "Capabilities": [["gpu"]]}]
    return host


def _health(check: HealthCheck, variables: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Test": ["CMD-SHELL", resolve(check.command, variables)],
        "Interval": round(check.interval * SECOND),
        "Timeout": round(check.timeout * SECOND),
        "StartPeriod": round(check.start_period * SECOND),
        "Retries": check.retries,
    }
