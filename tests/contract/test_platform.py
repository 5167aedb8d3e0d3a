"""The platform on the real engine, with the real InfluxDB and a stand-in for Grafana."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from dots_cli.app import app
from dots_cli.errors import EnvironmentFailure, StoreFailure
from dots_cli.plan.model import ContainerSpec
from dots_cli.results.embedded import EmbeddedResults
from dots_cli.results.export import export
from dots_cli.results.opening import open_results, scope
from dots_cli.runtime.containers import platform
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Project
from tests.support import stores
from tests.support.platforms import Stage, as_models, as_reader, stage, store_of, write

pytestmark = [pytest.mark.needs("docker", "influxdb-image", "grafana-stand-in")]

START = 1704067200
"""2024-01-01, the start of the simulated day."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine.connect() as engine:
        yield engine


@pytest.fixture
def own(dots_home: Path, engine: Engine) -> Stage:
    return stage(engine)


@pytest.fixture
def bare(dots_home: Path, engine: Engine) -> Stage:
    """Without Grafana."""
    return stage(engine, grafana=False)


def dots(*args: str, check: int = 0, **env: str) -> Result:
    """`dots ARGS`, in this process."""
    done = CliRunner().invoke(app, list(args), env=env)
    assert done.exit_code == check, done.output
    return done


def points(run: str, count: int = 5) -> str:
    tags = f"esdl_id=a,esdl_name=roof,model_id=pv-1,simulation_id={run}"
    return "\n".join(f"PVInstallation,{tags} power={n}.5 {START + n * 900}" for n in range(count))


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


def test_its_passwords_are_for_their_owner_alone(bare: Stage) -> None:
    there = bare.start()
    assert stat.S_IMODE(there.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((there.folder / ".env").stat().st_mode) == 0o600
    assert there.variables["STORE_PASSWORD"] not in repr(there)
    assert not any(there.variables["STORE_PASSWORD"] in line for line in bare.told)
    listens = subprocess.run(
        ["docker", "port", str(there.store and there.store.id)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(": " not in line and "127.0.0.1:" in line for line in listens.splitlines())


def test_models_may_write_to_one_database_and_nothing_else(bare: Stage) -> None:
    there = bare.start()
    server = store_of(there)
    write(there, points("run-1"))

    def ask(query: str, who: dict[str, str], db: str = "dots") -> tuple[int, str]:
        status, text, _ = server.request("POST", "/query", db=db, q=query, **who)
        return status, text

    models, reader = as_models(there), as_reader(there)
    for query in (
        "SELECT * FROM PVInstallation",
        'CREATE DATABASE "more"',
        'DROP DATABASE "dots"',
        "SHOW USERS",
        "CREATE USER x WITH PASSWORD 'y'",
    ):
        status, text = ask(query, models)
        assert status == 403 or "not authorized" in text, query
    assert server.request("POST", "/write", b"a f=1", db="_internal", **models)[0] in (403, 404)
    assert '"roof"' in ask("SELECT * FROM PVInstallation", reader)[1]
    assert server.request("POST", "/write", b"a f=1", db="dots", **reader)[0] == 403


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
    with taken(8086):
        first = bare.start()
        assert first.store is not None
        port = first.store.ports[8086]
        assert port != 8086
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


def test_data_without_its_passwords_is_told_and_left(bare: Stage) -> None:
    there = bare.start()
    platform.remove(bare.engine)
    (there.folder / ".env").unlink()
    with pytest.raises(EnvironmentFailure, match=r"its passwords are not in .*\.env") as error:
        bare.start()
    assert "dots teardown --volumes" in error.value.hint
    assert bare.now().volumes == there.volumes
    platform.remove(bare.engine, volumes=True)
    assert bare.start().store_url


def test_data_from_another_password_is_told_and_left(bare: Stage) -> None:
    there = bare.start()
    write(there, points("run-1"))
    path = there.folder / ".env"
    path.write_text(path.read_text().replace("PASSWORD=", "PASSWORD=ab"))
    platform.remove(bare.engine)
    with pytest.raises(StoreFailure, match="is from another password") as error:
        bare.start()
    assert there.volumes[0] in error.value.message
    assert "dots teardown --volumes" in error.value.hint
    assert bare.now().volumes == there.volumes


def test_somebody_elses_platform_is_named_and_left_alone(
    bare: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = bare.start()
    with monkeypatch.context() as other:
        other.setenv("DOTS_HOME", str(tmp_path / "other"))
        with pytest.raises(EnvironmentFailure, match=f"belongs to {there.folder}") as error:
            bare.start()
        assert "DOTS_PLATFORM" in error.value.hint
        with pytest.raises(EnvironmentFailure, match="belongs to"):
            platform.remove(bare.engine, volumes=True)
    assert bare.now().store_url


def test_a_store_that_ends_says_why(bare: Stage) -> None:
    (bare.folder.stack / "influxdb" / "influxdb.conf").write_text("[http]\n  enabled = maybe\n")
    with pytest.raises(StoreFailure, match="influxdb of the platform ended") as error:
        bare.start()
    assert "maybe" in error.value.message or "toml" in error.value.message.lower()
    store = bare.now().store
    assert store is not None
    assert store.state == "exited"


def test_a_wrong_name_for_the_platform_is_refused(
    bare: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other:
        other.setenv("DOTS_PLATFORM", "My Platform")
        with pytest.raises(EnvironmentFailure, match="DOTS_PLATFORM is 'My Platform'"):
            bare.start()


def test_results_of_a_run_in_containers_are_those_of_the_embedded_store(
    bare: Stage, tmp_path: Path
) -> None:
    there = bare.start()
    lines = points(bare.plan.run_id, 40)
    write(there, lines)
    write(there, points("another-run"))
    bare.folder.units.write_text(json.dumps({"PVInstallation": {"power": "W"}}))
    with open_results(bare.folder, bare.plan) as results:
        one = {f.path.name: f.path.read_bytes() for f in export(results, tmp_path / "one")}
        (field,) = results.summary().fields
    assert (field.unit, field.points) == ("W", 40)
    with stores.endpoint(tmp_path / "store") as endpoint:
        status, text, _ = endpoint.request(
            "POST", "/write", lines.encode(), db=stores.DATABASE, precision="s"
        )
        assert (status, text) == (204, "")
        with EmbeddedResults(tmp_path / "store", scope(bare.plan), {}) as other:
            two = {f.path.name: f.path.read_bytes() for f in export(other, tmp_path / "two")}
    assert list(one) == ["PVInstallation.csv"]
    assert one == two


def test_looking_at_results_starts_what_was_stopped_or_removed(bare: Stage) -> None:
    there = bare.start()
    write(there, points(bare.plan.run_id))
    assert there.store is not None
    bare.engine.kill(there.store.id)
    done = dots("results", bare.plan.run_id, "--json")
    assert json.loads(done.stdout)["results"][0]["points"] == 5
    assert "starting the platform's InfluxDB" in done.stderr
    platform.remove(bare.engine)
    assert dots("results", bare.plan.run_id, "--json").stdout == done.stdout
    platform.remove(bare.engine, volumes=True)
    gone = dots("results", bare.plan.run_id, check=7)
    assert "the platform's InfluxDB has no data" in gone.stderr
    verdict = {"verdict": "failed", "cause": "environment", "message": "no image", "exit_code": 4}
    bare.folder.verdict.write_text(json.dumps(verdict))
    never = dots("results", bare.plan.run_id, check=7)
    assert "did not get as far as its InfluxDB" in never.stderr


def test_the_command_line_shows_opens_and_removes_it(own: Stage) -> None:
    run = own.plan.run_id
    own.folder.verdict.write_text(
        json.dumps({"verdict": "succeeded", "cause": "", "message": "", "exit_code": 0})
    )
    assert "there is no platform" in dots("open", run, check=4).stderr
    there = own.start()
    shown = dots("status", run).stdout
    assert "influxdb  running" in shown
    assert str(there.store_url) in shown
    assert str(there.grafana_url) in shown
    data = json.loads(dots("status", run, "--json").stdout)["platform"]
    assert [part["url"] for part in data["parts"]] == [there.store_url, there.grafana_url]

    url = dots("open", run, "--url").stdout.strip()
    assert url == (
        f"{there.grafana_url}/d/dots-run?var-run={run}&from={START}000&to={START + 86400}000"
    )
    told = dots("open", run, "--json").stdout
    assert json.loads(told) == {"run_id": run, "url": url}

    doctor = CliRunner().invoke(app, ["doctor", "--json"], env={"DOTS_CACHE": str(own.folder.path)})
    findings = json.loads(doctor.stdout)["findings"]
    (said,) = (f for f in findings if f["about"] == "platform")
    assert (said["grade"], str(there.store_url) in said["what"]) == ("ok", True)

    own.engine.kill(own.ids()["grafana"])
    stopped = dots("open", run, check=4).stderr
    assert "does not run" in stopped
    assert "dots results" in stopped
    removed = dots("teardown")
    assert f"platform {there.project}: ended, 2 containers removed" in removed.stdout
    assert own.now().volumes == there.volumes
    assert "removed, its data is kept" in dots("status", run).stdout

    asked = dots("teardown", "--volumes", check=2)
    assert "results of all runs in containers" in asked.stderr
    assert "--yes" in asked.stderr
    assert own.now().volumes == there.volumes
    last = dots("teardown", "--volumes", "--yes", "--json")
    assert json.loads(last.stdout) == [
        {"platform": there.project, "containers": 0, "volumes": list(there.volumes)}
    ]
    assert platform.find(own.engine) is None
    assert not (there.folder / ".env").exists()


def test_a_browser_is_opened_at_the_run(own: Stage, tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("BROWSER is for POSIX systems")
    there = own.start()
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{seen}"\n')
    browser.chmod(0o755)
    done = dots("open", own.plan.run_id, BROWSER=f"{browser} %s")
    assert done.stdout == ""
    assert f"Opened {there.grafana_url}" in done.stderr
    assert seen.read_text().startswith(f"{there.grafana_url}/d/dots-run?var-run=")


def test_a_run_goes_on_without_a_grafana_that_cannot_be_had(own: Stage) -> None:
    store, grafana = own.specs
    there = own.start([store, replace(grafana, image="registry.invalid/grafana:none")])
    assert there.store_url
    assert there.grafana is None
    assert own.told[-1].startswith("going on without grafana: ")
