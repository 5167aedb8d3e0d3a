"""`pause`, `resume`, `stop`, `teardown` ask the supervisor and wait; the test plays that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dots_cli.render.secrets import VARIABLES
from dots_cli.runs import registry
from dots_cli.runtime import control
from dots_cli.runtime.control import Request
from dots_cli.runtime.events import (
    Executing,
    Paused,
    ProcessStarted,
    Progress,
    Resumed,
    Stopping,
)
from dots_cli.runtime.os_processes import RUN_MARK
from tests.conftest import Dots, StartDots
from tests.support import ROOT
from tests.support.acting import Actor, make_run
from tests.support.processes import wait_for

CONDUCTOR = ProcessStarted(name="broker", role="conductor", handle="1")


def obedient(actor: Actor) -> list[Request]:
    """Do what is asked, as a supervisor does; returns the list that requests are added to."""
    asked: list[Request] = []

    def act(request: Request) -> bool:
        asked.append(request)
        match request.kind:
            case "pause":
                actor.tell(Paused(simulated=43200))
            case "resume":
                actor.tell(Resumed())
            case "stop":
                actor.tell(Stopping(reason="stopped on request"))
                actor.end("stopped", cause="stopped", message="stopped on request", exit_code=10)
        return request.kind == "stop"

    actor.answer(act)
    return asked


def test_pause_returns_when_the_run_is_quiet_and_says_where(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        actor.tell(CONDUCTOR, Executing(), Progress(simulated=43000))
        asked = obedient(actor)
        done = run_dots("pause", check=0)
        assert done.stdout == "two-houses-ab12cd paused at 2024-01-01 12:00:00 (50%)\n"
        assert "dots resume two-houses-ab12cd" in done.stderr
        assert {request.kind for request in asked} == {"pause"}
        again = json.loads(run_dots("pause", "--json", check=0).stdout)
        assert (again["phase"], again["simulated"]) == ("paused", 43200)
        done = run_dots("resume", "two", check=0)
        assert done.stdout == "two-houses-ab12cd resumed at 2024-01-01 12:00:00 (50%)\n"
        assert registry.state(actor.folder).phase == "simulating"


def test_a_pause_that_is_asked_too_early_waits_for_the_simulation(start_dots: StartDots) -> None:
    with Actor(make_run()) as actor, start_dots("pause") as running:
        wait_for(lambda: "pausing two-houses-ab12cd: preparing" in running.stderr, 20, "a word")
        wait_for(lambda: actor.requests() == [Request("pause")], 10, "the request")
        actor.tell(CONDUCTOR, Executing())
        wait_for(lambda: list(actor.folder.control.glob("*.json")), 10, "another request")
        obedient(actor)
        assert running.process.wait(20) == 0


def test_a_run_that_ends_before_it_is_paused_is_an_error(start_dots: StartDots) -> None:
    with Actor(make_run()) as actor, start_dots("pause") as running:
        actor.tell(CONDUCTOR, Executing())
        wait_for(lambda: list(actor.folder.control.glob("*.json")), 20, "the request")
        actor.end()
        assert running.process.wait(20) == 2
        assert "ended before it was paused: succeeded" in running.stderr


def test_resume_returns_where_the_run_is_paused_again_at_once(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        actor.tell(CONDUCTOR, Executing(), Paused(simulated=3600))

        def go_on_to_noon(request: Request) -> bool:
            actor.tell(Resumed(), Progress(simulated=43200), Paused(simulated=43200))
            return False

        actor.answer(go_on_to_noon)
        done = run_dots("resume", check=0)
    assert (
        done.stdout == "two-houses-ab12cd went on and paused again at 2024-01-01 12:00:00 (50%)\n"
    )
    assert "dots resume two-houses-ab12cd" in done.stderr


def test_resume_of_a_run_that_is_not_paused_is_an_error(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        actor.tell(Executing())
        assert "is not paused" in run_dots("resume", check=2).stderr
        assert actor.requests() == []


def test_a_run_that_has_ended_can_neither_be_paused_nor_resumed(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        actor.end()
    for verb in ("pause", "resume"):
        assert "has ended already: succeeded" in run_dots(verb, check=2).stderr


def test_stop_waits_for_the_verdict(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        actor.tell(Executing(), Progress(simulated=43200))
        asked = obedient(actor)
        done = run_dots("stop", check=0)
    assert asked == [Request("stop")]
    assert "two-houses-ab12cd stopped after " in done.stdout
    assert "(simulated until 2024-01-01 12:00:00)" in done.stdout


def test_stop_now(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        asked = obedient(actor)
        data = json.loads(run_dots("stop", "--now", "--json", check=0).stdout)
    assert asked == [Request("stop", now=True)]
    assert data["verdict"]["exit_code"] == 10


def test_a_run_that_has_ended_is_stopped_already(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        actor.end()
    assert "succeeded" in run_dots("stop", check=0).stdout
    assert control.take(actor.folder) == []


def test_a_lost_run_cannot_be_stopped_but_torn_down(run_dots: Dots) -> None:
    with Actor(make_run()):
        pass
    assert "dots teardown" in run_dots("stop", check=11).stderr
    run_dots("teardown", check=0)
    verdict = registry.verdict(registry.find())
    assert verdict is not None
    assert (verdict.verdict, verdict.cause, verdict.exit_code) == ("failed", "supervisor", 11)


def test_teardown_of_everything_ends_live_runs_and_what_a_lost_one_left(run_dots: Dots) -> None:
    with Actor(make_run("ended-1")) as ended:
        ended.end()
    lost = make_run("lost-1")
    Actor(lost).die()
    left = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(300)"],
        env={**os.environ, RUN_MARK: str(lost.path)},
        start_new_session=sys.platform != "win32",
    )
    try:
        with Actor(make_run("live-1")) as live:
            obedient(live)
            done = run_dots("teardown", check=0)
            assert "live-1: ended\n" in done.stdout
            assert "lost-1: ended 1 process left without owner\n" in done.stdout
            assert "ended-1" not in done.stdout
        assert left.wait(10) != 0
        assert registry.verdict(lost) is not None
        assert lost.logs.is_dir()
        done = run_dots("teardown", check=0)
        assert (done.stdout, done.stderr) == ("", "Nothing is running.\n")
        assert json.loads(run_dots("teardown", "--json", check=0).stdout) == []
        one = json.loads(run_dots("teardown", "live-1", "--json", check=0).stdout)
        assert one == [{"run_id": "live-1", "was_running": False, "processes": 0, "containers": 0}]
    finally:
        left.kill()
        left.wait()


def test_a_run_that_cannot_be_torn_down_keeps_no_other_from_it(
    run_dots: Dots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No engine answers: the containers of two lost runs stay, and each is told of."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    contained = [make_run("contained-1"), make_run("contained-2")]
    for folder in contained:
        Actor(folder).die()
        folder.stack.mkdir(exist_ok=True)
        (folder.stack / VARIABLES).write_text("")
    by_processes = make_run("by-processes")
    Actor(by_processes).die()
    done = run_dots("teardown", "--json", check=4)
    assert [item["run_id"] for item in json.loads(done.stdout)] == ["by-processes"]
    for folder in (*contained, by_processes):
        assert registry.verdict(folder) is not None
    for folder in contained:
        assert f"the containers of {folder.run_id} are not removed" in done.stderr
    one = run_dots("teardown", "contained-1", check=4)
    assert "the containers of contained-1 are not removed" in one.stderr


def test_teardown_ends_a_supervisor_that_does_not_answer(start_dots: StartDots) -> None:
    folder = make_run()
    stuck = subprocess.Popen(
        [sys.executable, "-c", _STUCK, str(folder.path)],
        env={**os.environ, RUN_MARK: str(folder.path)},
        start_new_session=sys.platform != "win32",
    )
    try:
        wait_for(lambda: registry.is_alive(folder), 20, "the lock is held")
        short = "from dots_cli.runs import steer; steer.POLITE = steer.AT_ONCE = 0.3; "
        code = short + "from dots_cli.app import app; app(['teardown'], prog_name='dots')"
        done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
        assert done.returncode == 0
        assert not psutil.pid_exists(stuck.pid) or stuck.wait(5) is not None
        assert not registry.is_alive(folder)
        verdict = registry.verdict(folder)
        assert verdict is not None
        assert verdict.cause == "supervisor"
    finally:
        stuck.kill()
        stuck.wait()


_STUCK = """
import sys, time
from pathlib import Path
from filelock import FileLock
from dots_cli.render.run_folder import RunFolder
lock = FileLock(RunFolder(Path(sys.argv[1])).lock)
lock.acquire()
time.sleep(300)
"""


def test_a_name_means_the_run_that_goes_on_though_a_newer_one_has_ended(run_dots: Dots) -> None:
    now = time.time()
    with Actor(make_run("same-2", name="same", created=now)) as newer:
        newer.end()
    with Actor(make_run("same-1", name="same", created=now - 100)) as older:
        older.tell(CONDUCTOR, Executing(), Progress(simulated=43000))
        asked = obedient(older)
        for verb in ("pause", "resume"):
            assert run_dots(verb, "same", check=0).stdout.startswith(f"same-1 {verb}d at ")
        assert run_dots("stop", "same", check=0).stdout.startswith("same-1 stopped after ")
    assert {request.kind for request in asked} == {"pause", "resume", "stop"}


def test_several_that_go_on_under_one_name_are_not_steered_by_it(run_dots: Dots) -> None:
    with Actor(make_run("same-1", name="same")) as one, Actor(make_run("same-2", name="same")):
        for verb in ("pause", "resume", "stop", "attach", "teardown"):
            error = run_dots(verb, "same", check=2).stderr
            assert "2 runs could be meant by 'same'" in error
            assert "same-1 (same)" in error
        assert one.requests() == []


def test_a_name_of_a_run_that_goes_on_is_given_to_no_other(run_dots: Dots) -> None:
    scenario = ROOT / "tests" / "inputs" / "house.esdl"
    start = ("run", scenario, "--services", scenario.with_suffix(".yaml"), "--name", "same")
    with Actor(make_run("same-1", name="same")) as actor:
        error = run_dots(*start, check=2).stderr
        assert error.startswith("error: --name same: the run same-1 has that name and goes on\n")
        assert "dots stop same-1" in error
        actor.end()
    # It has ended, and what is refused now is something else.
    assert "no such model" in run_dots(*start, "--external", "x", check=2).stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "--name is empty"),
        (" ", "--name is empty"),
        ("a\nb\x1b[31m", "--name 'a\\nb\\x1b[31m' holds a control character"),
        ("ü" * 65, "--name has 65 letters; it may have 64"),
        ("other-1", "--name other-1: a run has that id"),
    ],
)
def test_a_name_that_could_not_be_shown_or_found_is_refused(
    run_dots: Dots, name: str, said: str
) -> None:
    make_run("other-1")
    scenario = ROOT / "tests" / "inputs" / "house.esdl"
    start = ("run", scenario, "--services", scenario.with_suffix(".yaml"), "--name", name)
    assert run_dots(*start, check=2).stderr.startswith(f"error: {said}\n")


def test_a_pause_after_the_end_is_refused_with_the_length_as_people_write_it(
    run_dots: Dots,
) -> None:
    scenario = ROOT / "tests" / "inputs" / "village.esdl"
    start = ("run", scenario, "--runtime", "process", "--duration", "24h", "--until", "48h")
    error = run_dots(*start, env={"VILLAGE_API_KEY": "x"}, check=2).stderr
    assert "--until 48h is not before the end of the simulation (1d)" in error


def test_the_newest_run_is_meant_where_none_is_named(run_dots: Dots) -> None:
    now = time.time()
    make_run("old-1", created=now - 100)
    make_run("new-1", created=now)
    assert json.loads(run_dots("status", "--json", check=0).stdout)["run_id"] == "new-1"
