"""`init`, `validate`, `plan` and `schema`, as they are called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dots_cli.app import app
from dots_cli.definition.shell import quoted
from dots_cli.errors import ExitCode
from dots_cli.plan.serialise import from_json
from dots_cli.resources import SCHEMA, shipped
from tests.support import ROOT

INPUTS = ROOT / "tests" / "inputs"


def dots(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def village(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scenario in a folder of its own, with nothing beside it."""
    monkeypatch.setenv("VILLAGE_API_KEY", "secret")
    (tmp_path / "village.esdl").write_bytes((INPUTS / "village.esdl").read_bytes())
    return tmp_path / "village.esdl"


def test_validate_says_what_will_be_started_and_what_has_no_service(village: Path) -> None:
    result = dots("validate", village, "--services", INPUTS / "village.services.yaml")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["SERVICE", "ESDL", "TYPE", "OBJECTS", "MODELS"]
    assert "pv-installation-1 and pv-installation-2" in result.stdout
    assert lines[-1].startswith("Without a service: Building (1)")
    assert "warning: no object of village.esdl is a HeatPump" in result.stderr


def test_validate_tells_a_program_the_same(village: Path) -> None:
    result = dots("validate", village, "--services", INPUTS / "village.services.yaml", "--json")
    data = json.loads(result.stdout)
    assert data["valid"] is True
    assert data["coverage"]["without_service"]["Building"] == 1
    assert data["coverage"]["services"][2]["models"] == ["connection-1", "connection-2"]
    (warning,) = data["problems"]
    assert (warning["severity"], warning["line"]) == ("warning", 33)


def test_validate_lists_problems_on_stderr_and_ends_with_bad_input() -> None:
    result = dots(
        "validate", INPUTS / "broken" / "same-id.esdl", "--services", INPUTS / "house.yaml"
    )
    assert result.exit_code == ExitCode.INPUT
    assert result.stdout == ""
    assert "same-id.esdl:6: error: ElectricityDemand has the id 'pv'" in result.stderr


def test_validate_lists_problems_for_a_program_on_stdout() -> None:
    broken = INPUTS / "broken" / "everything-at-once.yaml"
    result = dots("validate", INPUTS / "house.esdl", "--services", broken, "--json")
    assert result.exit_code == ExitCode.INPUT
    assert result.stderr == ""
    data = json.loads(result.stdout)
    assert data["valid"] is False
    assert {problem["file"] for problem in data["problems"]} == {str(broken)}


def test_plan_prints_a_plan_that_can_be_read_back(village: Path) -> None:
    definition = INPUTS / "village.services.yaml"
    result = dots("plan", village, "--services", definition, "--json", "--runtime", "process")
    assert result.exit_code == 0
    plan = from_json(result.stdout)
    assert plan.run_id.startswith("village-")
    assert len(plan.models) == 5
    assert "secret" not in result.output


def test_plan_differs_only_by_the_run_id(village: Path) -> None:
    args = ("plan", village, "--services", INPUTS / "village.services.yaml", "--json")
    texts = []
    for _ in range(2):
        text = dots(*args).stdout
        texts.append(text.replace(json.loads(text)["run_id"], "RUN"))
    assert texts[0] == texts[1]


def test_plan_takes_what_the_command_line_says(village: Path) -> None:
    result = dots(
        *("plan", village, "--services", INPUTS / "village.services.yaml", "--json"),
        *("--start", "2025-02-03", "--duration", "2h", "--set", "PV Installation!.MODE=slow"),
    )
    plan = from_json(result.stdout)
    assert str(plan.simulation.start) == "2025-02-03 00:00:00"
    assert plan.simulation.duration == 7200
    (spec,) = (c for c in plan.containers if c.name == "pv-installation-1")
    assert dict(spec.environment)["MODE"] == "slow"


def test_plan_chooses_a_runtime_and_says_why(
    village: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOTS_RUNTIME")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    services = INPUTS / "village.services.yaml"
    plan = dots("plan", village, "--services", services, "--json")
    assert json.loads(plan.stdout)["runtime"] == "process"
    assert "Planned as local processes: " in plan.stderr
    house = dots("plan", INPUTS / "house.esdl", "--services", INPUTS / "house.yaml", "--json")
    assert json.loads(house.stdout)["runtime"] == "docker"
    assert "only an image, and no Docker engine answers" in house.stderr


def test_plan_says_that_processes_need_a_source() -> None:
    result = dots(
        *("plan", INPUTS / "house.esdl", "--services", INPUTS / "house.yaml"),
        *("--runtime", "process"),
    )
    assert result.exit_code == ExitCode.INPUT
    assert "house.yaml:3: error: service 'pv' has no source" in result.stderr


def test_plan_knows_its_runtimes() -> None:
    result = dots(
        *("plan", INPUTS / "house.esdl", "--services", INPUTS / "house.yaml"),
        *("--runtime", "cloud"),
    )
    assert result.exit_code == ExitCode.USAGE


def test_the_schema_describes_the_definitions_that_are_accepted() -> None:
    schema = json.loads(dots("schema").stdout)
    service = schema["$defs"]["ServiceEntry"]
    assert {"name", "calc_service_name", "image", "service_image_url"} <= set(service["properties"])
    assert service["additionalProperties"] is False
    assert {"services", "calculation_services", "start_date"} <= set(schema["properties"])


def test_the_schema_in_the_package_is_the_one_of_the_model() -> None:
    """Written anew with `dots schema > dots_cli/definition/services.schema.json`."""
    assert SCHEMA.read_text(encoding="utf-8") == dots("schema").stdout


@pytest.mark.parametrize("arguments", [("{village}",), ("--example", "two-houses", "{folder}")])
def test_what_is_written_names_a_schema_that_lies_beside_it(
    village: Path, arguments: tuple[str, ...]
) -> None:
    places = {"village": village, "folder": village.parent / "copied"}
    assert dots("init", *(word.format(**places) for word in arguments)).exit_code == 0
    folder = village.parent if "{village}" in arguments else places["folder"]
    first = (folder / "services.yaml").read_text(encoding="utf-8").splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (folder / named).read_text(encoding="utf-8") == SCHEMA.read_text(encoding="utf-8")


def test_init_writes_a_definition_and_says_what_it_covers(village: Path) -> None:
    result = dots("init", village)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Written: {village.with_name('services.yaml')}\n")
    assert "Without a service:" in result.stdout
    assert f"dots validate {village}" in result.stderr


def test_init_does_not_overwrite_unless_told_to(village: Path) -> None:
    mine = village.with_name("services.yaml")
    mine.write_text("mine", encoding="utf-8")
    result = dots("init", village)
    assert result.exit_code == ExitCode.USAGE
    assert "--force" in result.stderr
    assert mine.read_text(encoding="utf-8") == "mine"
    assert dots("init", village, "--force").exit_code == 0
    assert mine.read_text(encoding="utf-8") != "mine"


def test_init_writes_where_it_is_told_to(village: Path) -> None:
    target = village.with_name("village.services.yaml")
    data = json.loads(dots("init", village, "-o", target, "--json").stdout)
    assert data["written"] == str(target)
    assert target.is_file()


def test_init_writes_nothing_that_another_definition_hides(village: Path) -> None:
    own = village.with_name("village.services.yaml")
    own.write_text("mine", encoding="utf-8")
    for more in ((), ("--force",)):
        result = dots("init", village, *more)
        assert result.exit_code == ExitCode.USAGE
        assert result.stderr.startswith(f"error: {own} is there already, and is taken before")
        assert f"`--force -o {quoted(own)}`" in result.stderr
        assert not village.with_name("services.yaml").exists()


@pytest.mark.parametrize("name", ["other.yaml", "services.yaml"])
def test_init_names_the_definition_where_another_or_none_would_be_found(
    village: Path, name: str
) -> None:
    if name == "services.yaml":
        village.with_name("village.services.yaml").write_text("mine", encoding="utf-8")
    target = village.with_name(name)
    result = dots("init", village, "-o", target)
    assert f"dots validate {quoted(village)} --services {quoted(target)}\n" in result.stderr
    head = target.read_text(encoding="utf-8")
    assert f"dots run village.esdl --services {name}\n" in head
    assert dots("validate", village, "--services", target).exit_code == 0


def test_init_beside_nothing_names_both_files_as_they_were_given(village: Path) -> None:
    target = village.parent / "elsewhere" / "village.services.yaml"
    assert dots("init", village, "-o", target).exit_code == 0
    call = f"dots plan {quoted(village)} --services {quoted(target)}\n"
    assert call in target.read_text(encoding="utf-8")


def test_init_of_a_broken_scenario_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.esdl").write_text("no xml", encoding="utf-8")
    assert dots("init", tmp_path / "a.esdl").exit_code == ExitCode.INPUT
    assert not (tmp_path / "services.yaml").exists()


def test_init_needs_a_scenario_or_an_example() -> None:
    result = dots("init")
    assert result.exit_code == ExitCode.USAGE
    assert "--example" in result.stderr


def test_an_example_is_copied_and_can_be_validated(tmp_path: Path) -> None:
    folder = tmp_path / "my copy"
    result = dots("init", "--example", "two-houses", folder)
    assert result.exit_code == 0
    (scenario,) = folder.glob("*.esdl")
    assert f"dots run {quoted(scenario)}\n" in result.stderr
    assert dots("validate", scenario).exit_code == 0
    assert not list(folder.rglob("__pycache__"))
    original = shipped("examples") / "two-houses"
    line, _, rest = (folder / "services.yaml").read_text(encoding="utf-8").partition("\n")
    assert line.startswith("# yaml-language-server: ")
    assert rest == (original / "services.yaml").read_text(encoding="utf-8")


def test_an_example_goes_into_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert dots("init", "--example", "two-houses").exit_code == 0
    assert (tmp_path / "two-houses" / "services.yaml").is_file()


def test_an_example_is_not_copied_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert dots("init", "--example", "two-houses", tmp_path).exit_code == ExitCode.USAGE
    assert [item.name for item in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_example_is_answered_with_those_there_are() -> None:
    result = dots("init", "--example", "three-houses")
    assert result.exit_code == ExitCode.USAGE
    assert "two-houses" in result.stderr
