"""The wheel and the sdist: what is in them, and that the wheel works where nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest
import uv

from dots_cli import __version__
from tests.support import ROOT, parts
from tests.support.checkout import fresh_copy, without_environment
from tests.support.processes import run

UV = (uv.find_uv_bin(), "--system-certs", "--quiet")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of a fresh copy and the wheel that was built from that sdist."""
    parts.requires("git", "index")
    tree = fresh_copy(tmp_path_factory.mktemp("tree"))
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([*UV, "build", "--out-dir", str(out)], cwd=tree, check=True, timeout=300)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


def _names(wheel: Path) -> set[PurePosixPath]:
    with zipfile.ZipFile(wheel) as archive:
        return {PurePosixPath(name) for name in archive.namelist()}


def test_wheel_and_sdist_carry_the_version(built: Path) -> None:
    assert {file.name for file in built.iterdir()} - {".gitignore"} == {
        f"dots_cli-{__version__}-py3-none-any.whl",
        f"dots_cli-{__version__}.tar.gz",
    }


def test_the_wheel_has_templates_compose_and_examples(wheel: Path) -> None:
    names = _names(wheel)
    for folder in ("templates", "compose", "examples"):
        for file in fresh_files(folder):
            assert PurePosixPath("dots_cli/_shipped") / file in names


def test_the_wheel_has_the_whole_package_and_its_licence(wheel: Path) -> None:
    names = _names(wheel)
    assert {PurePosixPath(file) for file in fresh_files("dots_cli")} <= names
    assert any(name.name == "LICENSE" for name in names)


def test_the_wheel_has_nothing_else(wheel: Path) -> None:
    """No tests of ours; those of examples and of new services come with them."""
    for name in _names(wheel):
        assert name.parts[0] == "dots_cli" or name.parts[0].endswith(".dist-info"), name
        assert not {"__pycache__", ".venv", ".git", ".ci"} & set(name.parts), name
        if "tests" in name.parts:
            assert name.parts[:2] == ("dots_cli", "_shipped"), name
            assert name.parts[2] in {"examples", "templates"}, name


def test_the_sdist_is_enough_to_run_the_tests(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {PurePosixPath(*PurePosixPath(n).parts[1:]) for n in archive.getnames()}
    wanted = ("pyproject.toml", "README.md", "LICENSE", "constraints.txt", "tests/conftest.py")
    assert {PurePosixPath(name) for name in wanted} <= inside


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_installed_wheel_runs_an_example_from_anywhere(
    wheel: Path, tmp_path: Path, dots_home: Path
) -> None:
    """In an empty environment, in an empty folder whose name is not plain ASCII."""
    venv = tmp_path / "venv"
    scripts = venv / ("Scripts" if sys.platform == "win32" else "bin")
    environment = without_environment(DOTS_CACHE=tmp_path / "built")
    subprocess.run([*UV, "venv", "--python", sys.executable, str(venv)], check=True)
    subprocess.run(
        [*UV, "pip", "install", "--python", str(venv), "-c", ROOT / "constraints.txt", str(wheel)],
        env=environment,
        check=True,
        timeout=300,
    )
    folder = tmp_path / "my größe"
    folder.mkdir()

    def dots(*args: str) -> str:
        command = [str(scripts / "dots"), *args]
        done = run(command, timeout=300, cwd=folder, env=environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    dots("init", "--example", "two-houses")
    dots("run", str(Path("two-houses") / "scenario.esdl"))
    (row, *_) = json.loads(dots("results", "--json"))["results"]
    assert row["points"] > 0


def fresh_files(folder: str) -> list[str]:
    """The files of the project below that folder, by their names from the root."""
    from tests.support.checkout import tracked_files

    return [path.as_posix() for path in tracked_files() if path.parts[0] == folder]
