"""`dots import`, as it is called, and the other commands on a request."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dots_cli.app import app
from dots_cli.definition.shell import quoted
from dots_cli.errors import ExitCode
from tests.support import ROOT
from tests.support.repositories import commit, repository

VILLAGE = ROOT / "tests" / "inputs" / "village.esdl"


def dots(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    """A request for a village whose weather is published."""
    whole = {
        "name": "village",
        "start_date": "2024-03-01 00:00:00",
        "simulation_duration_in_seconds": 7200,
        "keep_logs_hours": 24,
        "log_level": "info",
        "calculation_services": [
            {
                "esdl_type": "EnvironmentalProfiles",
                "calc_service_name": "weather",
                "service_image_url": "ghcr.io/dots-energy-services/weatherservice:latest",
                "nr_of_models": 1,
                "amount_of_calculations": 1,
            }
        ],
        "esdl_base64string": base64.b64encode(VILLAGE.read_bytes()).decode(),
    }
    path = tmp_path / "request.json"
    path.write_text(json.dumps(whole, indent=2), encoding="utf-8")
    return path


def test_nothing_is_imported_that_another_definition_hides(
    request_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "scenario.services.yaml").write_text("mine", encoding="utf-8")
    result = dots("import", request_file, "-o", tmp_path, "--force")
    assert result.exit_code == ExitCode.USAGE
    assert "would be taken before services.yaml" in result.stderr
    assert not (tmp_path / "services.yaml").exists()


def test_the_next_step_can_be_typed_into_a_shell(request_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "my village"
    result = dots("import", request_file, "-o", folder)
    assert f"dots run {quoted(folder / 'scenario.esdl')}\n" in result.stderr


def test_a_request_becomes_a_folder_that_can_be_run(request_file: Path, tmp_path: Path) -> None:
    result = dots("import", request_file, "-o", tmp_path / "village")
    assert result.exit_code == 0
    assert (tmp_path / "village" / "scenario.esdl").read_bytes() == VILLAGE.read_bytes()
    text = (tmp_path / "village" / "services.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server:")
    assert "imported from request.json" in text
    assert "source: git+https://github.com/dots-energy-services/" in text
    assert "request.json:5: warning: 'keep_logs_hours' of a DOTS request" in result.stderr
    assert "Without a service:" in result.stdout
    assert dots("validate", tmp_path / "village" / "scenario.esdl").exit_code == 0


def test_a_program_is_told_what_was_written(request_file: Path, tmp_path: Path) -> None:
    result = dots("import", request_file, "-o", tmp_path / "village", "--json")
    data = json.loads(result.stdout)
    assert [Path(path).name for path in data["written"]] == ["scenario.esdl", "services.yaml"]
    assert data["coverage"]["services"][0]["models"] == ["weather-1"]


def test_what_is_there_is_not_replaced_unasked(request_file: Path, tmp_path: Path) -> None:
    (tmp_path / "village").mkdir()
    (tmp_path / "village" / "services.yaml").write_text("mine")
    result = dots("import", request_file, "-o", tmp_path / "village")
    assert result.exit_code == ExitCode.USAGE
    assert "holds services.yaml already" in result.stderr
    assert dots("import", request_file, "-o", tmp_path / "village", "--force").exit_code == 0


def test_a_broken_request_writes_nothing(request_file: Path, tmp_path: Path) -> None:
    text = request_file.read_text(encoding="utf-8")
    request_file.write_text(text.replace("7200", '"long"').replace('"info"', '"loud"'))
    result = dots("import", request_file, "-o", tmp_path / "village")
    assert result.exit_code == ExitCode.INPUT
    assert "request.json:4: error:" in result.stderr
    assert "request.json:6: error:" in result.stderr
    assert not (tmp_path / "village").exists()


def test_a_scenario_is_no_request(tmp_path: Path) -> None:
    (tmp_path / "village.esdl").write_bytes(VILLAGE.read_bytes())
    services = tmp_path / "services.yaml"
    services.write_text(
        "simulation: {start: 2024-01-01, duration: 1h}\n"
        "services: [{name: pv, esdl_type: PVInstallation, image: x}]\n"
    )
    result = dots("import", tmp_path / "village.esdl", "-o", tmp_path / "out")
    assert result.exit_code == ExitCode.INPUT
    assert "is no DOTS request" in result.stderr


def test_a_request_can_be_validated_as_it_is(request_file: Path) -> None:
    result = dots("validate", request_file)
    assert result.exit_code == 0
    assert "weather-1" in result.stdout


@pytest.mark.needs("git")
def test_a_plan_says_what_it_took_from_a_cloned_source(tmp_path: Path) -> None:
    origin = repository(tmp_path / "pv-service")
    dockerfile = "FROM python:3.12\nWORKDIR /app\nCOPY pv ./\nCMD python main.py\n"
    made = commit(origin, {"Dockerfile": dockerfile, "pv/main.py": ""}, tag="v1")
    (tmp_path / "village.esdl").write_bytes(VILLAGE.read_bytes())
    services = tmp_path / "services.yaml"
    services.write_text(
        "simulation: {start: 2024-03-01, duration: 1h}\nservices:\n"
        f"  - {{name: pv, esdl_type: PVInstallation, source: 'git+{origin.as_uri()}@v1'}}\n"
    )
    scenario = tmp_path / "village.esdl"
    result = dots("plan", scenario, "--runtime", "process")
    assert result.exit_code == 0, result.stderr
    assert (
        f"pv: runs `python main.py` in /app (Dockerfile:4); asks for Python 3.12 (Dockerfile:1);"
        f" commit {made[:12]}"
    ) in result.stdout
    planned = json.loads(dots("plan", scenario, "--runtime", "process", "--json").stdout)
    model = next(c for c in planned["containers"] if c["role"] == "model")
    assert (model["commit"], model["workdir"]) == (made, "/app")
    text = services.read_text()
    services.write_text(text.replace("@v1", "@v2"))
    result = dots("plan", scenario, "--runtime", "process")
    assert result.exit_code == ExitCode.INPUT
    assert "services.yaml:3: error: service 'pv': " in result.stderr
    assert "has no tag or commit v2" in result.stderr


def test_an_old_service_must_declare_its_calculations_before_anything_starts(
    tmp_path: Path,
) -> None:
    (tmp_path / "pv").mkdir()
    (tmp_path / "pv" / "requirements.txt").write_text("dots-infrastructure==0.4.9\n")
    (tmp_path / "village.esdl").write_bytes(VILLAGE.read_bytes())
    (tmp_path / "services.yaml").write_text(
        "simulation: {start: 2024-03-01, duration: 1h}\nservices:\n"
        "  - name: pv\n    esdl_type: PVInstallation\n    source: ./pv\n    command: [run]\n"
    )
    result = dots("run", tmp_path / "village.esdl", "--runtime", "process")
    assert result.exit_code == ExitCode.INPUT
    assert (
        "services.yaml:3: error: service 'pv' is built on dots-infrastructure 0.4.9"
        in result.stderr
    )
    assert "Add `calculations: n`" in result.stderr
