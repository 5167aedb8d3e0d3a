"""`dots` as a process: what it makes of streams that are closed, unread or short of letters."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import pytest

from dots_cli import __version__
from tests.support.acting import Actor, make_run

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such streams")

DOTS = (sys.executable, "-m", "dots_cli")
CLOSED = ("<&-", ">&-", "2>&-", "<&- >&- 2>&-")


def _unread(words: Sequence[str]) -> tuple[int, str]:
    """The exit code and stderr of a command whose stdout nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*DOTS, *words], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr


@posix
@pytest.mark.parametrize("command", ["--help", "runs --help", "runs", "status"])
def test_a_command_that_nobody_reads_ends_as_any_program_does(command: str) -> None:
    make_run()
    assert _unread(command.split()) == (-getattr(signal, "SIGPIPE", 0), "")


@posix
@pytest.mark.parametrize(("verdict", "code"), [("succeeded", 0), ("failed", 5)])
def test_a_shown_run_keeps_its_exit_code_though_nobody_reads_how_it_ended(
    verdict: str, code: int
) -> None:
    with Actor(make_run()) as actor:
        actor.say("pv-1", "first words\n")
        actor.end(verdict, exit_code=code)
    returned, told = _unread(["attach"])
    assert returned == code
    assert str(actor.folder.logs) in told
    assert "Traceback" not in told


@posix
def test_a_shown_run_keeps_its_exit_code_though_nobody_reads_anything() -> None:
    with Actor(make_run()) as actor:
        actor.end("failed", exit_code=5)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*DOTS, "attach"], stdout=writer, stderr=writer, check=False)
    os.close(writer)
    assert done.returncode == 5


@posix
@pytest.mark.parametrize(
    ("command", "closed"),
    [
        *((command, closed) for command in ("--version", "attach") for closed in CLOSED),
        *((command, CLOSED[-1]) for command in ("--help", "runs", "logs")),
    ],
)
def test_closed_streams_are_as_good_as_none(command: str, closed: str) -> None:
    with Actor(make_run()) as actor:
        actor.say("pv-1", "first words\n")
        actor.end()
    shell = f'exec "$0" -m dots_cli {command} {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", shell, sys.executable], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@posix
def test_files_do_not_take_the_places_of_closed_streams() -> None:
    code = (
        "from dots_cli.__main__ import _open_missing_streams as fill; fill();"
        "import os; first = os.open('/dev/zero', os.O_RDONLY);"
        "assert first > 2, first; assert os.get_inheritable(0) and os.get_inheritable(1)"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -c "$1" <&- >&-', sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["--help", "--version", "runs"])
def test_letters_that_a_stream_lacks_are_replaced(command: str) -> None:
    around = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "20"}
    done = subprocess.run([*DOTS, command], capture_output=True, text=True, env=around, check=False)
    assert done.returncode == 0
    assert "Error" not in done.stderr
    assert command != "--version" or __version__ in done.stdout
