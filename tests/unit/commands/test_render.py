"""`dots render`: what it writes, what it refuses to write over."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from dots_cli.errors import ExitCode
from dots_cli.render.secrets import read_variables
from tests.conftest import Dots
from tests.support import ROOT

EXAMPLE = ROOT / "examples" / "two-houses" / "scenario.esdl"


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_it_writes_a_stack_and_says_how_to_start_it(run_dots: Dots, tmp_path: Path) -> None:
    out = tmp_path / "größe" / "stack"
    done = run_dots("render", EXAMPLE, "-o", out, check=0)
    assert done.stdout == f"Written: {out}\n"
    assert "docker compose up --detach" in done.stderr
    assert names_in(out) == {
        *("compose.yaml", ".env", "scenario.esdl", "conductor.json"),
        *("conductor", "sources", "influxdb", "grafana"),
    }
    assert names_in(out / "sources") == {"weather", "pv", "household-connection"}


def test_options_of_a_run_hold_here_too(run_dots: Dots, tmp_path: Path) -> None:
    out = tmp_path / "stack"
    told = run_dots(
        *("render", EXAMPLE, "-o", out, "--duration", "12h", "--start", "2024-12-21 00:00:00"),
        *("--set", "weather.CLOUD_COVER=1", "--no-grafana", "--json"),
        check=0,
    )
    run_id = json.loads(told.stdout)["run_id"]
    text = (out / "compose.yaml").read_text(encoding="utf-8")
    assert f"name: dots-{run_id}\n" in text
    assert 'CLOUD_COVER: "1"' in text
    assert 'start_time: "2024-12-21 00:00:00"' in text
    assert json.loads((out / "conductor.json").read_text())["duration"] == 43_200
    assert "grafana" not in names_in(out)


def test_a_stack_is_replaced_and_the_old_ones_containers_are_not_forgotten(
    run_dots: Dots, tmp_path: Path
) -> None:
    out = tmp_path / "stack"
    first = json.loads(run_dots("render", EXAMPLE, "-o", out, "--json", check=0).stdout)
    secrets = read_variables(out / ".env")
    again = run_dots("render", EXAMPLE, "-o", out, "--no-grafana", check=0)
    assert f"docker compose -p dots-{first['run_id']} down --volumes" in again.stderr
    assert "grafana" not in names_in(out)
    assert read_variables(out / ".env")["STORE_PASSWORD"] != secrets["STORE_PASSWORD"]


def test_a_folder_of_others_is_left_alone(run_dots: Dots, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    done = run_dots("render", EXAMPLE, "-o", tmp_path, check=ExitCode.USAGE)
    assert "is there already, and no stack of dots" in done.stderr
    assert (tmp_path / "compose.yaml").read_text() == "services: {}\n"
    assert names_in(tmp_path) == {"thesis.tex", "compose.yaml"}


def test_a_file_is_no_folder(run_dots: Dots, tmp_path: Path) -> None:
    (tmp_path / "stack").write_text("mine")
    run_dots("render", EXAMPLE, "-o", tmp_path / "stack", check=ExitCode.USAGE)
    assert (tmp_path / "stack").read_text() == "mine"


def test_the_folder_has_to_be_named(run_dots: Dots) -> None:
    assert "--output" in run_dots("render", EXAMPLE, check=ExitCode.USAGE).stderr


def test_problems_of_the_definition_leave_no_folder(run_dots: Dots, tmp_path: Path) -> None:
    services = tmp_path / "services.yaml"
    services.write_text("simulation: {start: 2024-01-01, duration: 1h}\nservices: []\n")
    out = tmp_path / "stack"
    run_dots("render", EXAMPLE, "--services", services, "-o", out, check=ExitCode.INPUT)
    assert not out.exists()


def test_a_service_that_cannot_be_built_is_named(run_dots: Dots, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    services = tmp_path / "services.yaml"
    services.write_text(
        "simulation: {start: 2024-01-01, duration: 1h}\n"
        "services:\n"
        "  - {name: pv, esdl_type: PVInstallation, source: ./code, command: [python, -m, pv]}\n"
    )
    out = tmp_path / "stack"
    done = run_dots("render", EXAMPLE, "--services", services, "-o", out, check=ExitCode.INPUT)
    assert f"pv: {tmp_path / 'code'} has no Dockerfile" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize("secret", ["se$am '\"\\ open", "größe\nzwei"])
def test_a_variable_of_the_caller_is_in_the_private_file_alone(
    run_dots: Dots, tmp_path: Path, secret: str
) -> None:
    services = tmp_path / "services.yaml"
    services.write_text(
        "simulation: {start: 2024-01-01, duration: 1h}\n"
        "services:\n"
        "  - {name: pv, esdl_type: PVInstallation, image: pv, env: {API_KEY: '${PV_KEY}'}}\n"
    )
    out = tmp_path / "stack"
    run_dots("render", EXAMPLE, "--services", services, "-o", out, env={"PV_KEY": secret}, check=0)
    assert read_variables(out / ".env")["PV_KEY"] == secret
    assert "API_KEY: ${PV_KEY}" in (out / "compose.yaml").read_text(encoding="utf-8")


def test_a_port_that_another_program_has_is_passed_over(
    run_dots: Dots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]  # the usual one may be anybody's: other sessions of tests
        monkeypatch.setattr("dots_cli.plan.containers.STORE_PORT", taken)
        run_dots("render", EXAMPLE, "-o", tmp_path / "stack", check=0)
    first, last = read_variables(tmp_path / "stack" / ".env")["INFLUXDB_PORT"].split("-")
    assert int(first) > taken
    assert int(last) == int(first) + 99
