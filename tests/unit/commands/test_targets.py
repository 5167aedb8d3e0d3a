"""Where a command is told to write and cannot: an error that says where, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import Dots
from tests.support import ROOT

REQUEST = str(ROOT / "examples" / "two-houses" / "request.json")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a scenario, a file `afile` and an empty folder `y`."""
    (tmp_path / "S.esdl").write_bytes((ROOT / "tests" / "inputs" / "house.esdl").read_bytes())
    (tmp_path / "afile").write_text("mine")
    (tmp_path / "y").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["init", "S.esdl", "-o", "y"], "y is a folder"),
        (["init", "S.esdl", "-o", "y", "--force"], "y is a folder"),
        (["init", "S.esdl", "-o", ".", "--force"], ". is a folder"),
        (["init", "S.esdl", "-o", "afile/x.yaml"], "afile is not a folder"),
        (["import", REQUEST, "-o", "afile"], "afile is not a folder"),
        (["import", REQUEST, "-o", "afile/x"], "afile is not a folder"),
        (
            ["new", "service", "nn", "--esdl-type", "HeatPump", "--yes", "-o", "afile/x"],
            "afile is not a folder",
        ),
        (["new", "project", "afile/x", "--yes"], "afile is not a folder"),
        (["init", "--example", "two-houses", "afile/x"], "afile is not a folder"),
    ],
)
def test_a_target_that_cannot_be_is_wrong_usage(
    run_dots: Dots, place: Path, call: list[str], said: str
) -> None:
    before = sorted(place.rglob("*"))
    error = run_dots(*call, cwd=place, check=2).stderr
    assert error.startswith(f"error: {said}\n  Name ")
    assert sorted(place.rglob("*")) == before
    assert (place / "afile").read_text() == "mine"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc, which takes no files")
@pytest.mark.parametrize(
    "call",
    [
        ["init", "S.esdl", "-o", "/proc/x/y.yaml"],
        ["init", "--example", "two-houses", "/proc/x"],
        ["import", REQUEST, "-o", "/proc/x"],
        ["new", "service", "nn", "--esdl-type", "HeatPump", "--yes", "-o", "/proc/x"],
        ["new", "project", "/proc/x", "--yes"],
        ["new", "project", "x" * 300, "--yes"],
    ],
)
def test_a_target_that_the_machine_refuses_is_an_error_with_a_hint(
    run_dots: Dots, place: Path, call: list[str]
) -> None:
    error = run_dots(*call, cwd=place, check=4).stderr
    assert error.startswith("error: cannot write ")
    assert "name another place" in error


@pytest.mark.parametrize("folder", [".", "/"])
def test_a_folder_in_place_of_the_scenario_is_bad_input(
    run_dots: Dots, place: Path, folder: str
) -> None:
    assert "the scenario is a folder" in run_dots("init", folder, cwd=place, check=3).stderr


def test_the_folders_above_a_file_that_is_to_be_written_are_made(
    run_dots: Dots, place: Path
) -> None:
    run_dots("init", "S.esdl", "-o", "no/dir/x.yaml", cwd=place, check=0)
    assert (place / "no" / "dir" / "x.yaml").is_file()


def test_a_file_where_an_example_needs_a_folder_is_named(run_dots: Dots, place: Path) -> None:
    (place / "y" / "services").write_text("mine")
    error = run_dots("init", "--example", "two-houses", "y", "--force", cwd=place, check=4).stderr
    assert "services" in error
    assert "bug" not in error
