"""The text of a new service: Python that is in order, a definition that can be run."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from dots_cli.definition import read
from dots_cli.definition.scaffold import NewService, new_service, possible_types
from dots_cli.plan.build import build
from dots_cli.render.scaffold import Files, project_files, service_files
from tests.support import ROOT

PLAIN = new_service("electricity-demand", "ElectricityDemand")
RICH = new_service(
    "heat-pump",
    "HeatPump",
    ["simulate:15m", "plan:1h", "look:1d"],
    [
        "EnvironmentalProfiles.air_temperature:K",
        "PVInstallation.active_power:W",
        "plan/EnergyMarket.price:€/kWh",
        "plan/EnergySystem.share:-",
        "plan/Building.temperature:K",
    ],
    ["power:W", "heat:W", "plan/setpoint:W"],
)
BOTH = pytest.mark.parametrize("service", [PLAIN, RICH], ids=lambda service: service.name)


def write(files: Files, folder: Path) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def test_what_is_written_mirrors_the_templates() -> None:
    root = ROOT / "templates" / "service"
    names = {
        path.relative_to(root).as_posix().removesuffix(".template")
        for path in root.rglob("*.template")
    }
    written = {str(path) for path in service_files(PLAIN) if path.parts[0] != "example"}
    assert written == {name.replace("__package__", PLAIN.package) for name in names}


def test_stand_ins_are_there_for_inputs_only() -> None:
    def stand_ins(service: NewService) -> list[PurePosixPath]:
        return [path for path in service_files(service) if "stand-ins" in path.parts]

    assert not stand_ins(PLAIN)
    assert len(stand_ins(RICH)) == 5


@BOTH
def test_the_code_is_in_order(service: NewService, tmp_path: Path) -> None:
    folder = write(service_files(service), tmp_path)
    for file in folder.rglob("*.py"):
        ast.parse(file.read_text(encoding="utf-8"), str(file))
    for command in (
        ["check", "--select", "E4,E7,E9,F,I,UP,B,SIM,RUF", "--ignore", "RUF001"],
        ["format", "--check"],
    ):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "100", "."]
        done = subprocess.run(ruff, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@BOTH
def test_the_example_can_be_run(service: NewService, tmp_path: Path) -> None:
    folder = write(service_files(service), tmp_path)
    scenario, definition = read(folder / "example" / "scenario.esdl")
    assert definition.warnings == ()
    assert [s.esdl_type for s in definition.services] == [service.esdl_type, *service.periods]
    assert all(scenario.by_type[s.esdl_type] for s in definition.services)
    assert definition.services[0].source == folder
    assert definition.services[0].calculations == len(service.calculations)


def test_the_python_of_the_example_is_the_one_that_its_definition_speaks_of(tmp_path: Path) -> None:
    folder = write(service_files(PLAIN), tmp_path)
    built_on = (folder / "Dockerfile").read_text(encoding="utf-8").split("\n")[0]
    services = folder / "example" / "services.yaml"
    text = services.read_text(encoding="utf-8")
    assert "default: that of its Dockerfile" in text

    def python() -> str | None:
        scenario, definition = read(folder / "example" / "scenario.esdl")
        plan = build(scenario, definition, run_id="x-1", runtime="process")
        return next(c.python for c in plan.containers if c.role == "model")

    assert built_on == f"FROM python:{python()}-slim"
    services.write_text(text.replace("# python:", "python:"), encoding="utf-8")
    assert f'python: "{python()}"' in text
    assert python() not in built_on


def test_a_project_can_be_run(tmp_path: Path) -> None:
    folder = write(project_files("My study", RICH), tmp_path)
    _, definition = read(folder / "scenario.esdl")
    assert definition.services[0].source == folder / "services" / "heat-pump"
    assert (folder / "README.md").read_text(encoding="utf-8").startswith("# My study\n")


def test_every_type_that_can_be_simulated_has_its_place_in_the_scenario(tmp_path: Path) -> None:
    for esdl_type in sorted(possible_types()):
        others = ["Building", "EnergyMarket", "EnvironmentalProfiles", "PVInstallation"]
        taken = [f"{other}.value:W" for other in others if other != esdl_type][:1]
        service = new_service("any", esdl_type, inputs=taken)
        folder = write(service_files(service), tmp_path / esdl_type)
        scenario, definition = read(folder / "example" / "scenario.esdl")
        assert definition.warnings == (), esdl_type
        assert len(scenario.by_type[esdl_type]) == 1
        assert f'"esdl_ids": "{scenario.by_type[esdl_type][0].id}"' in (
            folder / "tests" / "conftest.py"
        ).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("calculations", "duration"),
    [(["a:15m"], 86400), (["a:1s"], 1000), (["a:7d"], 7 * 86400), (["a:1s", "b:2h"], 7200)],
)
def test_the_example_has_a_step_of_each_calculation_and_not_too_many(
    calculations: list[str], duration: int, tmp_path: Path
) -> None:
    """HELICS 3.6.1 keeps time for some seven thousand steps."""
    service = new_service("any", "HeatPump", calculations)
    folder = write(service_files(service), tmp_path)
    assert read(folder / "example" / "scenario.esdl")[1].duration == duration


def test_the_image_is_made_as_those_of_the_examples() -> None:
    """Which are built and run by other tests."""
    example = ROOT / "examples" / "two-houses" / "services" / "pv"
    files = service_files(new_service("pv", "PVInstallation"))
    for name in ("Dockerfile", ".dockerignore"):
        assert files[PurePosixPath(name)] == (example / name).read_text(encoding="utf-8")


@BOTH
def test_the_example_can_be_run_in_containers_too(service: NewService, tmp_path: Path) -> None:
    folder = write(service_files(service), tmp_path)
    scenario, definition = read(folder / "example" / "scenario.esdl")
    plan = build(scenario, definition, run_id="example-abc234", runtime="docker")
    models = [spec for spec in plan.containers if spec.role == "model"]
    assert len(models) == 1 + len(service.periods)
    for spec in models:
        assert spec.source is not None
        assert (Path(spec.source) / "Dockerfile").is_file()
