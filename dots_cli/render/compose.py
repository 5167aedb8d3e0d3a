"""The plan as compose.yaml: the whole stack in one file and one project. Pure.

What the keys mean: https://docs.docker.com/reference/compose-file/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from dots_cli.definition.volumes import parse_volume
from dots_cli.plan.containers import GRAFANA, GRAFANA_PORT, project_name
from dots_cli.plan.model import BUILT, LOG_OPTIONS, ContainerSpec, HealthCheck, Plan
from dots_cli.plan.references import escape
from dots_cli.render.grafana import dashboard_path

MARK = "# A DOTS co-simulation, written by `dots`: "
"""How the file begins; by it a folder is known as one of ours."""


def compose_file(plan: Plan, files: Mapping[str, str]) -> str:
    """The text of compose.yaml, the same for the same plan.

    `files` holds the text of each file of the rendered stack that a container gets. It is copied
    into compose.yaml and from there into the container, not mounted, for the engine may be on
    another machine.
    """
    return _head(plan) + _project(project_name(plan.run_id), plan.containers, files)


def platform_file(
    project: str,
    specs: Sequence[ContainerSpec],
    files: Mapping[str, str],
    volume_labels: Mapping[str, str],
) -> str:
    """The text of the platform's own compose.yaml, so that Compose knows what runs there."""
    head = (
        "# What runs in containers share, written by `dots`, which starts and removes it.\n"
        "# The variables are in .env, which holds passwords.\n"
        "#\n"
        "#   docker compose ps              what of it runs\n"
        "#   docker compose logs --follow   what it says\n"
        "\n"
    )
    return head + _project(project, specs, files, volume_labels)


def _project(
    name: str,
    specs: Sequence[ContainerSpec],
    files: Mapping[str, str],
    volume_labels: Mapping[str, str] | None = None,
) -> str:
    built: set[str] = set()
    services: dict[str, Any] = {}
    for spec in specs:
        services[spec.name] = _service(spec, specs, first=spec.image not in built)
        if spec.build and spec.image:
            built.add(spec.image)
    data: dict[str, Any] = {"name": name, "services": services}
    data |= _shared(specs, volume_labels or {})
    sources = dict.fromkeys(copy.source for spec in specs for copy in spec.files)
    if sources:
        data["configs"] = {
            _config(source): {"content": escape(files[source])} for source in sources
        }
    return _dump(data)


def _shared(specs: Sequence[ContainerSpec], volume_labels: Mapping[str, str]) -> dict[str, Any]:
    networks = dict.fromkeys(name for spec in specs for name in spec.networks)
    volumes = dict.fromkeys(
        volume.source
        for spec in specs
        for volume in map(parse_volume, spec.volumes)
        if volume.is_named
    )
    labels = {name: escape(value) for name, value in volume_labels.items()}
    found = {
        "networks": {name: {} for name in networks},
        "volumes": {name: {"labels": labels} if labels else {} for name in volumes},
    }
    return {key: named for key, named in found.items() if named}


def _service(spec: ContainerSpec, specs: Sequence[ContainerSpec], *, first: bool) -> dict[str, Any]:
    """The service of a spec; only the first of those with one image says how to build it."""
    healthy = {other.name for other in specs if other.health}
    service: dict[str, Any] = {"image": escape(spec.image or "")}
    if spec.build and first:
        build: dict[str, Any] = {"context": f"./{spec.build}", "labels": {BUILT: spec.build}}
        service |= {"build": build, "pull_policy": "build"}
        if spec.platform:
            build["platforms"] = [spec.platform]
    service |= {
        "platform": spec.platform,
        "command": [escape(word) for word in spec.command],
        "environment": dict(spec.environment),
        "configs": [{"source": _config(copy.source), "target": copy.target} for copy in spec.files],
        "depends_on": {
            name: {"condition": "service_healthy" if name in healthy else "service_started"}
            for name in spec.start_after
        },
        "networks": list(spec.networks),
        "volumes": [escape(volume) for volume in spec.volumes],
        "ports": [
            {"host_ip": "127.0.0.1", "published": port.host, "target": port.container}
            for port in spec.ports
        ],
        "extra_hosts": [escape(host) for host in spec.extra_hosts],
        "healthcheck": spec.health and _health(spec.health),
        "stdin_open": spec.stdin_open,
        "stop_grace_period": _seconds(spec.stop_grace),
        "restart": None if spec.restart == "no" else spec.restart,
        "cpus": spec.cpus,
        "mem_limit": spec.memory,
        "gpus": _gpus(spec.gpus),
        "security_opt": ["no-new-privileges:true"],
        "logging": {"driver": "json-file", "options": dict(LOG_OPTIONS)},
        "labels": {name: escape(value) for name, value in spec.labels},
    }
    return {key: value for key, value in service.items() if value not in (None, False, [], {})}


def _health(check: HealthCheck) -> dict[str, Any]:
    return {
        "test": ["CMD-SHELL", check.command],
        "interval": _seconds(check.interval),
        "timeout": _seconds(check.timeout),
        "retries": check.retries,
        "start_period": _seconds(check.start_period),
    }


def _gpus(wanted: str | None) -> Any:
    if wanted is None or wanted == "all":
        return wanted
    return [{"count": int(wanted)}]


def _seconds(seconds: float) -> str:
    return f"{seconds:g}s"


def _config(source: str) -> str:
    return source.replace("/", "-").replace(".", "-")


def _head(plan: Plan) -> str:
    models = " ".join(model.id for model in plan.models)
    own_store = not any(spec.role == "store" for spec in plan.containers)
    grafana = any(spec.role == "grafana" for spec in plan.containers)
    where = (
        "Results go to the store that the service definition names."
        if own_store
        else "Results are in the InfluxDB of this stack, until its volumes are removed."
    )
    told = f"# {where}\n"
    if grafana:
        told += (
            "# Grafana shows them at the address that this tells:\n"
            f"#   docker compose port {GRAFANA} {GRAFANA_PORT}\n"
            f"# and there below {dashboard_path(plan.run_id, plan.simulation)}\n"
        )
    return (
        f"{MARK}{plan.scenario}, {plan.run_id}\n"
        "#\n"
        "# This folder is all it takes. The variables are in .env, which holds passwords.\n"
        "#\n"
        "#   docker compose up --detach       builds, pulls and starts\n"
        "#   docker compose logs --follow     what the models say\n"
        "#   docker compose ps --all          each model's exit code must be 0\n"
        "#   docker compose down --volumes    removes everything, results too\n"
        "#\n"
        "# Where a port is taken when it starts: write another number into .env.\n"
        "#\n"
        "# It has ended when every model has, for the broker ends before they write. This waits:\n"
        f"#   docker compose wait {models}\n"
        "#\n"
        f"{told}\n"
    )


# A scenario may have 30 MB, which the dumper in Python takes 10 s for, the one in C half a second.
_FastestDumper: Any = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper


# The dumper knows what YAML 1.1 takes for something else, Compose reads YAML 1.2: there `08`, `1e3`
# and `0o17` are numbers. https://yaml.org/spec/1.2.2/#1032-tag-resolution
_NO_PLAIN_TEXT = re.compile(r"[-+._]*[0-9].*|[-+]?\.(inf|nan)|~|null|true|false|y|n", re.IGNORECASE)
_OTHER_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


class _Dumper(_FastestDumper):  # type: ignore[misc]
    """Texts of several lines as they are, line by line, where YAML allows it.

    Whatever is no text to every reader of YAML is in double quotes, as are line ends that some
    readers take for another one.
    """

    def ignore_aliases(self, data: Any) -> bool:
        """Each thing is written where it stands."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if _OTHER_LINE_ENDS.search(text) or (style is None and _NO_PLAIN_TEXT.fullmatch(text)):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _dump(data: Mapping[str, Any]) -> str:
    return yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000, indent=2
    )
