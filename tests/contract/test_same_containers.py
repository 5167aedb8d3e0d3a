"""One spec, two renderings: Compose and the engine's API make the same containers of a plan."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dots_cli.definition import read
from dots_cli.plan.build import build
from dots_cli.plan.containers import Stack as Wanted
from dots_cli.plan.containers import project_name
from dots_cli.render.conductor_image import conductor_image
from dots_cli.render.secrets import random_secrets
from dots_cli.render.stack import write_stack
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Project
from dots_cli.runtime.processes.ports import reserve
from tests.support import quick
from tests.support.compose import Stack, of_project, removed_at_the_end
from tests.support.images import in_image

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs("docker", "images", "compose", "influxdb-image", "grafana-image", "index"),
]

RUN_ID = "same-containers-abc234"

COMPOSE_OWN = {
    *("config-hash", "version", "depends_on", "image", "replace"),
    *("project.environment_file", "project.config_files", "project.working_dir"),
}
"""Labels by which Compose alone knows its own again."""

ORDERED = {"Cmd", "Entrypoint", "Test"}
OF_ONE_CONTAINER = {"Hostname", "Image", "MacAddress"}


def test_compose_and_the_engines_api_make_the_same_containers(tmp_path: Path) -> None:
    limited = in_image(quick.PV)
    extras = {
        "cpus": 0.5,
        "memory": "256m",
        "platform": "linux/amd64",
        "volumes": ["years:/years", f"{tmp_path}:/here:ro"],
        "extra_hosts": {"meter": "10.0.0.5"},
        "env": {**limited.env, "PRICE": "costs $$5"},
    }
    services = [
        in_image(quick.WEATHER),
        replace(limited, more={**limited.more, **extras}),
        in_image(quick.HOUSE),
    ]
    scenario, definition = read(quick.write(tmp_path / "in", services))
    wanted = Wanted(conductor_image=conductor_image())
    plan = build(scenario, definition, run_id=RUN_ID, runtime="docker", stack=wanted)
    block = reserve(2)
    ports = {"INFLUXDB_PORT": str(block.base), "GRAFANA_PORT": str(block.base + 1)}
    variables = random_secrets() | ports
    folder = tmp_path / "stack"
    write_stack(folder, plan, scenario.content, variables)
    with removed_at_the_end(Stack(folder)) as stack:
        # Builds the conductor's image, too.
        done = stack.compose("create")
        assert done.returncode == 0, done.stderr
        by_compose = inspected(stack.project)
        assert stack.compose("down", "--volumes").returncode == 0
        by_api = created(plan.containers, Project(project_name(RUN_ID), folder), variables)
    block.release()
    assert of_project(stack.project) == []
    assert by_compose.keys() == by_api.keys() == {spec.name for spec in plan.containers}
    for name, there in by_compose.items():
        assert by_api[name] == there, name


def created(specs: Any, project: Project, variables: dict[str, str]) -> dict[str, Any]:
    """The containers as the runtime makes them."""
    with Engine.connect() as engine:
        networks = {
            name: engine.ensure_network(project, name) for spec in specs for name in spec.networks
        }
        for name in ("influxdb-data", "grafana-data", "years"):
            engine.ensure_volume(project, name)
        for spec in specs:
            engine.create(
                spec,
                project,
                variables,
                lambda name: (project.folder / name).read_bytes(),
                networks,
            )
    return inspected(project.name)


def inspected(project: str) -> dict[str, Any]:
    """What `docker inspect` shows of every container of a project, by service, without what is
    another for each container."""
    label = f"label=com.docker.compose.project={project}"
    listed = _docker("ps", "--all", "--quiet", "--filter", label).split()
    found = {}
    for told in json.loads(_docker("inspect", *listed)):
        labels = told["Config"]["Labels"]
        config = {k: v for k, v in told["Config"].items() if k not in OF_ONE_CONTAINER}
        config["Labels"] = {
            name: value
            for name, value in labels.items()
            if name.removeprefix("com.docker.compose.") not in COMPOSE_OWN
        }
        networks = {
            name: sorted(alias for alias in joined["Aliases"] or () if alias not in told["Id"])
            for name, joined in told["NetworkSettings"]["Networks"].items()
        }
        found[labels["com.docker.compose.service"]] = plain(
            {
                "name": told["Name"],
                "config": config,
                "host": told["HostConfig"],
                "mounts": told["Mounts"],
                "networks": networks,
            }
        )
    return found


def plain(value: Any) -> Any:
    """Without what is empty or not said, and without an order that means nothing."""
    if isinstance(value, dict):
        items = {k: v if k in ORDERED else plain(v) for k, v in value.items()}
        return {key: item for key, item in items.items() if item not in (None, {}, [], "")}
    if isinstance(value, list):
        return sorted((plain(item) for item in value), key=repr)
    return value


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout
