"""What a source folder says where the definition says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from dots_cli.definition.git_source import GitSource, is_git_url, parse
from dots_cli.definition.sources import facts_of

DOCKERFILE = """FROM python:3.12
WORKDIR /app
COPY src/grid ./src/grid
COPY ./src/grid/lines.txt ./
RUN apt-get update && apt-get install -y glpk-utils
ENV MODE=fast DEBIAN_FRONTEND=noninteractive
ENTRYPOINT ["python3", "src/grid/main.py"]
"""


def folder(at: Path, files: Mapping[str, str]) -> Path:
    """A folder with these files."""
    for name, text in files.items():
        path = at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return at


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    files = {
        "Dockerfile": DOCKERFILE,
        "src/grid/main.py": "",
        "src/grid/lines.txt": "",
        "pyproject.toml": '[project]\nname = "grid"\nrequires-python = ">=3.12"\n',
        "requirements.txt": "helics==3.6.1\nDOTS_infrastructure == 1.0.1  # old\n",
    }
    return folder(tmp_path, files)


def test_a_published_service_says_how_it_is_started(grid: Path) -> None:
    found = facts_of(grid)
    assert found.command == ("python", "src/grid/main.py")
    assert (found.command_from, found.workdir) == ("Dockerfile:7", "/app")
    assert found.files == (
        ("src/grid", "/app/src/grid"),
        ("src/grid/lines.txt", "/app/lines.txt"),
    )
    assert (found.python, found.python_from) == ("3.12", "Dockerfile:1")
    assert found.requires_python == ">=3.12"
    assert found.packages == ("glpk-utils",)
    assert found.variables == (("MODE", "fast"),)
    assert found.infrastructure == "1.0.1"
    assert found.is_old_dialect


@pytest.mark.parametrize(
    ("version", "old"), [("0.4.9", True), ("1.0.3", True), ("1.0.5", False), ("1.0.10", False)]
)
def test_the_pinned_dots_infrastructure_tells_the_dialect(
    tmp_path: Path, version: str, old: bool
) -> None:
    text = f'[project]\nname = "pv"\ndependencies = ["dots-infrastructure=={version}"]\n'
    assert facts_of(folder(tmp_path, {"pyproject.toml": text})).is_old_dialect is old


def test_a_dialect_that_is_not_pinned_is_not_guessed(tmp_path: Path) -> None:
    found = facts_of(folder(tmp_path, {"requirements.txt": "dots-infrastructure>=0.4\n"}))
    assert found.infrastructure is None
    assert not found.is_old_dialect


def test_without_a_command_in_the_dockerfile_the_one_entry_point_is_taken(tmp_path: Path) -> None:
    text = '[project]\nname = "pv"\n[project.scripts]\nrun-pv = "pv:main"\n'
    found = facts_of(folder(tmp_path, {"Dockerfile": "FROM debian\n", "pyproject.toml": text}))
    assert found.command == ("run-pv",)
    assert "project.scripts" in found.command_from
    assert found.files == ()


def test_a_single_package_that_can_be_run_is_taken(tmp_path: Path) -> None:
    found = facts_of(folder(tmp_path, {"src/pv/__main__.py": "", "src/util/__init__.py": ""}))
    assert found.command == ("python", "-m", "pv")


def test_of_several_programs_none_is_guessed(tmp_path: Path) -> None:
    text = '[project]\nname = "pv"\n[project.scripts]\none = "pv:a"\ntwo = "pv:b"\n'
    found = facts_of(folder(tmp_path, {"pyproject.toml": text}))
    assert found.command == ()
    assert found.problem.endswith("which of its programs to run is not known: one, two")


def test_a_program_that_no_copy_brings_is_run_where_it_lies(tmp_path: Path) -> None:
    text = "FROM python:3.12\nWORKDIR /app\nCMD python pv.py\n"
    found = facts_of(folder(tmp_path, {"Dockerfile": text, "pv.py": ""}))
    assert (found.command, found.files, found.workdir) == (("python", "pv.py"), (), "")


def test_a_program_that_is_nowhere_is_named(tmp_path: Path) -> None:
    text = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD python made.py\n"
    found = facts_of(folder(tmp_path, {"Dockerfile": text}))
    assert found.command == ()
    assert "Dockerfile:4 starts made.py, which no COPY" in found.problem


def test_an_empty_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    assert "there is no Dockerfile" in facts_of(tmp_path).problem


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("git+https://host/o/r@v1.2", GitSource("https://host/o/r", "v1.2")),
        ("https://host/o/r.git@v1.2", GitSource("https://host/o/r.git", "v1.2")),
        ("git+ssh://git@host/o/r@abc1234", GitSource("ssh://git@host/o/r", "abc1234")),
        (
            "git+file:///srv/r.git@release/1#subdirectory=pv/",
            GitSource("file:///srv/r.git", "release/1", "pv"),
        ),
    ],
)
def test_a_git_url_names_repository_state_and_folder(text: str, source: GitSource) -> None:
    assert is_git_url(text)
    assert parse(text) == source
    assert parse(str(source)) == source


def test_for_a_person_a_git_url_is_short() -> None:
    assert GitSource("https://host/o/r.git", "ab" * 20).short == "r@abababababab"
    assert GitSource("https://host/o/r", "v1", "pv").short == "r@v1/pv"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("git+https://host/o/r", "names no tag or commit"),
        ("git+ssh://git@host/o/r", "names no tag or commit"),
        ("git@host:o/r.git@v1", "write git\\+ssh://git@host/o/r.git@v1"),
        ("ftp://host/o/r@v1", "is no URL of a Git repository"),
        ("git+https://user:secret@host/o/r@v1", "holds a password"),
        ("git+https://host/o/r@--upload-pack=x", "is no tag or commit"),
        ("git+https://host/o/r@v1#egg=r", "#subdirectory=folder"),
        ("git+https://host/o/r@v1#subdirectory=../x", "#subdirectory=folder"),
    ],
)
def test_a_git_url_that_cannot_be_used_says_why(text: str, what: str) -> None:
    assert is_git_url(text)
    with pytest.raises(ValueError, match=what) as failure:
        parse(text)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("text", ["./pv", "pv", "../services/pv", "C:\\services\\pv", "~/pv@2"])
def test_a_folder_is_no_git_url(text: str) -> None:
    assert not is_git_url(text)
