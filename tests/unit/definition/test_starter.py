from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.definition import read
from dots_cli.definition.catalogue import Published, read_catalogue
from dots_cli.definition.check import read_scenario
from dots_cli.definition.metamodel import known_classes
from dots_cli.definition.starter import known_services, starter
from dots_cli.errors import InputError
from tests.support import ROOT

VILLAGE = ROOT / "tests" / "inputs" / "village.esdl"

PV = Published(
    name="pvservice",
    esdl_type="PVInstallation",
    repository="https://example.org/pv",
    image="registry.example/pv: latest",
    calculations=2,
    python="3.10",
    system_packages=("glpk-utils",),
    command=("python", "src/pv: service.py"),
    inputs_from=("EnvironmentalProfiles",),
    notes="Needs the area of the panels.",
)
WEATHER = Published("weather", "EnvironmentalProfiles", "https://example.org/w", "registry/w")
CATALOGUE = {"PVInstallation": (PV,), "EnvironmentalProfiles": (WEATHER,)}


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    (tmp_path / "village.esdl").write_bytes(VILLAGE.read_bytes())
    return tmp_path / "village.esdl"


def test_what_is_written_is_a_definition_that_can_be_run(scenario: Path) -> None:
    text = starter(read_scenario(scenario), CATALOGUE)
    scenario.with_name("services.yaml").write_text(text, encoding="utf-8")
    _, definition = read(scenario)
    assert definition.warnings == ()
    assert str(definition.start) == "2024-03-01 00:00:00"
    weather, pv = definition.services
    assert (pv.name, pv.image, pv.calculations) == ("pvservice", PV.image, 2)
    assert (weather.esdl_type, weather.calculations) == ("EnvironmentalProfiles", None)


def test_its_comments_are_a_definition_too_once_the_signs_are_taken_away(scenario: Path) -> None:
    lines = starter(read_scenario(scenario), CATALOGUE).splitlines()
    keys = ("- name:", "esdl_type:", "source:", "command:", "python:")
    uncommented = [
        line.replace("# ", "", 1)
        if line.strip().removeprefix("# ").lstrip().startswith(keys)
        else line
        for line in lines
    ]
    scenario.with_name("services.yaml").write_text("\n".join(uncommented), encoding="utf-8")
    with pytest.raises(InputError) as failure:
        read(scenario)
    complaints = {p.message.split(": ", 1)[1] for p in failure.value.problems}
    assert all("does not exist" in complaint for complaint in complaints), complaints


def test_every_class_of_the_scenario_is_there_with_its_count(scenario: Path) -> None:
    read_in = read_scenario(scenario)
    text = starter(read_in, CATALOGUE)
    for esdl_type, objects in read_in.by_type.items():
        counted = f"# {esdl_type}: {len(objects)} object", f"{esdl_type} ({len(objects)})"
        assert any(count in text for count in counted), esdl_type


def test_of_two_published_services_for_a_class_the_first_is_taken(scenario: Path) -> None:
    other = Published("other", "PVInstallation", "https://example.org/o", "registry/o")
    catalogue = {"PVInstallation": (PV, other)}
    read_in = read_scenario(scenario)
    assert [service.name for service in known_services(read_in, catalogue)] == ["pvservice"]
    assert "# Another one: other, registry/o" in starter(read_in, catalogue)


def test_without_a_catalogue_everything_is_commented_out(scenario: Path, tmp_path: Path) -> None:
    assert read_catalogue(tmp_path / "no-catalogue.yaml") == {}
    assert known_services(read_scenario(scenario), {}) == []


def test_the_catalogue_that_comes_along_names_classes_that_esdl_knows() -> None:
    catalogue = read_catalogue()
    assert set(catalogue) <= known_classes()
    for services in catalogue.values():
        for service in services:
            assert service.image and service.repository.startswith("https://")
            assert service.dialect != "old" or service.calculations is not None
