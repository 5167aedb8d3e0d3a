"""`dots new`, as it is called and as it asks."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dots_cli.app import app
from dots_cli.commands import new
from dots_cli.definition.shell import quoted
from dots_cli.errors import ExitCode
from tests.support import ROOT
from tests.support.terminal import opened


def dots(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_a_service_is_written_and_said_how_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = dots("new", "service", "heat-pump")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "Written: heat-pump\n"
    assert f"dots run {Path('heat-pump') / 'example' / 'scenario.esdl'}" in result.stderr
    formulas = Path("heat-pump") / "src" / "heat_pump_service" / "formulas.py"
    assert str(formulas) in result.stderr
    assert formulas.is_file()
    assert dots("validate", "heat-pump/example/scenario.esdl").exit_code == 0


def test_a_program_is_told_the_files(tmp_path: Path) -> None:
    target = tmp_path / "my größe"
    result = dots("new", "service", "x", "--esdl-type", "HeatPump", "-o", target, "--json")
    data = json.loads(result.stdout)
    assert data["written"] == str(target)
    assert all((target / name).is_file() for name in data["files"])
    assert (target / "example" / ".dots" / "services.schema.json").is_file()


@pytest.mark.parametrize("kind", ["service", "project"])
def test_the_next_step_can_be_typed_into_a_shell(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "it's # mine"
    named = ("-o", folder) if kind == "service" else ("--service", "heat-pump")
    given = "heat-pump" if kind == "service" else folder
    result = dots("new", kind, given, *named)
    scenario = folder / ("example/scenario.esdl" if kind == "service" else "scenario.esdl")
    assert f"dots run {quoted(scenario)} --runtime process\n" in result.stderr


def test_a_project_is_a_folder_with_one_service(tmp_path: Path) -> None:
    assert dots("new", "project", tmp_path / "study").exit_code == 0
    assert {p.name for p in (tmp_path / "study").iterdir()} == {
        *("README.md", "scenario.esdl", "services.yaml", "services", ".dots")
    }
    assert dots("validate", tmp_path / "study" / "scenario.esdl").exit_code == 0


@pytest.mark.parametrize("kind", ["service", "project"])
def test_what_is_there_is_never_written_over(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "heat-pump").mkdir()
    assert dots("new", kind, "heat-pump").exit_code == 0, "an empty folder is no matter"
    marked = tmp_path / "heat-pump" / "README.md"
    marked.write_text("mine")
    result = dots("new", kind, "heat-pump")
    assert result.exit_code == ExitCode.USAGE
    assert "heat-pump is there already" in result.stderr
    assert marked.read_text() == "mine"
    (tmp_path / "file").touch()
    assert dots("new", "service", "heat-pump", "-o", "file").exit_code == ExitCode.USAGE


def test_mistakes_are_named_at_once_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = dots("new", "service", "class", "--esdl-type", "Heatpump", "--output", "a b")
    assert result.exit_code == ExitCode.USAGE
    for complaint in ("a word of Python", "did you mean HeatPump?", "is not name:unit"):
        assert complaint in result.stderr
    assert not list(tmp_path.iterdir())


def test_without_a_terminal_a_type_that_the_name_does_not_say_is_asked_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = dots("new", "service", "weather")
    assert result.exit_code == ExitCode.USAGE
    assert "which ESDL type does weather simulate?" in result.stderr
    assert "--esdl-type" in result.stderr


@pytest.fixture
def at_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dots new` may ask, and gets no answer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(new, "_can_ask", lambda: True)


@pytest.mark.usefixtures("at_terminal")
def test_the_line_of_the_readme_asks_nothing_for_others_are_pasted_below_it(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^\$ dots (new service .*)$", readme, re.MULTILINE)
    result = dots(*shlex.split(line))
    assert result.exit_code == 0, result.output
    code = (tmp_path / "heat-pump" / "src" / "heat_pump_service" / "service.py").read_text()
    assert 'gives("heat", "W")' in code


@pytest.mark.usefixtures("at_terminal")
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--calculation", "plan:1h"),
        ("--input", "PVInstallation.active_power:W"),
        ("--output", "heat:W"),
    ],
)
def test_who_gives_one_of_calculations_inputs_and_outputs_is_not_asked_for_the_others(
    option: str, value: str
) -> None:
    result = dots("new", "service", "x", "--esdl-type", "HeatPump", option, value)
    assert result.exit_code == 0, result.output
    assert "commas between" not in result.stderr


@pytest.mark.usefixtures("at_terminal")
def test_who_gives_none_of_them_is_asked() -> None:
    result = dots("new", "service", "x", "--esdl-type", "HeatPump")
    assert result.exit_code != 0
    assert "Calculations, NAME:PERIOD" in result.stderr


@pytest.mark.usefixtures("at_terminal")
@pytest.mark.parametrize("kind", [("service",), ("project", "study", "--service")])
def test_a_name_type_or_folder_that_cannot_be_is_refused_before_the_first_question(
    tmp_path: Path, kind: tuple[str, ...]
) -> None:
    result = dots("new", *kind, "Heat Pump!")
    assert "'Heat Pump!' is no name for a service" in result.stderr
    for folder in ("heat-pump", "study"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "README.md").touch()
    again = dots("new", *kind, "heat-pump")
    assert "is there already" in again.stderr
    typo = dots("new", *kind, "cold-pump", "--esdl-type", "Heatpump")
    assert "did you mean HeatPump?" in typo.stderr
    for refused in (result, again, typo):
        assert refused.exit_code == ExitCode.USAGE
        assert "]:" not in refused.stderr, "nothing was asked"


@pytest.mark.usefixtures("at_terminal")
@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        (["plan/1h"], "plan/1h: is not NAME:PERIOD"),
        (["", "plan/PVInstallation.power"], "plan/PVInstallation.power: is not TYPE.name:unit"),
        (["", "", "plan/heat"], "plan/heat: is not name:unit"),
        (["", "", "plan/1st:W"], "plan/1st:W: '1st' is no name"),
    ],
)
def test_an_answer_that_does_not_fit_is_shown_as_it_was_typed(
    answers: list[str], complaint: str
) -> None:
    words = ["new", "service", "x", "--esdl-type", "HeatPump"]
    result = CliRunner().invoke(app, words, input="".join(f"{line}\n" for line in answers))
    assert complaint in result.stderr


@pytest.mark.needs("tmux")
def test_in_a_terminal_it_asks_until_the_answer_fits(tmp_path: Path) -> None:
    target = tmp_path / "made"
    command = [sys.executable, "-m", "dots_cli", "new", "service", "heat-pump", "-o", str(target)]
    env = {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "DOTS_HOME": os.environ["DOTS_HOME"]}
    with opened(command, env=env) as terminal:
        terminal.wait_for_prompt("[HeatPump]:")
        terminal.keys("Heatpumpe", "Enter")
        terminal.wait_for("did you mean HeatPump?")
        terminal.wait_for_prompt("[HeatPump]:")
        terminal.keys("Enter")
        terminal.wait_for_prompt("[simulate:15m]:")
        terminal.keys("Enter")
        terminal.wait_for("Inputs")
        terminal.wait_for_prompt(":")
        terminal.keys("EnvironmentalProfiles.air_temperature:K, PVInstallation.power", "Enter")
        terminal.wait_for("is not TYPE.name:unit")
        terminal.wait_for_prompt(":")
        terminal.keys("EnvironmentalProfiles.air_temperature:K", "Enter")
        terminal.wait_for_prompt("[power:W]:")
        terminal.keys("heat:kW", "Enter")
        assert terminal.wait_for_exit() == 0
    code = (target / "src" / "heat_pump_service" / "service.py").read_text(encoding="utf-8")
    assert 'takes("EnvironmentalProfiles", "air_temperature", "K")' in code
    assert 'gives("heat", "kW")' in code
