"""A platform for tests: a docker plan with its rendered stack, and its InfluxDB to write to."""

from __future__ import annotations

import dataclasses
import json
import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dots_cli.plan import serialise
from dots_cli.plan.containers import DATABASE, Stack, containers_of
from dots_cli.plan.model import ContainerSpec, Plan
from dots_cli.render.run_folder import RunFolder, data_home
from dots_cli.render.secrets import VARIABLES, random_secrets, write_variables
from dots_cli.render.stack import write_stack
from dots_cli.runtime.containers import platform
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.platform import Platform
from tests.support.acting import make_run
from tests.support.stores import Server
from tests.unit.plan.planning import definition_of, service

NO_PROCESS = subprocess.Popen.__new__(subprocess.Popen)
"""The server is in a container: there is no process of it here."""


@dataclass
class Stage:
    """One run's plan and stack, and what starts its platform."""

    engine: Engine
    folder: RunFolder
    plan: Plan
    ports: dict[str, int]
    told: list[str] = field(default_factory=list)

    @property
    def specs(self) -> list[ContainerSpec]:
        """Of what all runs share."""
        return [spec for spec in self.plan.containers if spec.role in ("store", "grafana")]

    def start(self, specs: Sequence[ContainerSpec] | None = None) -> Platform:
        """Start the platform as a run does."""
        wanted = self.specs if specs is None else specs
        platform.start(self.engine, wanted, self.folder.stack, self.told.append)
        return self.now()

    def now(self) -> Platform:
        """The platform as it is."""
        found = platform.find(self.engine)
        assert found is not None
        return found

    def ids(self) -> dict[str, str]:
        """Its containers by their services."""
        return {c.service: c.id for c in self.now().containers}


def stage(engine: Engine, *, grafana: bool = True, run_id: str = "town-abc234") -> Stage:
    """A run in containers that has ended: its folder, plan and stack. Nothing is started."""
    folder = make_run(run_id, models=("pv-1",))
    plan = serialise.from_json(folder.plan.read_text(encoding="utf-8"))
    services = definition_of(service("pv", "PVInstallation"))
    stack = Stack(conductor_image="dots-conductor", grafana=grafana)
    containers = tuple(containers_of(plan.models, services, run_id, stack))
    plan = dataclasses.replace(plan, runtime="docker", containers=containers)
    folder.plan.write_text(serialise.to_json(plan), encoding="utf-8")
    about = folder.read_json(folder.about) | {"runtime": "docker"}
    folder.about.write_text(json.dumps(about), encoding="utf-8")
    ports = {"INFLUXDB_PORT": "8086", "GRAFANA_PORT": "3000"}
    write_stack(folder.stack, plan, b"<esdl/>", random_secrets() | ports)
    return Stage(engine, folder, plan, take_ports(data_home()))


def take_ports(home: Path) -> dict[str, int]:
    """Let the platform of a `DOTS_HOME`, not started yet, have ports that no other test asks for.

    The usual ones go to whoever asks while it is stopped for a moment.
    """
    store, grafana = random.sample(range(10_000, 20_000), 2)
    ports = {"INFLUXDB_PORT": store, "GRAFANA_PORT": grafana}
    folder = home / "platform"
    folder.mkdir(parents=True, exist_ok=True)
    write_variables(folder / VARIABLES, {name: str(port) for name, port in ports.items()})
    return ports


def store_of(there: Platform) -> Server:
    """The platform's InfluxDB, for requests."""
    assert there.store is not None
    return Server(there.store.ports[8086], NO_PROCESS)


def as_models(there: Platform) -> dict[str, str]:
    """User and password of models, for a request."""
    return {"user": there.variables["STORE_USER"], "password": there.variables["STORE_PASSWORD"]}


def as_reader(there: Platform) -> dict[str, str]:
    """User and password of whoever reads."""
    return {"user": "reader", "password": there.variables["STORE_READER_PASSWORD"]}


def write(there: Platform, lines: str) -> None:
    """Write points as a model does."""
    asked = {"db": DATABASE, "precision": "s"} | as_models(there)
    status, text, _ = store_of(there).request("POST", "/write", lines.encode(), **asked)
    assert (status, text) == (204, "")
