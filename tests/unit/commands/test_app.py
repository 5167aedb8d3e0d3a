"""The command line itself: verbs, and what a failure becomes."""

from __future__ import annotations

import errno
import importlib
import inspect
import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from dots_cli import __version__
from dots_cli.app import COMMANDS, EXIT_CODES, app
from dots_cli.errors import (
    EnvironmentFailure,
    ExitCode,
    InputError,
    Problem,
    StoreFailure,
    UsageError,
)
from tests.support.acting import make_run

Fail = Callable[[BaseException], Result]


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Call a verb that fails with the given exception."""

    def call(failure: BaseException) -> Result:
        def register(own: typer.Typer) -> None:
            @own.command()
            def schema() -> None:
                raise failure

        module = types.ModuleType("dots_cli.commands.schema")
        module.register = register  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return CliRunner().invoke(app, ["schema"])

    return call


def test_help_lists_every_verb_and_every_exit_code() -> None:
    result = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for verb, (panel, line) in COMMANDS.items():
        assert f" {verb} " in result.output
        assert panel in result.output
        assert line in result.output
    for code, meaning in EXIT_CODES.items():
        assert f"{code.value} {meaning}" in " ".join(result.output.split())


def test_every_exit_code_has_its_meaning_in_the_help() -> None:
    assert set(EXIT_CODES) == set(ExitCode)


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_has_a_module_whose_help_begins_with_its_line(verb: str) -> None:
    own = typer.Typer()
    importlib.import_module(f"dots_cli.commands.{verb}").register(own)
    command: Any
    (command,) = [*own.registered_commands, *own.registered_groups]
    assert (command.name or command.callback.__name__) == verb
    help_text = command.help or inspect.getdoc(command.callback) or ""
    assert help_text.split("\n\n")[0].replace("\n", " ") == COMMANDS[verb][1]


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_explains_itself(verb: str) -> None:
    result = CliRunner().invoke(app, [verb, "--help"])
    assert result.exit_code == 0
    assert f"dots {verb}" in result.output or f"{verb} [OPTIONS]" in result.output


def test_the_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from dots_cli.app import app; app(['--help'], standalone_mode=False);"
        "heavy = {'helics', 'esdl', 'duckdb', 'pydantic', 'yaml', 'lxml'};"
        "ours = [m for m in sys.modules if m.startswith('dots_cli.')];"
        "print(sorted(heavy & set(sys.modules)), ours)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] ['dots_cli.errors', 'dots_cli.app']"


def test_version_is_shown() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"dots {__version__}\n")


def test_a_mistyped_verb_is_wrong_usage_and_names_the_nearest() -> None:
    result = CliRunner().invoke(app, ["pln"])
    assert result.exit_code == ExitCode.USAGE
    assert "Did you mean 'plan'?" in result.output


def test_an_unknown_option_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["plan", "--colour"]).exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (UsageError("no such thing", "try another"), ExitCode.USAGE),
        (InputError("no such thing", "try another"), ExitCode.INPUT),
        (EnvironmentFailure("no such thing", "try another"), ExitCode.ENVIRONMENT),
        (StoreFailure("no such thing", "try another"), ExitCode.STORE),
    ],
)
def test_a_failure_is_a_message_a_remedy_and_an_exit_code(
    fail: Fail, failure: BaseException, code: ExitCode
) -> None:
    result = fail(failure)
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr == "error: no such thing\n  try another\n"


def test_the_problems_of_an_input_are_listed_with_their_places(fail: Fail) -> None:
    problems = [
        Problem(Path("a.esdl"), 3, "is wrong", "right it"),
        Problem(Path("b.yaml"), 0, "is odd", severity="warning"),
    ]
    result = fail(InputError("1 problem in a.esdl", problems=problems))
    assert result.stderr == (
        "a.esdl:3: error: is wrong\n  right it\nb.yaml: warning: is odd\n"
        "error: 1 problem in a.esdl\n"
    )


def test_our_own_bug_is_called_one_and_its_details_are_in_a_file(
    fail: Fail, dots_home: Path
) -> None:
    result = fail(ZeroDivisionError("division by zero"))
    assert result.exit_code == ExitCode.BUG
    assert "this is a bug in dots: ZeroDivisionError: division by zero" in result.stderr
    assert "Traceback" not in result.output
    (details,) = (dots_home / "bugs").iterdir()
    assert str(details) in result.stderr
    assert "Traceback (most recent call last)" in details.read_text(encoding="utf-8")


def test_a_bug_is_told_in_full_where_no_file_can_be_written(
    fail: Fail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a-file"
    file.write_text("", encoding="utf-8")
    monkeypatch.setenv("DOTS_HOME", str(file))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(file / "below"))
    result = fail(ZeroDivisionError("division by zero"))
    assert result.exit_code == ExitCode.BUG
    assert "Traceback (most recent call last)" in result.stderr


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_machine_that_lacks_something_is_no_bug(fail: Fail, number: int) -> None:
    result = fail(OSError(number, "cannot do it", "/some/file"))
    assert result.exit_code == ExitCode.ENVIRONMENT
    assert "/some/file: cannot do it" in result.stderr
    assert "bug" not in result.stderr


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), typer.Abort()])
def test_an_interrupt_has_its_own_code(fail: Fail, failure: BaseException) -> None:
    assert fail(failure).exit_code == ExitCode.INTERRUPTED


def test_an_exit_code_that_a_verb_chooses_is_kept(fail: Fail) -> None:
    assert fail(typer.Exit(ExitCode.STALLED)).exit_code == ExitCode.STALLED


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a file that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["schema", "--help", "--version", "runs", "runs --json"])
def test_an_output_that_cannot_be_written_is_told_apart_from_a_full_disk_of_ours(
    command: str, unbuffered: str, dots_home: Path
) -> None:
    make_run()
    words = [sys.executable, "-m", "dots_cli", *command.split()]
    around = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            words, stdout=full, stderr=subprocess.PIPE, text=True, env=around, check=False
        )
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "error: the output cannot be written: No space left" in done.stderr
    for wrong in ("DOTS_HOME", "Traceback", "ignored"):
        assert wrong not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no signal tells of a closed pipe there")
def test_nobody_reading_the_result_is_no_bug() -> None:
    command = [sys.executable, "-m", "dots_cli", "schema"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (-signal.SIGPIPE, b"")
