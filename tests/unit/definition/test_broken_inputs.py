"""Each broken input and what is said about it: where, what is wrong, what to do.

tests/inputs/broken holds one input per mistake, tests/golden/broken what is reported.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dots_cli.definition import read
from dots_cli.definition.esdl import LONGEST_NODE
from dots_cli.errors import InputError, Problem
from tests.support import ROOT, golden

INPUTS = ROOT / "tests" / "inputs"
BROKEN = sorted((INPUTS / "broken").iterdir())
HARMLESS = {
    "esdl-type-of-no-object.yaml",
    "name-of-other-letters.yaml",
    "one-type-twice.yaml",
    "request-keys-not-used.yaml",
    "same-id-of-units.esdl",
    "second-geometry.esdl",
    "store-password.yaml",
    "unknown-attribute.esdl",
}
"""Inputs that can be run: there are warnings only."""


@pytest.fixture(autouse=True)
def _variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)


def problems_of(broken: Path) -> tuple[Problem, ...]:
    """What is reported for an input, the other file being in order."""
    is_scenario = broken.suffix == ".esdl"
    scenario = broken if is_scenario else INPUTS / "house.esdl"
    services = INPUTS / "house.yaml" if is_scenario else broken
    if broken.name in HARMLESS:
        return read(scenario, services)[1].warnings
    with pytest.raises(InputError) as failure:
        read(scenario, services)
    return failure.value.problems


@pytest.mark.parametrize("broken", BROKEN, ids=lambda file: file.name)
def test_a_broken_input_is_reported_with_place_and_remedy(broken: Path) -> None:
    problems = problems_of(broken)
    lines = [f"{p.place}: {p.severity}: {p.message}\n  {p.hint}\n" for p in problems]
    text = "".join(lines).replace(str(INPUTS), "tests/inputs")
    golden.check(ROOT / "tests" / "golden" / "broken" / f"{broken.name}.txt", text)
    assert all(problem.hint for problem in problems)


def test_no_expectation_is_left_of_an_input_that_is_gone() -> None:
    expected = {file.name for file in (ROOT / "tests" / "golden" / "broken").iterdir()}
    assert expected == {f"{file.name}.txt" for file in BROKEN}


def test_problems_of_both_files_are_reported_together() -> None:
    with pytest.raises(InputError) as failure:
        read(INPUTS / "broken" / "same-id.esdl", INPUTS / "broken" / "everything-at-once.yaml")
    files = {problem.file.name for problem in failure.value.problems}
    assert files == {"same-id.esdl", "everything-at-once.yaml"}


def test_problems_of_the_definition_are_reported_although_the_scenario_is_no_xml() -> None:
    with pytest.raises(InputError) as failure:
        read(INPUTS / "broken" / "no-xml.esdl", INPUTS / "broken" / "models-negative.yaml")
    found = [(problem.file.name, problem.line) for problem in failure.value.problems]
    assert found == [("no-xml.esdl", 1), ("models-negative.yaml", 6)]


def test_a_comment_that_no_model_can_read_is_an_error_wherever_it_stands(tmp_path: Path) -> None:
    house = (INPUTS / "house.esdl").read_text(encoding="utf-8")
    scenario = tmp_path / "house.esdl"
    scenario.write_text(f"{house}<!--{'x' * (LONGEST_NODE + 1)}-->\n", encoding="utf-8")
    with pytest.raises(InputError) as failure:
        read(scenario, INPUTS / "house.yaml")
    (problem,) = failure.value.problems
    assert (problem.line, problem.message) == (9, "an XML comment of more than 10 MB")
    assert problem.hint


def test_a_comment_outside_the_energy_system_is_no_problem(tmp_path: Path) -> None:
    house = (INPUTS / "house.esdl").read_text(encoding="utf-8")
    scenario = tmp_path / "house.esdl"
    scenario.write_text(f"{house}<!-- drawn by hand -->\n", encoding="utf-8")
    assert read(scenario, INPUTS / "house.yaml")[1].warnings == ()


def test_a_flood_of_one_mistake_is_cut_and_counted(tmp_path: Path) -> None:
    house = (INPUTS / "house.esdl").read_text(encoding="utf-8")
    pv = next(line for line in house.splitlines() if "PVInstallation" in line)
    without_id = pv.replace('id="pv" ', "")
    scenario = tmp_path / "house.esdl"
    scenario.write_text(house.replace(pv, "\n".join([without_id] * 500)), encoding="utf-8")
    with pytest.raises(InputError) as failure:
        read(scenario, INPUTS / "house.yaml")
    problems = failure.value.problems
    assert len(problems) == 21
    assert problems[-1].message == "and 480 more like these"


@pytest.mark.parametrize(
    ("line", "message", "severity"),
    [
        ('<asset xsi:type="esdl:PVInstallation" id="{n}"/>', "has the id", "error"),
        ('<asset xsi:type="esdl:PvInstallation" id="x{n}"/>', "knows no class", "error"),
        ('<asset xsi:type="esdl:PVInstallation" id="x{n}" power="{n} kW"/>', "cannot", "error"),
        ('<asset xsi:type="esdl:PVInstallation" id="x{n}" colour="red"/>', "colour", "warning"),
        (
            '<area id="x{n}"><geometry xsi:type="esdl:Point"/><geometry xsi:type="esdl:Point"/>'
            "</area>",
            "a second <geometry>",
            "warning",
        ),
    ],
)
def test_a_flood_of_thousands_is_cut_whatever_is_wrong(
    tmp_path: Path, line: str, message: str, severity: str
) -> None:
    count = 4_000
    first = '<asset xsi:type="esdl:PVInstallation" id="{n}"/>'
    text = (INPUTS / "house.esdl").read_text(encoding="utf-8").replace("    </area>", "{}</area>")
    lines = [each.format(n=n) for each in (first, line) for n in range(count)]
    scenario = tmp_path / "house.esdl"
    scenario.write_text(text.format("\n".join(lines)), encoding="utf-8")
    if severity == "error":
        with pytest.raises(InputError) as failure:
            read(scenario, INPUTS / "house.yaml")
        problems = failure.value.problems
    else:
        problems = read(scenario, INPUTS / "house.yaml")[1].warnings
    assert len(problems) == 21
    assert all(message in problem.message for problem in problems[:-1])
    assert problems[-1].message == f"and {count - 20} more like these"
    assert {problem.severity for problem in problems} == {severity}
    assert all(problem.hint == problems[0].hint for problem in problems)


def test_a_scenario_that_is_not_there_is_named_with_one_like_it(tmp_path: Path) -> None:
    (tmp_path / "house.esdl").write_bytes((INPUTS / "house.esdl").read_bytes())
    with pytest.raises(InputError) as failure:
        read(tmp_path / "huose.esdl", INPUTS / "house.yaml")
    (problem,) = failure.value.problems
    assert problem.message == "the scenario does not exist"
    assert str(tmp_path / "house.esdl") in problem.hint


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_names_that_are_not_utf8_are_problems(tmp_path: Path) -> None:
    folder = tmp_path / "here\udcff"
    (folder / "code").mkdir(parents=True)
    scenario = folder / "house\udcff.esdl"
    scenario.write_bytes((INPUTS / "house.esdl").read_bytes())
    services = (INPUTS / "house.yaml").read_text(encoding="utf-8")
    (folder / "services.yaml").write_text(
        services.replace("image: registry.example/pv", "source: code")
    )
    with pytest.raises(InputError) as failure:
        read(scenario)
    places = [(problem.file.name, problem.line) for problem in failure.value.problems]
    assert places == [(scenario.name, 0), ("services.yaml", 3)]
    assert all("is not UTF-8" in problem.message for problem in failure.value.problems)


def test_a_folder_in_place_of_a_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(InputError) as failure:
        read(tmp_path, INPUTS / "house.yaml")
    assert failure.value.problems[0].hint == "Name a file in it."


def test_without_a_definition_beside_it_the_remedy_names_init(tmp_path: Path) -> None:
    scenario = tmp_path / "house.esdl"
    scenario.write_bytes((INPUTS / "house.esdl").read_bytes())
    with pytest.raises(InputError) as failure:
        read(scenario)
    (problem,) = failure.value.problems
    assert "neither house.services.yaml nor services.yaml" in problem.message
    assert f"dots init {scenario}" in problem.hint


def test_a_comment_does_not_hide_what_else_is_wrong(tmp_path: Path) -> None:
    house = (INPUTS / "house.esdl").read_text(encoding="utf-8")
    scenario = tmp_path / "house.esdl"
    text = house.replace("    <area", "<!-- two\nlines -->\n    <area").replace("4000.0", "4 kW")
    scenario.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as failure:
        read(scenario, INPUTS / "house.yaml")
    assert [problem.line for problem in failure.value.problems] == [4, 7]
