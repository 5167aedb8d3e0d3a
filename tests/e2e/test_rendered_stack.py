"""What `dots render` writes, started by the real `docker compose`, without `dots`."""

from __future__ import annotations

import json
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import Dots
from tests.support import parts, quick
from tests.support.compose import Stack, of_project, removed_at_the_end
from tests.support.images import in_image, quick_source
from tests.support.processes import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.needs("docker", "images", "compose", "influxdb-image", "index"),
]

START = int(datetime(2024, 6, 21, tzinfo=UTC).timestamp())
DURATION = 7200
STEP = 900


@pytest.fixture
def stack(run_dots: Dots, tmp_path: Path) -> Iterator[Stack]:
    """Both dialects; one service is built of its source, the others come out of an image."""
    source = quick_source(tmp_path / "größe des Dienstes")
    weather = replace(quick.WEATHER, more={"source": str(source)})
    services = [weather, in_image(quick.PV), in_image(quick.HOUSE)]
    scenario = quick.write(tmp_path / "in", services, duration=DURATION)
    run_dots("render", scenario, "-o", tmp_path / "stack", check=0)
    with removed_at_the_end(Stack(tmp_path / "stack")) as rendered:
        yield rendered
    assert of_project(rendered.project) == []


@pytest.mark.needs("grafana-image")
def test_a_stack_runs_to_its_end_and_its_store_has_every_value(stack: Stack) -> None:
    checked = stack.compose("config", "--quiet")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    started = stack.compose("up", "--detach")
    assert started.returncode == 0, started.stderr
    assert set(stack.wait_for_models().values()) == {0}, stack.compose("logs").stdout
    assert stack.containers()["broker"]["ExitCode"] == 0
    assert values(stack) == expected()
    the_store_is_private(stack)
    the_store_takes_much_and_of_any_year(stack)
    if parts.here("grafana-stand-in"):
        the_stand_in_for_grafana_finds_its_provisioning(stack)
    removed = stack.compose("down", "--volumes")
    assert removed.returncode == 0, removed.stderr
    assert of_project(stack.project) == []


def the_store_is_private(stack: Stack) -> None:
    """Models write and do not read, Grafana reads and does not write, others do neither."""
    models = {"user": stack.variables["STORE_USER"], "secret": "STORE_PASSWORD"}
    reader = {"user": "reader", "secret": "STORE_READER_PASSWORD"}
    point = b"Spare,simulation_id=other value=1 0\n"
    assert stack.write(point, **models) == 204
    assert stack.write(point, **reader) == 403
    assert stack.query("CREATE DATABASE other", **models)[0] == 403
    assert stack.query("DROP MEASUREMENT Spare", **reader)[0] == 403
    assert stack.query("SHOW MEASUREMENTS", user="models", secret="BROKER_KEY")[0] == 401
    addresses = {
        port["HostIp"]
        for ports in published(stack).values()
        for found in ports.values()
        for port in found or ()
    }
    assert addresses == {"127.0.0.1"}


def the_store_takes_much_and_of_any_year(stack: Stack) -> None:
    """100,000 points with long names at once, of the year 1990."""
    models = {"user": stack.variables["STORE_USER"], "secret": "STORE_PASSWORD"}
    at = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
    name = "n" * 200
    body = b"".join(
        b"Much,simulation_id=much,esdl_name=%s value=%d %d\n" % (name.encode(), n, at + n)
        for n in range(100_000)
    )
    assert len(body) > 25_000_000
    assert stack.write(body, **models) == 204
    _, answer = stack.query("SELECT count(value) FROM Much WHERE time < '1991-01-01'")
    assert answer["results"][0]["series"][0]["values"][0][1] == 100_000


def the_stand_in_for_grafana_finds_its_provisioning(stack: Stack) -> None:
    """A stand-in: it can show nothing, but reads the files and asks the store as Grafana would."""
    wait_for(lambda: stack.containers()["grafana"]["Health"] == "healthy", 60, "Grafana is healthy")
    dashboard = stack.compose("exec", "-T", "grafana", "cat", "/etc/grafana/dots/run.json").stdout
    assert dashboard == (stack.folder / "grafana" / "run.json").read_text(encoding="utf-8")
    port = stack.port("grafana", 3000)
    assert stack.get(port, "/api/health")[0] == 200
    assert stack.get(port, "/d/dots-run?var-run=any")[0] == 200
    assert stack.get(port, "/d/unknown")[0] == 404
    status, told = stack.get(port, "/api/datasources/uid/dots-results/health")
    assert (status, json.loads(told)["status"]) == (200, "OK"), told


def test_a_model_that_fails_lets_the_others_end(run_dots: Dots, tmp_path: Path) -> None:
    """Without a supervisor: the conductor itself sees that a container is gone."""
    failing = quick.with_fault(quick.PV, "exit", at=3600)
    services = [in_image(service) for service in (quick.WEATHER, failing, quick.HOUSE)]
    scenario = quick.write(tmp_path / "in", services, duration=DURATION)
    run_dots("render", scenario, "-o", tmp_path / "stack", "--no-grafana", check=0)
    with removed_at_the_end(Stack(tmp_path / "stack")) as stack:
        assert "grafana" not in stack.data["services"]
        assert stack.compose("up", "--detach").returncode == 0
        codes = stack.wait_for_models(60)
        assert codes == {"weather-1": 0, "pv-1": 3, "pv-2": 3, "house-1": 0}
        wait_for(lambda: stack.containers()["broker"]["State"] == "exited", 20, "broker ends")
        assert stack.containers()["broker"]["ExitCode"] == 1
        assert "ended before the end of the simulation" in stack.compose("logs", "broker").stdout
    assert of_project(stack.project) == []


def values(stack: Stack) -> dict[str, dict[int, float]]:
    """What the store has, by `Type/output/id` and simulated second."""
    found = {}
    for esdl_type in ("EnvironmentalProfiles", "PVInstallation", "EConnection"):
        _, answer = stack.query(
            f"SELECT * FROM \"{esdl_type}\" WHERE simulation_id = '{stack.run_id}' GROUP BY esdl_id"
        )
        for series in answer["results"][0]["series"]:
            columns = series["columns"]
            (output,) = set(columns) - {"time", "simulation_id", "model_id", "esdl_name"}
            found[f"{esdl_type}/{output}/{series['tags']['esdl_id']}"] = {
                row[0] - START: row[columns.index(output)] for row in series["values"]
            }
    return found


def expected() -> dict[str, dict[int, float]]:
    """What quick models compute: tests/models/quick/README.md."""
    own = zlib.crc32(b"weather-1/irradiance") % 97
    times = range(STEP, DURATION + 1, STEP)
    irradiance = {at: own + at / 3600 for at in times}
    power = {at: irradiance[at] / 2 + 1 for at in times}
    load = {at: (power[at] + power[at]) / 2 + 1 for at in times}
    return {
        "EnvironmentalProfiles/irradiance/weather-1": irradiance,
        "PVInstallation/power/pvinstallation-1": power,
        "PVInstallation/power/pvinstallation-2": power,
        "EConnection/load/econnection-1": load,
        "EConnection/load/econnection-2": load,
    }


def published(stack: Stack) -> dict[str, dict[str, list[dict[str, str]] | None]]:
    """The ports of each service that this machine reaches."""
    found = {}
    for service in stack.data["services"]:
        ident = stack.compose("ps", "--all", "--quiet", service).stdout.strip()
        told = subprocess.run(
            ["docker", "inspect", "--format", "{{json .NetworkSettings.Ports}}", ident],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        found[service] = json.loads(told.stdout) or {}
    return found
