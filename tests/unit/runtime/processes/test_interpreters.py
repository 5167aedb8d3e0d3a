"""Which Python a service gets: what its Dockerfile and its project say is a wish."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dots_cli.errors import EnvironmentFailure
from dots_cli.runtime.processes.environments import Environment, Environments
from dots_cli.runtime.processes.interpreters import fulfils

OWN = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"


def ensure(folder: Path, python: str | None, requires: str | None) -> tuple[Environment, list[str]]:
    """The environment of a source that needs no package, made without a network."""
    source = folder / "source"
    source.mkdir()
    (source / "requirements.txt").write_text("")
    told: list[str] = []
    environments = Environments(folder / "cache", offline=True)
    return environments.ensure(source, python, told.append, requires), told


def version_of(environment: Environment) -> str:
    text = (environment.folder / "pyvenv.cfg").read_text(encoding="utf-8")
    return next(
        line.split("=")[1].strip() for line in text.splitlines() if line.startswith("version_info")
    )


def test_a_python_that_fulfils_the_project_is_the_one_that_runs_dots(tmp_path: Path) -> None:
    made, told = ensure(tmp_path, None, ">=3.8")
    assert version_of(made) == OWN
    assert told == [f"building the environment of source with Python {OWN}"]


def test_in_place_of_one_that_is_not_here_the_nearest_is_taken_and_said(tmp_path: Path) -> None:
    made, told = ensure(tmp_path, "3.99", f"=={OWN}")
    assert version_of(made) == OWN
    assert told[0] == f"Python 3.99 of its Dockerfile is not on this machine: takes {OWN}"


def test_why_another_is_taken_can_be_told_apart_from_what_is_done(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("")
    told: list[str] = []
    explained: list[str] = []
    environments = Environments(tmp_path / "cache", offline=True)
    environments.ensure(tmp_path, "3.99", told.append, f"=={OWN}", explained.append)
    assert explained == [f"Python 3.99 of its Dockerfile is not on this machine: takes {OWN}"]
    assert [what.split()[0] for what in told] == ["building"]


def test_the_nearest_fulfils_what_the_project_requires(tmp_path: Path) -> None:
    requires = f"!={OWN}"
    try:
        made, told = ensure(tmp_path, None, requires)
    except EnvironmentFailure:
        pytest.skip("there is one Python here")
    assert fulfils(version_of(made), requires)
    assert told[0].startswith(f"Python {OWN} does not fulfil {requires}: takes ")


def test_where_none_fulfils_it_the_requirement_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match=r"Python >=3\.99 is not on this machine"):
        ensure(tmp_path, None, ">=3.99")


def test_what_the_definition_says_is_no_wish(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match=r"Python 3\.99 is not on this machine"):
        ensure(tmp_path, "3.99", None)


def test_where_none_can_be_downloaded_it_is_told_what_uv_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON_INSTALL_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "pythons"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    source = tmp_path / "source"
    source.mkdir()
    (source / "requirements.txt").write_text("")
    with pytest.raises(EnvironmentFailure) as caught:
        Environments(tmp_path / "cache").ensure(source, "3.8.3", lambda _: None)
    first, *said = caught.value.message.splitlines()
    assert first == "Python 3.8.3 is not on this machine and cannot be downloaded, uv says:"
    assert any("127.0.0.1:9" in line for line in said), said
    assert all(line.strip() for line in said)
