"""The commands that read the platform's results, show it, open it and remove it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dots_cli.app import app
from dots_cli.results.embedded import EmbeddedResults
from dots_cli.results.export import export
from dots_cli.results.opening import open_results, scope
from dots_cli.runtime.containers import platform
from tests.contract.shared_platform.conftest import START, points
from tests.support import stores
from tests.support.platforms import Stage, as_reader, store_of, write

pytestmark = [pytest.mark.needs("docker", "influxdb-image", "grafana-stand-in")]


def dots(*args: str, check: int = 0, **env: str) -> Result:
    """`dots ARGS`, in this process."""
    done = CliRunner().invoke(app, list(args), env=env)
    assert done.exit_code == check, done.output
    return done


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


def test_a_run_is_deleted_with_its_results_and_nobody_elses(bare: Stage) -> None:
    there = bare.start()
    write(there, points(bare.plan.run_id))
    write(there, points("another-run"))
    verdict = {"verdict": "failed", "cause": "model", "message": "pv-1 died", "exit_code": 5}
    bare.folder.verdict.write_text(json.dumps(verdict))
    dots("teardown", bare.plan.run_id)
    platform.remove(bare.engine)
    done = dots("delete", bare.plan.run_id, "--yes")
    assert "starting the platform's InfluxDB" in done.stderr
    assert not bare.folder.path.exists()
    left = store_of(bare.now()).request(
        *("POST", "/query"), db="dots", q="SHOW SERIES", **as_reader(bare.now())
    )[1]
    assert "another-run" in left
    assert bare.plan.run_id not in left


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


@pytest.mark.skipif(sys.platform == "win32", reason="the browser of the test is a shell script")
def test_a_browser_is_opened_at_the_run(own: Stage, tmp_path: Path) -> None:
    there = own.start()
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{seen}"\n')
    browser.chmod(0o755)
    done = dots("open", own.plan.run_id, BROWSER=f"{browser} %s")
    assert done.stdout == ""
    assert f"Opened {there.grafana_url}" in done.stderr
    assert seen.read_text().startswith(f"{there.grafana_url}/d/dots-run?var-run=")
