from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from dots_cli.definition.shell import command, written


def test_plain_words_stand_as_they_are() -> None:
    assert command("run", "scenario.esdl", "--runtime", "process") == (
        "dots run scenario.esdl --runtime process"
    )


@pytest.mark.skipif(os.name == "nt", reason="cmd and PowerShell have rules of their own")
@pytest.mark.parametrize("word", ["ini3 x/scenario.esdl", "it's # x", "$HOME", "", "ü*"])
def test_a_shell_reads_the_words_that_were_given(word: str) -> None:
    assert shlex.split(command("run", word)) == ["dots", "run", word]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`dots` in an environment that is not activated, below the working directory."""
    made = tmp_path / ".venv" / "bin" / ("dots.exe" if os.name == "nt" else "dots")
    made.parent.mkdir(parents=True)
    made.touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return made


def as_called(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first word, where the program is called so; Windows leaves the suffix out."""
    monkeypatch.setattr(sys, "argv", [str(path.with_suffix("")), "run"])
    return shlex.split(command("run"), posix=os.name != "nt")


def test_the_program_is_named_as_it_was_called_where_the_shell_would_not_find_it(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = str(Path(".venv", "bin", "dots"))
    assert as_called(Path(shown), monkeypatch) == [shown, "run"]
    assert as_called(program, monkeypatch) == [str(program.with_suffix("")), "run"]
    monkeypatch.chdir(program.parent)  # as a shell with . in its PATH calls it
    assert as_called(Path("dots"), monkeypatch) == [f".{os.sep}dots", "run"]


def test_the_program_is_named_as_it_was_called_where_the_shell_would_find_another(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(program, tmp_path / program.name)
    shown = str(Path(".venv", "bin", "dots"))
    assert as_called(Path(shown), monkeypatch) == [shown, "run"]


def test_a_program_that_the_shell_finds_has_a_short_name(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(program.parent))
    assert as_called(program, monkeypatch) == ["dots", "run"]
    assert as_called(Path("python", "dots_cli", "__main__.py"), monkeypatch) == ["dots", "run"]


def test_what_is_written_into_a_file_is_for_any_machine(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert as_called(program, monkeypatch) != ["dots", "run"]
    assert written("run", "scenario.esdl") == "dots run scenario.esdl"
