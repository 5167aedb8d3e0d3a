"""How a person is told to start a model, and how its process is seen."""

from __future__ import annotations

import json
import os
import queue
import shlex
import stat
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from dots_cli.runtime.base import Ended, Message, Started
from dots_cli.runtime.processes.external import (
    Invitation,
    Invitations,
    Lookout,
    launch_entry,
    shell_line,
)
from tests.support.acting import make_run

posix = pytest.mark.skipif(sys.platform == "win32", reason="the lines are for a POSIX shell")

NASTY = {
    "esdl_ids": "a;b c",
    "API_KEY": 'it\'s $HOME `x` "y" \\z',
    "start_time": "2024-01-01 00:00:00",
    "EMPTY": "",
    "UMLAUT": "größe",
}
PRINT = "import json, os; print(json.dumps([dict(os.environ), os.getcwd()]))"


@posix
def test_the_line_gives_a_shell_every_variable_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "my größe's"
    place.mkdir()
    invitation = Invitation("pv-1", NASTY, [sys.executable, "-c", PRINT], place)
    told = Invitations(make_run()).write(invitation)
    done = subprocess.run(["sh", "-c", told.shell], env={}, capture_output=True, check=True)
    around, cwd = json.loads(done.stdout)
    assert {name: around[name] for name in NASTY} == NASTY
    assert Path(cwd) == place


@posix
def test_where_nobody_knows_the_command_the_line_sets_the_variables(tmp_path: Path) -> None:
    told = Invitations(make_run()).write(Invitation("pv-1", {"model_id": "pv-1"}))
    script = f"{told.shell}; {shlex.join([sys.executable, '-c', PRINT])}"
    done = subprocess.run(["sh", "-c", script], env={}, capture_output=True, check=True)
    assert json.loads(done.stdout)[0]["model_id"] == "pv-1"
    assert told.launch["program"] == "${file}"


@posix
def test_the_files_are_their_owners_and_go_when_they_are_withdrawn(dots_home: Path) -> None:
    run = make_run()
    invitations = Invitations(run)
    told = invitations.write(Invitation("pv-1", NASTY))
    files = [run.path / "external" / "pv-1.env", dots_home / "external" / "pv-1.env"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert json.loads(Path(told.launch_file).read_text()) == told.launch
    invitations.withdraw()
    assert not any(file.exists() for file in files)


def test_the_variables_of_a_later_run_stay(dots_home: Path) -> None:
    first, second = Invitations(make_run("a-aaaaaa")), Invitations(make_run("b-bbbbbb"))
    first.write(Invitation("pv-1", {"simulation_id": "a"}))
    second.write(Invitation("pv-1", {"simulation_id": "b"}))
    first.withdraw()
    assert (dots_home / "external" / "pv-1.env").read_text() == "simulation_id='b'\n"


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (
            ["/env/bin/python", "-m", "pv", "-v"],
            {"python": "/env/bin/python", "module": "pv", "args": ["-v"]},
        ),
        (
            ["/env/bin/python", "main.py", "-v"],
            {"python": "/env/bin/python", "program": "main.py", "args": ["-v"]},
        ),
        (["/env/bin/pv-service"], {"program": "/env/bin/pv-service", "args": []}),
        ([], {"program": "${file}"}),
    ],
)
def test_the_debugger_is_told_what_to_run(argv: list[str], wanted: dict[str, object]) -> None:
    entry = launch_entry(Invitation("pv-1", {}, argv, Path("/src")), Path("/x/pv-1.env"))
    common = {"name", "type", "request", "envFile", "console", "cwd"}
    assert {key: value for key, value in entry.items() if key not in common} == wanted
    assert (entry["type"], entry["envFile"]) == ("debugpy", str(Path("/x/pv-1.env")))


def test_powershell_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    line = shell_line(Invitation("pv-1", {}, ["python", "-m", "it's"], Path("C")), Path("x.env"))
    assert line.startswith("Get-Content -LiteralPath 'x.env' | ForEach-Object {")
    assert line.endswith("; Set-Location -LiteralPath 'C'; & 'python' '-m' 'it''s'")


@posix
def test_a_process_is_known_by_its_variables_from_its_start_to_its_end() -> None:
    came: queue.SimpleQueue[Message] = queue.SimpleQueue()
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    run = f"run-{uuid.uuid4().hex}"  # The whole machine is looked at, other sessions of tests too.
    mine = dict(os.environ) | {"simulation_id": run, "model_id": "pv-1"}
    other = subprocess.Popen(sleeper, env=mine | {"simulation_id": f"{run}-b"})
    lookout = Lookout(run, ["pv-1", "pv-2"], came.put)
    lookout.start()
    model = subprocess.Popen(sleeper, env=mine)
    try:
        assert came.get(timeout=10) == Started("pv-1", "model", str(model.pid))
        model.kill()
        model.wait()
        ended = came.get(timeout=10)
        assert isinstance(ended, Ended)
        assert (ended.name, ended.code) == ("pv-1", 0)
        lookout.stop()
        again = subprocess.Popen(sleeper, env=mine)
        try:
            with pytest.raises(queue.Empty):
                came.get(timeout=1)
        finally:
            again.kill()
            again.wait()
    finally:
        lookout.stop()
        for process in (model, other):
            process.kill()
            process.wait()
