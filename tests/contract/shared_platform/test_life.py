"""The platform's life on the real engine: started once, used again, stopped and renewed."""

from __future__ import annotations

import socket
import subprocess
import threading
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from dots_cli.plan.model import ContainerSpec
from dots_cli.results.opening import open_results
from dots_cli.runtime.containers import platform
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Project
from tests.contract.shared_platform.conftest import points
from tests.support.platforms import Stage, write

pytestmark = [pytest.mark.needs("docker", "influxdb-image", "grafana-stand-in")]


def test_it_is_started_once_and_used_again_and_its_data_stays(own: Stage) -> None:
    first = own.start()
    assert {c.service: c.state for c in first.containers} == {
        "influxdb": "running",
        "grafana": "running",
    }
    write(first, points("town-abc234"))
    ids = own.ids()
    own.told.clear()
    assert own.start().variables == first.variables
    assert (own.ids(), own.told) == (ids, [])
    platform.remove(own.engine)
    assert own.now().containers == ()
    assert own.engine.networks(project=first.project) == []
    again = own.start()
    assert own.ids().keys() == ids.keys()
    assert own.ids() != ids
    assert again.variables == first.variables
    assert {c.service: dict(c.ports) for c in again.containers} == {
        c.service: dict(c.ports) for c in first.containers
    }
    with open_results(own.folder, own.plan) as results:
        assert results.counts() == {"PVInstallation": 5}
    platform.remove(own.engine, volumes=True)
    assert platform.find(own.engine) is None
    assert sorted(p.name for p in again.folder.iterdir()) == ["lock"]


@pytest.mark.needs("compose")
def test_compose_knows_the_platform_by_the_file_that_its_labels_name(own: Stage) -> None:
    there = own.start()

    def compose(*words: str) -> str:
        done = subprocess.run(
            ["docker", "compose", "--file", str(there.folder / "compose.yaml"), *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert not done.stderr
        return done.stdout

    for container in there.containers:
        named = container.labels["com.docker.compose.project.config_files"]
        assert Path(named) == there.folder / "compose.yaml"
    assert sorted(compose("ps", "--services").split()) == ["grafana", "influxdb"]
    assert compose("config", "--services").split() == ["influxdb", "grafana"]
    written = (there.folder / "compose.yaml").read_text()
    assert there.variables["STORE_PASSWORD"] not in written
    named = yaml.safe_load(written)["volumes"]
    for name, labels in own.engine.volume_labels(project=there.project).items():
        assert labels["dots.folder"] == str(there.folder)
        assert named[name.partition("_")[2]]["labels"] == {"dots.folder": str(there.folder)}


def test_two_runs_at_once_start_it_once(bare: Stage) -> None:
    found: list[Any] = []

    def begin() -> None:
        try:
            with Engine.connect() as engine:
                found.append(replace(bare, engine=engine, told=[]).start())
        except Exception as error:
            found.append(error)

    both = [threading.Thread(target=begin) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert [len(there.containers) for there in found] == [1, 1]
    assert found[0].store.id == found[1].store.id
    assert found[0].variables == found[1].variables


def test_what_was_stopped_runs_again_at_the_same_address(own: Stage) -> None:
    first = own.start()
    write(first, points("run-1"))
    ids = own.ids()
    own.engine.kill(ids["grafana"])
    own.engine.stop(ids["influxdb"], 10)
    assert own.now().store_url is None
    again = own.start()
    assert own.ids() == ids
    assert (again.store_url, again.grafana_url) == (first.store_url, first.grafana_url)


def test_a_port_that_is_taken_is_left_to_whoever_has_it(bare: Stage) -> None:
    wanted = bare.ports["INFLUXDB_PORT"]
    with taken(wanted):
        first = bare.start()
        assert first.store is not None
        port = first.store.ports[8086]
        assert port != wanted
    write(first, points("town-abc234"))
    ids = bare.ids()
    bare.engine.stop(ids["influxdb"], 10)
    with taken(port):
        again = bare.start()
        assert again.store is not None
        assert again.store.ports[8086] != port
    with open_results(bare.folder, bare.plan) as results:
        assert results.counts() == {"PVInstallation": 5}


def taken(port: int) -> socket.socket:
    """Listens on a port, unless another program does already."""
    server = socket.socket()
    try:
        server.bind(("127.0.0.1", port))
        server.listen()
    except OSError:
        server.close()
        return socket.socket()
    return server


def test_changed_settings_and_a_newer_image_renew_it_and_keep_the_data(bare: Stage) -> None:
    image = f"dots-tests/influxdb:{uuid.uuid4().hex[:12]}"
    (spec,) = bare.specs
    mine = replace(spec, image=image)
    try:
        derive(image, spec.image, "one")
        write(bare.start([mine]), points("town-abc234"))
        ids = [bare.ids()["influxdb"]]
        settings = bare.folder.stack / "influxdb" / "influxdb.conf"
        settings.write_text(settings.read_text() + "\n# another comment\n")
        bare.start([mine])
        ids.append(bare.ids()["influxdb"])
        derive(image, spec.image, "two")
        bare.start([mine])
        ids.append(bare.ids()["influxdb"])
        bare.start([mine])
        assert bare.ids()["influxdb"] == ids[-1]
        assert len(set(ids)) == 3
        assert sum(line.startswith("renewing influxdb") for line in bare.told) == 2
        with open_results(bare.folder, bare.plan) as results:
            assert results.counts() == {"PVInstallation": 5}
    finally:
        platform.remove(bare.engine, volumes=True)
        bare.engine.remove_image(image)


def derive(image: str, base: str | None, mark: str) -> None:
    """Give the name to an image that differs from the base by a label."""
    text = f"FROM {base}\nLABEL dots-tests.mark={mark}\n"
    command = ["docker", "build", "--quiet", "--tag", image, "-"]
    subprocess.run(command, input=text, text=True, check=True, capture_output=True, timeout=60)


@pytest.mark.needs("images")
def test_it_is_not_renewed_under_a_run_that_uses_it(bare: Stage) -> None:
    bare.start()
    ids = bare.ids()
    project = Project(f"{platform.project().name}-user", bare.folder.path)
    model = ContainerSpec(
        "pv-1",
        "model",
        image="python:3.13-slim",
        command=("sleep", "600"),
        labels=(("dots.run", "town-abc234"), ("dots.role", "model")),
    )
    ident = bare.engine.create(model, project, {}, lambda _: b"", {})
    try:
        bare.engine.start(ident)
        settings = bare.folder.stack / "influxdb" / "influxdb.conf"
        settings.write_text(settings.read_text() + "\n# another comment\n")
        bare.start()
        assert bare.ids() == ids
        assert bare.told[-1] == "influxdb is to be renewed when no run uses it any more"
    finally:
        bare.engine.remove(ident)
    bare.start()
    assert bare.ids() != ids
