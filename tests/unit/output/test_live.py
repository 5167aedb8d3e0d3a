"""What `dots attach` shows without a terminal; the run is played by the test."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from dots_cli.runtime import control
from dots_cli.runtime.events import (
    Executing,
    HandedOut,
    Notice,
    ProcessEnded,
    ProcessStarted,
    Progress,
    SimulationEnded,
    Stopping,
)
from tests.conftest import Dots, StartDots
from tests.support.acting import Actor, make_run
from tests.support.processes import Running, wait_for


def play(actor: Actor, *, fail: bool = False) -> None:
    actor.tell(ProcessStarted(name="pv-1", role="model", handle="1"), HandedOut(), Executing())
    actor.say("pv-1", "first words\n\x1b[31mred words\x1b[0m\n")
    actor.tell(*(Progress(simulated=3600.0 * hour) for hour in range(25)))
    if fail:
        actor.say("pv-1", b"".join(b"trace %d\n" % n for n in range(60)) + b"ValueError: no sun")
        actor.tell(ProcessEnded(name="pv-1", role="model", code=1))
        actor.tell(Stopping(reason="pv-1 exited with code 1", model="pv-1"))
        message = "pv-1 exited with code 1\nlook into its log"
        actor.end("failed", cause="model", model="pv-1", message=message, exit_code=5)
    else:
        actor.tell(SimulationEnded(), ProcessEnded(name="pv-1", role="model", code=0))
        actor.end()


def test_in_a_pipe_there_are_plain_lines_and_the_verdict_on_stdout(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        play(actor)
    done = run_dots("attach", check=0)
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stderr
    assert "pv-1      | first words\npv-1      | red words\n" in done.stderr
    assert "dots      | simulating 2024-01-01 00:00:00 to 2024-01-02 00:00:00" in done.stderr
    assert done.stdout.startswith("two-houses-ab12cd succeeded after ")
    assert "1 d simulated, 2024-01-01 00:00:00 to 2024-01-02 00:00:00" in done.stdout
    assert "succeeded" not in done.stderr
    assert str(actor.folder.logs) in done.stderr


def test_after_a_failure_the_last_lines_of_the_model_stand_above_the_verdict(
    run_dots: Dots,
) -> None:
    with Actor(make_run()) as actor:
        play(actor, fail=True)
    done = run_dots("attach", check=5)
    told = done.stderr.partition("The last 20 lines of pv-1:\n")[2].splitlines()
    assert told[:20] == [f"  trace {n}" for n in range(41, 60)] + ["  ValueError: no sun"]
    assert "two-houses-ab12cd failed after " in done.stdout
    assert ": pv-1 exited with code 1 (simulated until 2024-01-02 00:00:00)\n" in done.stdout
    assert "  look into its log" in done.stdout
    assert "dots logs pv-1 --run two-houses-ab12cd" in done.stderr


def test_a_failed_model_that_said_nothing_is_said_to_have_said_nothing(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        actor.end("failed", cause="model", model="pv-2", message="pv-2 was killed", exit_code=5)
    assert "pv-2 has written nothing to its log" in run_dots("attach", check=5).stderr


def test_json_is_every_event_on_stdout_and_nothing_else(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        actor.tell(Notice(message="Grüße"))
        play(actor)
    done = run_dots("attach", "--json", check=0)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stdout == actor.folder.events.read_text(encoding="utf-8")
    assert [e["event"] for e in events].count("progress") == 25
    assert events[-1]["event"] == "verdict_reached"
    assert done.stderr == ""


def test_a_run_whose_supervisor_is_lost_ends_the_watching_with_code_11(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        actor.tell(Executing())
    done = run_dots("attach", check=11)
    assert "the supervisor of two-houses-ab12cd is gone and left no verdict" in done.stderr
    assert "dots teardown two-houses-ab12cd" in done.stderr


def test_a_program_that_reads_no_further_ends_the_watching_and_not_the_run() -> None:
    with Actor(make_run()) as actor:
        command = [sys.executable, "-m", "dots_cli", "attach", "--json"]
        watching = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert watching.stdout
        assert watching.stderr
        watching.stdout.readline()
        watching.stdout.close()
        actor.tell(Executing())
        assert watching.wait(20) != 0
        assert watching.stderr.read() == b""
        watching.stderr.close()
        assert actor.requests() == []


def watch(start_dots: StartDots, act: Callable[[Actor, Running], None]) -> int:
    with Actor(make_run()) as actor, start_dots("attach") as running:
        actor.tell(ProcessStarted(name="pv-1", role="model", handle="1"), Executing())
        wait_for(lambda: "simulating" in running.stderr, 20, "the run is shown")
        act(actor, running)
        return running.process.wait(20)


def stops(actor: Actor, exit_code: int) -> Callable[[control.Request], bool]:
    def act(request: control.Request) -> bool:
        actor.requested = request  # type: ignore[attr-defined]
        actor.end("stopped", cause=request.reason, message="stopped", exit_code=exit_code)
        return True

    return act


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM on Windows")
def test_sigterm_stops_the_run(start_dots: StartDots) -> None:
    def act(actor: Actor, running: Running) -> None:
        running.process.send_signal(signal.SIGTERM)
        actor.answer(stops(actor, 143)).join()
        assert actor.requested == control.Request("stop", reason="terminated")  # type: ignore[attr-defined]

    assert watch(start_dots, act) == 143


def test_an_interrupt_stops_the_run(start_dots: StartDots) -> None:
    def act(actor: Actor, running: Running) -> None:
        running.interrupt()
        actor.answer(stops(actor, 130)).join()
        assert actor.requested == control.Request("stop", reason="interrupted")  # type: ignore[attr-defined]
        assert "stopping the run" in running.stderr

    assert watch(start_dots, act) == 130


def test_a_killed_watcher_asks_nothing_of_the_run(start_dots: StartDots) -> None:
    def act(actor: Actor, running: Running) -> None:
        running.process.kill()
        running.process.wait(10)
        assert actor.requests() == []

    assert watch(start_dots, act) != 0


def test_the_last_lines_and_the_verdict_come_at_once(start_dots: StartDots) -> None:
    """A tenth of a second on an idle machine; the limit leaves room for a busy one."""
    seen = threading.Event()

    def act(actor: Actor, running: Running) -> None:
        actor.say("pv-1", "a word\n")
        wait_for(lambda: "a word" in running.stderr, 5, "the word is on the screen")
        actor.end()
        wait_for(lambda: "succeeded" in running.stdout, 5, "the verdict is on the screen")
        seen.set()

    assert watch(start_dots, act) == 0
    assert seen.is_set()
