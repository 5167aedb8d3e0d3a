"""`runs`, `status`, `logs` show runs; the test plays their supervisor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dots_cli.runtime import os_processes
from dots_cli.runtime.events import (
    Executing,
    External,
    Joining,
    Paused,
    Preparing,
    ProcessEnded,
    ProcessStarted,
    Progress,
    RunStarted,
    Waiting,
)
from tests.conftest import Dots, StartDots
from tests.support.acting import Actor, make_run
from tests.support.processes import wait_for


def test_runs_lists_every_run_with_how_it_is(run_dots: Dots) -> None:
    now = time.time()
    with Actor(make_run("ended-1", created=now - 30, name="base")) as ended:
        ended.end("timed_out", cause="run", message="too long", exit_code=9)
    Actor(make_run("lost-1", created=now - 20)).die()
    with Actor(make_run("live-1", created=now - 10)) as live:
        live.tell(Executing(), Progress(simulated=43200))
        lines = run_dots("runs", check=0).stdout.splitlines()
        data = json.loads(run_dots("runs", "--json", check=0).stdout)
    assert [line.split()[0] for line in lines] == ["run", "live-1", "lost-1", "ended-1"]
    assert "simulating 50%" in lines[1]
    assert "two-houses.esdl" in lines[1]
    assert "lost" in lines[2].split()
    assert "timed out" in lines[3]
    assert "base" in lines[3]
    assert [item["state"] for item in data] == ["simulating", "lost", "timed_out"]
    assert data[2]["verdict"]["exit_code"] == 9


def test_without_runs_there_is_nothing_to_list(run_dots: Dots) -> None:
    done = run_dots("runs", check=0)
    assert done.stdout == ""
    assert "dots run scenario.esdl" in done.stderr
    assert json.loads(run_dots("runs", "--json", check=0).stdout) == []
    assert "there are no runs yet" in run_dots("status", check=2).stderr


def test_status_of_each_phase_says_whom_it_waits_for(run_dots: Dots) -> None:
    with Actor(make_run(name="base")) as actor:
        actor.tell(Preparing(service="pv", what="installing 30 packages"))
        assert "pv: installing 30 packages" in run_dots("status", "base", check=0).stdout
        actor.tell(
            ProcessStarted(name="broker", role="conductor", handle="10"),
            ProcessStarted(name="pv-1", role="model", handle="11"),
            ProcessStarted(name="pv-2", role="model", handle="12"),
            Joining(phase=1, joined=["pv-1"], missing=["pv-2", "weather-1"], waited=5),
        )
        told = run_dots("status", check=0).stdout
        assert "1 of 3" in told
        assert "waiting for pv-2, weather-1" in told
        assert "conductor  running" in told
        states = {item["name"]: item for item in _models(run_dots)}
        assert states["pv-1"]["state"] == "running"
        assert states["pv-1"]["pid"] == "11"
        assert states["pv-2"]["state"] == "missing"
        assert states["weather-1"]["state"] == "not started"
        waiting = Waiting(simulated=21600, waited=9, holders=["pv-1/power"])
        actor.tell(Executing(), Progress(simulated=21600), waiting)
        told = run_dots("status", check=0).stdout
        assert "2024-01-01 06:00:00, 25% of 1 d, 3 models" in told
        assert "waiting for pv-1/power" in told
        actor.tell(ProcessEnded(name="pv-1", role="model", code=-9))
        assert "pv-1" in (told := run_dots("status", check=0).stdout)
        assert "was killed (SIGKILL)" in told
        actor.end("failed", cause="model", model="pv-1", message="pv-1 was killed", exit_code=5)
    told = run_dots("status", check=0).stdout
    assert "failed" in told
    assert "pv-1 was killed" in told


def test_status_of_a_run_in_containers_shows_ids_and_no_end_of_a_store_that_goes_on(
    run_dots: Dots,
) -> None:
    ident = "40310ef41b8e51fce33c83efe88c1c11dfb57f594624b8fe15f849fe40e76e01"
    with Actor(make_run(models=["pv-1"])) as actor:
        actor.tell(
            RunStarted(run_id=actor.folder.run_id, runtime="docker", models=["pv-1"]),
            ProcessStarted(name="influxdb", role="store", handle=ident),
            ProcessStarted(name="pv-1", role="model", handle=ident),
        )
        told = run_dots("status", check=0).stdout
        assert "container" in told
        assert "pid" not in told
        assert ident[:12] in told
        assert ident[:13] not in told
        assert _models(run_dots)[0]["pid"] == ident
        let_go = "serves other runs as well"
        actor.tell(ProcessEnded(name="influxdb", role="store", code=0, detail=let_go))
        assert "store" not in run_dots("status", check=0).stdout
        actor.tell(ProcessEnded(name="influxdb", role="store", code=1, detail="is gone"))
        assert "store" in run_dots("status", check=0).stdout


def _models(run_dots: Dots) -> list[dict[str, Any]]:
    models: list[dict[str, Any]] = json.loads(run_dots("status", "--json").stdout)["models"]
    return models


def test_status_of_a_lost_run_says_so_and_is_no_error(run_dots: Dots) -> None:
    Actor(make_run()).die()
    told = run_dots("status", check=0).stdout
    assert "lost" in told
    assert "its supervisor is gone" in told


@pytest.mark.parametrize("told", [True, False])
def test_processes_of_a_run_without_owner_have_ended_unless_they_are_there(
    run_dots: Dots, told: bool
) -> None:
    folder = make_run(models=["pv-1", "pv-2"])
    around = {**os.environ, os_processes.RUN_MARK: str(folder.path)}
    waits = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(waits, stdin=subprocess.PIPE, env=around) as process:
        try:
            with Actor(folder) as actor:
                actor.tell(
                    ProcessStarted(name="broker", role="conductor", handle="999999990"),
                    ProcessStarted(name="pv-1", role="model", handle=str(process.pid)),
                    ProcessStarted(name="pv-2", role="model", handle="999999991"),
                )
                assert _told(run_dots, "pv-2") == ["running", "999999991"]
                if told:
                    actor.end("failed", cause="supervisor", message="killed", exit_code=11)
            assert _told(run_dots, "pv-1") == ["running", str(process.pid)]
            assert _told(run_dots, "pv-2") == ["ended"]
            assert _told(run_dots, "conductor") == ["ended"]
            models = {model["name"]: model for model in _models(run_dots)}
            assert (models["pv-2"]["state"], models["pv-2"]["code"]) == ("exited", None)
        finally:
            process.communicate()
    assert _told(run_dots, "pv-1") == ["ended"]


def test_an_external_model_is_told_to_be_the_users_from_the_beginning(run_dots: Dots) -> None:
    folder = make_run(models=["pv-1", "pv-2"])
    plan = json.loads(folder.plan.read_text(encoding="utf-8")) | {"external": ["pv-2"]}
    folder.plan.write_text(json.dumps(plan), encoding="utf-8")
    with Actor(folder) as actor:
        assert _told(run_dots, "pv-1") == ["not", "started"]
        assert " ".join(_told(run_dots, "pv-2")) == "external, yours to start"
        actor.tell(
            External(model="pv-2", env_file="", shell="run-it-so", launch={}, launch_file="")
        )
        assert "run-it-so" in run_dots("status", check=0).stdout
        actor.end("stopped", exit_code=10)
    assert " ".join(_told(run_dots, "pv-2")) == "external, was not started"


def _told(run_dots: Dots, process: str) -> list[str]:
    """What `status` says in the line of a process."""
    lines = (line.split() for line in run_dots("status", check=0).stdout.splitlines())
    return next(words[1:] for words in lines if words[:1] == [process])


def test_status_tells_the_simulated_time_once(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        actor.tell(Executing(), Progress(simulated=21600))
        assert run_dots("status", check=0).stdout.count("06:00:00") == 1
        actor.tell(Paused(simulated=21600))
        assert run_dots("status", check=0).stdout.count("06:00:00") == 1


def test_status_of_a_run_that_ended_between_two_looks_at_its_time_names_no_time(
    run_dots: Dots,
) -> None:
    with Actor(make_run()) as actor:
        actor.tell(Executing())
        actor.end("failed", exit_code=5)
    told = run_dots("status", check=0).stdout
    assert "no progress seen of 1 d" in told
    assert "0%" not in told


def test_the_log_of_one_model_is_printed_as_it_is(run_dots: Dots, tmp_path: Path) -> None:
    folder = make_run()
    raw = b"a\r\nb \x1b[31mred\n" + b"x" * 1_000_000 + b"\nno end"
    folder.log("pv-1").write_bytes(raw)
    assert run_dots("logs", "pv-1", check=0).stdout == raw.decode().replace("\r\n", "\n") + "\n"
    assert run_dots("logs", "pv-1", "--tail", "1", check=0).stdout == "no end\n"
    assert run_dots("logs", "pv-1", "-n", "0", check=0).stdout == ""


def test_the_logs_of_all_models_have_their_names_before_each_line(run_dots: Dots) -> None:
    folder = make_run()
    folder.log("pv-1").write_text("a\nb\n")
    folder.log("weather-1").write_text("sun\n")
    folder.log("conductor").write_text("inner life\n")
    told = run_dots("logs", check=0).stdout
    assert told == "pv-1      | a\npv-1      | b\nweather-1 | sun\n"
    assert run_dots("logs", "conductor", check=0).stdout == "inner life\n"
    items = run_dots("logs", "--json", "--tail", "1", check=0).stdout.splitlines()
    assert [json.loads(item) for item in items] == [
        {"model": "pv-1", "line": "b"},
        {"model": "weather-1", "line": "sun"},
    ]


def test_an_unknown_model_names_the_known(run_dots: Dots) -> None:
    make_run()
    told = run_dots("logs", "pv", check=2).stderr
    assert "pv-1, pv-2, weather-1, conductor, store, supervisor" in told


@pytest.mark.parametrize("word", ["boxed", "two-houses-ab12cd"])
def test_a_run_in_place_of_a_model_is_told_where_it_belongs(run_dots: Dots, word: str) -> None:
    make_run(name="boxed")
    make_run("two-houses-newest")
    told = run_dots("logs", word, check=2).stderr
    assert f"{word} is a run: dots logs --run {word}" in told


def test_a_silent_model_is_said_to_be_silent(run_dots: Dots) -> None:
    with Actor(make_run()) as actor:
        done = run_dots("logs", "pv-2", check=0)
        assert (done.stdout, done.stderr) == ("", "pv-2 said nothing yet.\n")
        actor.end()
    assert run_dots("logs", "pv-2", check=0).stderr == "pv-2 said nothing.\n"


def test_logs_are_followed_until_the_run_has_ended(start_dots: StartDots) -> None:
    with Actor(make_run()) as actor:
        actor.say("pv-1", "".join(f"line {n}\n" for n in range(100)))
        with start_dots("logs", "--follow", "--tail", "2") as running:
            wait_for(lambda: "line 99\n" in running.stdout, 20, "what was said before")
            actor.say("pv-1", "more\n")
            actor.say("pv-2", "another")
            wait_for(lambda: "more\n" in running.stdout, 10, "what is said now")
            actor.end()
            assert running.process.wait(20) == 0
            assert running.stdout == (
                "pv-1      | line 98\npv-1      | line 99\npv-1      | more\npv-2      | another\n"
            )


@pytest.mark.skipif(sys.platform == "win32", reason="pipes there do not tell who reads them")
def test_followed_logs_end_with_their_reader_though_nothing_new_is_said(
    dots_home: Path,
) -> None:
    with Actor(make_run()) as actor:
        actor.say("pv-1", "first\n")
        command = [sys.executable, "-m", "dots_cli", "logs", "--follow"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, env={**os.environ, "DOTS_HOME": str(dots_home)}
        ) as process:
            assert process.stdout is not None
            try:
                assert b"first" in process.stdout.readline()
                process.stdout.close()
                assert process.wait(20) == -getattr(signal, "SIGPIPE", 0)
            finally:
                process.kill()


def test_a_flood_is_whole_in_what_logs_prints(run_dots: Dots) -> None:
    folder = make_run()
    folder.log("pv-1").write_bytes(b"".join(b"line %d\n" % n for n in range(300_000)))
    assert run_dots("logs", "pv-1", check=0).stdout.count("\n") == 300_000
