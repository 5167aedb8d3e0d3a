"""Environments of services: built once, by `uv`, and found again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dots_cli.errors import EnvironmentFailure, InputError
from dots_cli.runtime.processes.environments import Environment, Environments

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "tiny"
version = "1.0"
dependencies = []

[tool.hatch.build.targets.wheel]
packages = ["tiny"]
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny süß service"
    (folder / "tiny").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "tiny" / "__init__.py").write_text("ANSWER = 1\n")
    return folder


def ensure(cache: Path, source: Path, python: str | None = None) -> tuple[Environment, list[str]]:
    told: list[str] = []
    return Environments(cache).ensure(source, python, told.append), told


def answer(environment: Environment) -> str:
    command = [str(environment.python), "-c", "import tiny; print(tiny.ANSWER)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.needs("index")
def test_an_environment_is_built_once_and_an_edit_of_the_code_needs_no_other(
    tmp_path: Path, source: Path
) -> None:
    first, told = ensure(tmp_path / "cache", source)
    assert not first.cached
    assert told == [
        f"building the environment of tiny süß service with Python "
        f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    ]
    (source / "tiny" / "__init__.py").write_text("ANSWER = 2\n")
    second, told = ensure(tmp_path / "cache", source)
    assert second.cached
    assert not told
    assert answer(second) == "2"


@pytest.mark.needs("index")
def test_other_dependencies_make_another_environment(tmp_path: Path, source: Path) -> None:
    first, _ = ensure(tmp_path / "cache", source)
    changed = PYPROJECT.replace("dependencies = []", 'dependencies = ["iniconfig"]')
    (source / "pyproject.toml").write_text(changed)
    second, _ = ensure(tmp_path / "cache", source)
    assert second.folder != first.folder
    assert any(package.startswith("iniconfig==") for package in second.packages)


@pytest.mark.needs("index")
def test_a_project_whose_dependencies_stand_in_requirements_only_gets_both(
    tmp_path: Path, source: Path
) -> None:
    (source / "requirements.txt").write_text("iniconfig\n")
    environment, _ = ensure(tmp_path / "cache", source)
    assert any(package.startswith("iniconfig==") for package in environment.packages)
    assert answer(environment) == "1"


@pytest.mark.needs("index")
def test_a_project_that_names_its_dependencies_is_taken_at_its_word(
    tmp_path: Path, source: Path
) -> None:
    named = PYPROJECT.replace("dependencies = []", 'dependencies = ["iniconfig"]')
    (source / "pyproject.toml").write_text(named)
    (source / "requirements.txt").write_text("a-package-for-development-that-does-not-exist\n")
    environment, _ = ensure(tmp_path / "cache", source)
    assert any(package.startswith("iniconfig==") for package in environment.packages)


@pytest.mark.needs("index")
def test_an_environment_that_was_cut_off_halfway_is_built_again(
    tmp_path: Path, source: Path
) -> None:
    first, _ = ensure(tmp_path / "cache", source)
    (first.folder / "complete.json").unlink()
    first.python.unlink()
    second, _ = ensure(tmp_path / "cache", source)
    assert not second.cached
    assert answer(second) == "1"


@pytest.mark.needs("index")
def test_two_at_once_build_one_environment(tmp_path: Path, source: Path) -> None:
    made: list[Environment] = []

    def build() -> None:
        made.append(ensure(tmp_path / "cache", source)[0])

    threads = [threading.Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(environment.cached for environment in made) == [False, True]
    assert made[0].folder == made[1].folder


@pytest.mark.needs("index")
@pytest.mark.parametrize("writable", [True, False])
def test_a_source_folder_may_have_any_name(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, writable: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: writable or mode != os.W_OK)
    folder = source.rename(tmp_path / "it's # [a] $HOME ; one")
    assert answer(ensure(Path("cache"), folder)[0]) == "1"


@pytest.mark.needs("index")
@pytest.mark.skipif(os.name == "nt", reason="folders cannot be made read-only there")
def test_a_source_that_cannot_be_written_is_installed_and_rebuilt_when_it_changes(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # root may write everywhere, so the question itself is answered
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    first, _ = ensure(tmp_path / "cache", source)
    (source / "tiny" / "__init__.py").write_text("ANSWER = 2\n")
    second, _ = ensure(tmp_path / "cache", source)
    assert (answer(first), answer(second)) == ("1", "2")


def test_a_folder_with_nothing_to_install_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        ensure(tmp_path / "cache", tmp_path)
    assert "nothing to install from" in caught.value.message
    assert "pyproject.toml" in caught.value.hint


def test_an_interpreter_that_is_not_there_is_named_with_what_to_do(
    tmp_path: Path, source: Path
) -> None:
    with pytest.raises(EnvironmentFailure) as caught:
        Environments(tmp_path / "cache", offline=True).ensure(source, "3.99", lambda _: None)
    assert caught.value.message == "Python 3.99 is not on this machine"
    assert "--offline" in caught.value.hint


@pytest.mark.parametrize("python", [None, "3.99"])
@pytest.mark.skipif(os.name == "nt", reason="the rights of files decide nothing there")
def test_a_uv_that_cannot_be_started_is_the_machines_failure_not_the_sources(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, python: str | None
) -> None:
    broken = tmp_path / "uv"
    broken.write_text("")
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(broken))
    with pytest.raises(EnvironmentFailure) as caught:
        ensure(tmp_path / "cache", source, python)
    assert caught.value.message == f"{broken} cannot be started: Permission denied"
    assert "install dots-cli again" in caught.value.hint


def test_a_uv_that_is_not_there_is_the_machines_failure(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost() -> str:
        raise FileNotFoundError("Could not find the uv binary")

    monkeypatch.setattr("uv.find_uv_bin", lost)
    with pytest.raises(EnvironmentFailure, match="Could not find the uv binary"):
        ensure(tmp_path / "cache", source, "3.99")


def test_a_source_file_that_cannot_be_read_is_bad_input(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "requirements.txt").mkdir()
    (source / "pyproject.toml").unlink()
    monkeypatch.setattr(Path, "is_file", lambda path: path.exists())
    with pytest.raises(InputError, match=r"cannot read .*requirements\.txt"):
        ensure(tmp_path / "cache", source)


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for `uv`")
def test_a_full_disk_is_told_with_the_variable_that_moves_the_cache(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = tmp_path / "uv"
    full.write_text("#!/bin/sh\necho 'No space left on device' >&2\nexit 2\n")
    full.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(full))
    with pytest.raises(EnvironmentFailure) as caught:
        ensure(tmp_path / "cache", source)
    assert "the disk is full" in caught.value.message
    assert "DOTS_CACHE" in caught.value.hint


def test_an_unreachable_package_index_is_said_as_such(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(EnvironmentFailure) as caught:
        ensure(tmp_path / "cache", source)
    assert "package index cannot be reached" in caught.value.message
    assert "proxy" in caught.value.hint


def test_many_services_can_be_made_ready_at_once_from_the_start() -> None:
    """In a process that has looked for `uv` never before: the search is not safe by itself."""
    program = (
        "import threading\n"
        "from dots_cli.runtime.processes.environments import uv_program\n"
        "gate, found = threading.Barrier(20), []\n"
        "def look(): gate.wait(); found.append(uv_program())\n"
        "threads = [threading.Thread(target=look) for _ in range(20)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "assert len(found) == 20, len(found)\n"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
