"""What a person sees in a real terminal; the run is played by the test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dots_cli.runtime import control
from dots_cli.runtime.events import (
    Executing,
    Joining,
    Paused,
    ProcessEnded,
    ProcessStarted,
    Progress,
    SimulationEnded,
    Stopping,
)
from tests.support import ROOT
from tests.support.acting import MODELS, Actor, make_run
from tests.support.processes import of_home, wait_for
from tests.support.terminal import Terminal, opened

pytestmark = pytest.mark.needs("tmux")


@contextmanager
def attached(
    *arguments: str, columns: int = 100, rows: int = 24
) -> Iterator[tuple[Actor, Terminal]]:
    folder = make_run()
    command = [sys.executable, "-m", "dots_cli", "attach", folder.run_id, *arguments]
    env = {"DOTS_HOME": os.environ["DOTS_HOME"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    with Actor(folder) as actor, opened(command, columns=columns, rows=rows, env=env) as terminal:
        yield actor, terminal


def begin(actor: Actor) -> None:
    for number, model in enumerate(MODELS):
        actor.tell(ProcessStarted(name=model, role="model", handle=str(number)))
    actor.tell(Executing())


def test_lines_scroll_above_the_status_which_goes_away_at_the_end() -> None:
    with attached() as (actor, terminal):
        actor.tell(Joining(phase=1, joined=["pv-1"], missing=["pv-2", "weather-1"], waited=0))
        terminal.wait_for("1 of 3")
        begin(actor)
        for step in range(40):
            actor.tell(Progress(simulated=step * 2160.0))
            for model in MODELS:
                actor.say(model, f"{model} computes step {step}\n")
            terminal.wait_for(f"weather-1 computes step {step}")
        lines = terminal.wait_for("23:24:00").splitlines()
        assert lines[-3].startswith("Simulating  ")
        assert "2024-01-01 23:24:00" in lines[-3]
        assert "Ctrl-C stops the run" in lines[-1]
        assert lines[-4] == "weather-1 | weather-1 computes step 39"
        actor.tell(SimulationEnded())
        terminal.wait_for("Writing")
        actor.end()
        assert terminal.wait_for_exit() == 0
        told = terminal.scrollback()
        for model in MODELS:
            for step in range(40):
                assert told.count(f"{model} computes step {step}\n") == 1
        for gone in ("Simulating", "Writing", "Joining", "Ctrl-C", "%"):
            assert gone not in told
        assert "two-houses-ab12cd succeeded after " in told


def test_a_window_that_changes_its_size_leaves_nothing_behind() -> None:
    with attached(columns=120) as (actor, terminal):
        begin(actor)
        for step, columns in enumerate([120, 70, 61, 61, 90, 65, 120]):
            terminal.resize(columns, 24)
            actor.tell(Progress(simulated=step * 4320.0))
            actor.say("pv-1", f"w{columns}.\n")
            terminal.wait_for(f"w{columns}.")
        terminal.wait_for("30%")
        assert terminal.screen().count("Simulating") == 1
        actor.end()
        assert terminal.wait_for_exit() == 0
        told = terminal.scrollback()
        assert "Simulating" not in told
        assert "stops the run" not in told


@pytest.mark.parametrize("columns", [20, 33])
def test_a_narrow_window_shows_as_much_as_it_has_room_for(columns: int) -> None:
    with attached(columns=columns) as (actor, terminal):
        begin(actor)
        for step in range(4):
            actor.tell(Progress(simulated=step * 8640.0))
            actor.say("pv-1", f"w{step}.\n")
            terminal.wait_for(f"w{step}.")
        lines = terminal.wait_for("30%").splitlines()
        assert lines[-3].startswith("Simulating")
        assert terminal.screen().count("Simulating") == 1
        actor.end()
        assert terminal.wait_for_exit() == 0
        assert "Simulating" not in terminal.scrollback()


def test_a_window_of_three_rows_still_shows_lines() -> None:
    with attached(rows=3) as (actor, terminal):
        begin(actor)
        for number in range(20):
            actor.say("pv-1", f"number {number}.\n")
        terminal.wait_for("number 19.")
        actor.end()
        assert terminal.wait_for_exit() == 0
        told = terminal.scrollback()
        assert all(told.count(f"number {number}.") == 1 for number in range(20))


def test_a_flood_is_thinned_on_the_screen_and_whole_in_the_file() -> None:
    with attached() as (actor, terminal):
        begin(actor)
        terminal.wait_for("Simulating")
        actor.say("pv-1", b"".join(b"flood %d.\n" % n for n in range(100_000)))
        actor.say("weather-1", "calm\n")
        terminal.wait_for("weather-1 | calm", 5)
        actor.tell(ProcessEnded(name="pv-1", role="model", code=1))
        actor.end(
            "failed", cause="model", model="pv-1", message="pv-1 exited with code 1", exit_code=5
        )
        assert terminal.wait_for_exit() == 5
        told = terminal.scrollback()
        path = actor.folder.log("pv-1")
        assert f"lines of pv-1 not shown, see {path}" in told
        assert "pv-1      | flood 99999." in told
        assert "pv-1      | flood 0." in told
        assert told.count("flood ") < 1000
        assert path.read_bytes().count(b"\n") == 100_000


def test_what_a_model_sends_to_the_terminal_cannot_move_the_cursor() -> None:
    with attached() as (actor, terminal):
        begin(actor)
        actor.say("pv-1", b"first\n\x1b[2J\x1b[H\x1b[10Acleared \xff\x07\n10 %\r20 %\rdone\n")
        actor.say("pv-1", b"x" * 1_000_000 + b"\n" + b"last without an end")
        terminal.wait_for("1,000,000 letters")
        actor.tell(ProcessEnded(name="pv-1", role="model", code=0))
        terminal.wait_for("last without an end")
        actor.end()
        terminal.wait_for_exit()
        told = terminal.scrollback().splitlines()
        at = told.index("pv-1      | first")
        assert told[at + 1] == "pv-1      | cleared \N{REPLACEMENT CHARACTER}"
        assert told[at + 2] == "pv-1      | done"


def test_ctrl_c_stops_the_run_and_once_more_at_once() -> None:
    with attached() as (actor, terminal):
        begin(actor)
        terminal.wait_for("Simulating")
        terminal.keys("C-c")
        terminal.wait_for("stopping the run; once more ends it at once")
        wait_for(lambda: list(actor.folder.control.glob("*.json")), 5, "a request")
        assert actor.requests() == [control.Request("stop", reason="interrupted")]
        actor.tell(Stopping(reason="stopped by Ctrl-C"))
        terminal.wait_for("Stopping    for")
        terminal.keys("C-c")
        terminal.wait_for("ending the run at once")
        assert actor.requests() == [control.Request("stop", reason="interrupted", now=True)]
        actor.end("stopped", cause="interrupted", message="stopped by Ctrl-C", exit_code=130)
        assert terminal.wait_for_exit() == 130


def test_the_key_that_leaves_the_run_going() -> None:
    with attached() as (actor, terminal):
        begin(actor)
        terminal.wait_for("Ctrl-\\ leaves it running")
        terminal.keys("C-\\")
        assert terminal.wait_for_exit() == 0
        assert actor.requests() == []
        assert f"dots attach {actor.folder.run_id}" in terminal.scrollback()
        assert "Simulating" not in terminal.scrollback()


def test_a_closed_window_ends_the_watching_and_not_the_run(dots_home: Path) -> None:
    with attached() as (actor, terminal):
        begin(actor)
        terminal.wait_for("Simulating")
        assert of_home(dots_home)
        terminal.close()
        wait_for(lambda: not of_home(dots_home), 10, "the watching has ended")
        assert actor.requests() == []


def test_suspended_and_continued_the_status_comes_back_below() -> None:
    folder = make_run()
    env = {"DOTS_HOME": os.environ["DOTS_HOME"], "PYTHONPATH": str(ROOT), "PS1": "prompt> "}
    with (
        Actor(folder) as actor,
        opened(["bash", "--norc", "-i"], env=env) as terminal,
    ):
        terminal.wait_for("prompt>")
        terminal.keys(f"{sys.executable} -m dots_cli attach", "Enter")
        begin(actor)
        terminal.wait_for("Simulating")
        terminal.keys("C-z")
        terminal.wait_for("Stopped")
        terminal.keys("fg", "Enter")
        actor.tell(Progress(simulated=43200))
        terminal.wait_for("50%")
        assert "Stopped" in terminal.screen()
        actor.end()
        terminal.wait_for("succeeded")
        terminal.keys("exit", "Enter")
        terminal.wait_for_exit()


def test_paused_shows_how_to_go_on() -> None:
    with attached() as (actor, terminal):
        begin(actor)
        actor.tell(Progress(simulated=43200), Paused(simulated=43200))
        terminal.wait_for("go on with: dots resume two-houses-ab12cd")
        assert "at 2024-01-01 12:00:00 (50%)" in terminal.screen()
        actor.end()
        assert terminal.wait_for_exit() == 0
