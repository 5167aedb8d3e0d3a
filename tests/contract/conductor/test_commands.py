"""Every command works in every phase, and a conductor that is alone does without them."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.contract.conductor.rig import ROOT, Conductor, Quick, Rig, consumer, producer

AT_ONCE = 8.0
"""Seconds; a second is meant, the rest is for a machine that does other things too."""
PHASES = ["joining 1", "leaving 1", "joining 2", "simulating", "paused"]


def federation(rig: Rig, phase: str) -> Conductor:
    """A federation that stays in that phase until something is asked of it."""
    fault = {
        "joining 1": ("never_join", "0"),
        "leaving 1": ("slow_leave", "60"),
        "joining 2": ("slow_parse", "60"),
        "simulating": ("slow_step", "0.1"),
    }.get(phase)
    held = {"QUICK_FAULT": fault[0], "QUICK_FAULT_VALUE": fault[1]} if fault else {}
    pause_at = 7200 if phase == "paused" else None
    conductor = rig.run(
        [producer("pv-1", **held), consumer("home-1")], duration=86400, pause_at=pause_at
    )
    reached = {
        "joining 1": lambda: conductor.until("joining", where=lambda e: e["joined"] == ["home-1"]),
        "leaving 1": lambda: conductor.until("waiting"),
        "joining 2": lambda: conductor.until("handed_out"),
        "simulating": lambda: conductor.until("progress"),
        "paused": lambda: conductor.until("paused"),
    }
    reached[phase]()
    return conductor


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("command", ["stop", "disconnect"])
def test_ending_the_federation_works_in_every_phase(rig: Rig, phase: str, command: str) -> None:
    conductor = federation(rig, phase)
    asked = conductor.ask(command)
    stopped = conductor.until("stopped", AT_ONCE)
    assert time.monotonic() - asked < AT_ONCE
    assert stopped["quiet"] is (command == "stop")
    assert conductor.ended(10) == 0
    assert not conductor.all("failed")


@pytest.mark.parametrize("phase", PHASES)
def test_a_supervisor_that_is_gone_ends_every_phase(rig: Rig, phase: str) -> None:
    conductor = federation(rig, phase)
    conductor.hang_up()
    assert conductor.ended(10) == 2
    assert not conductor.all("failed")


@pytest.mark.parametrize("phase", ["joining 1", "joining 2"])
def test_a_pause_while_models_join_holds_the_simulation_at_its_start(rig: Rig, phase: str) -> None:
    kind, value = ("slow_import", "1.5") if phase == "joining 1" else ("slow_parse", "1.5")
    slow = producer("pv-1", QUICK_FAULT=kind, QUICK_FAULT_VALUE=value)
    conductor = rig.run([slow, consumer("home-1")])
    conductor.until("listening" if phase == "joining 1" else "handed_out")
    conductor.ask("pause")
    assert conductor.until("paused", AT_ONCE)["simulated"] == 0
    conductor.until("executing")
    conductor.ask("resume")
    conductor.until("resumed", AT_ONCE)
    assert not conductor.all("progress")
    assert conductor.rest()[-1] == {"event": "ended"}
    assert conductor.ended() == 0


def test_a_pause_stops_between_two_steps_and_goes_on_when_asked(rig: Rig) -> None:
    conductor = federation(rig, "simulating")
    conductor.ask("pause")
    paused = conductor.until("paused", AT_ONCE)
    assert paused["simulated"] % 900 == 0
    conductor.ask("resume")
    conductor.until("resumed", AT_ONCE)
    conductor.until("progress", where=lambda e: e["simulated"] > paused["simulated"] + 900)
    conductor.ask("pause", at=0)
    conductor.until("paused", AT_ONCE)
    conductor.ask("stop")
    assert conductor.until("stopped", AT_ONCE)["quiet"] is True
    assert conductor.ended() == 0


def test_a_pause_for_later_outlives_an_earlier_one(rig: Rig) -> None:
    conductor = federation(rig, "simulating")
    conductor.ask("pause", at=14400)
    conductor.ask("pause")
    assert conductor.until("paused", AT_ONCE)["simulated"] < 14400
    conductor.ask("resume")
    conductor.until("resumed", AT_ONCE)
    assert conductor.until("paused")["simulated"] == 14400
    conductor.ask("resume")
    conductor.until("progress", where=lambda e: e["simulated"] > 14400)
    conductor.ask("disconnect")
    assert conductor.ended() == 0


def test_lines_that_are_no_commands_change_nothing(rig: Rig) -> None:
    conductor = federation(rig, "paused")
    assert conductor.popen.stdin is not None
    conductor.popen.stdin.write(b'no json\n{"command": "dance"}\n[]\n\n')
    conductor.ask("resume")
    conductor.until("resumed", AT_ONCE)
    assert conductor.rest()[-1] == {"event": "ended"}
    assert conductor.ended() == 0


def test_a_stop_does_not_wait_for_a_model_that_is_dead(rig: Rig) -> None:
    conductor = federation(rig, "simulating")
    rig.models["home-1"].popen.kill()
    rig.models["home-1"].ended()
    asked = conductor.ask("stop")
    assert conductor.until("stopped", 15)["quiet"] is False
    assert time.monotonic() - asked < 10
    assert conductor.ended() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no signals that a process can catch")
def test_alone_it_stops_politely_when_it_is_terminated(rig: Rig) -> None:
    slow = producer("pv-1", QUICK_FAULT="slow_step", QUICK_FAULT_VALUE="0.1")
    conductor = rig.run([slow, consumer("home-1")], duration=86400, control=False)
    conductor.until("progress")
    conductor.popen.send_signal(signal.SIGTERM)
    assert conductor.until("stopped", AT_ONCE)["quiet"] is True
    assert conductor.ended() == 0
    assert {m: p.ended() for m, p in rig.models.items()} == {"pv-1": 0, "home-1": 0}


def test_alone_it_does_not_mind_that_nobody_is_on_its_stdin(rig: Rig) -> None:
    conductor = rig.run([producer(), consumer()], control=False)
    conductor.hang_up()
    assert conductor.rest()[-1] == {"event": "ended"}
    assert conductor.ended() == 0


def test_it_runs_from_a_copy_of_its_folder_under_another_name(rig: Rig, tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "dots_cli" / "conductor",
        tmp_path / "elsewhere" / "broker",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    rig.package, rig.package_root = "broker", tmp_path / "elsewhere"
    conductor = rig.run([producer(), consumer()])
    assert conductor.rest()[-1] == {"event": "ended"}
    assert conductor.ended() == 0


def test_in_a_container_it_listens_on_every_address(rig: Rig) -> None:
    slow = producer("pv-1", QUICK_FAULT="slow_step", QUICK_FAULT_VALUE="0.1")
    conductor = rig.run([slow, consumer("home-1")], host="0.0.0.0")
    conductor.until("progress")
    listening = {
        connection.laddr.port: connection.laddr.ip
        for connection in psutil.Process(conductor.popen.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening[rig.port] == listening[rig.port + 1] == "0.0.0.0"
    assert conductor.rest()[-1] == {"event": "ended"}


def test_a_stranger_that_comes_when_time_runs_is_never_taken_for_a_model(rig: Rig) -> None:
    """HELICS turns it away; where that costs it a model, the model is not blamed."""
    slow = producer("pv-1", QUICK_FAULT="slow_step", QUICK_FAULT_VALUE="0.1")
    conductor = rig.run([slow, consumer("home-1", "new")], duration=86400)
    conductor.until("progress")
    stranger = Quick("pv-9", env={"HELICS_BROKER_KEY": "another", "QUICK_SKIP_PHASE1": "1"})
    assert rig.start(stranger).ended() != 0
    last = conductor.rest()[-1]
    if last["event"] == "failed":
        assert (last["kind"], last["models"]) == ("unexpected", [])
    else:
        assert last == {"event": "ended"}


def test_a_calculation_that_is_too_late_because_one_too_few_was_declared_ends_the_run(
    rig: Rig,
) -> None:
    """It knocks when time runs already: HELICS refuses it, and its model would exit 0."""
    slow = {"QUICK_FAULT": "slow_step", "QUICK_FAULT_VALUE": "0.1"}
    conductor = rig.run([producer("pv-1", "old", **slow), consumer("home-1")], duration=86400)
    conductor.until("progress")
    late = replace(producer("pv-1", QUICK_SKIP_PHASE1="1", QUICK_NAME="second"), ids=("x",))
    rig.models["first"] = rig.models["pv-1"]
    rig.start(late)
    failed = conductor.until("failed")
    assert failed["kind"] == "unexpected"
    assert "more calculations than declared" in failed["message"]
    assert conductor.ended() == 1


def test_a_model_that_never_leaves_phase_1_is_named(rig: Rig) -> None:
    frozen = producer("pv-1", QUICK_FAULT="slow_leave", QUICK_FAULT_VALUE="60")
    conductor = rig.run([frozen, consumer("home-1")], join=3.0)
    failed = conductor.until("failed")
    assert (failed["kind"], failed["models"]) == ("join", ["pv-1"])
    assert conductor.ended() == 1


def test_a_model_that_dies_while_others_join_is_named(rig: Rig) -> None:
    twice = producer("pv-1", QUICK_FAULT="publish_twice")
    conductor = rig.run([twice, consumer("home-1")])
    failed = conductor.until("failed")
    assert failed["kind"] == "early"
    # Of one that dies before the conductor itself has joined, HELICS has forgotten the name.
    at_once = "in the moment in which it joined" in failed["message"]
    assert failed["models"] == ([] if at_once else ["pv-1"])


def test_what_two_models_publish_is_named_with_both(rig: Rig) -> None:
    conductor = rig.run([producer("pv-1"), producer("pv-2", "old"), consumer("home-1")])
    failed = conductor.until("failed")
    assert (failed["kind"], failed["models"]) == ("wiring", ["pv-1", "pv-2"])
    assert "PVInstallation/value/" in failed["message"]
    assert "twice" in failed["message"]
    assert conductor.ended(20) == 1


@pytest.mark.parametrize("dialect", ["old", "new"])
def test_units_that_do_not_match_are_named_with_who_takes_and_who_publishes(
    rig: Rig, dialect: str
) -> None:
    taker = consumer("home-1", dialect, QUICK_SUBSCRIBE="PVInstallation/value:V")
    other = replace(consumer("hp-1"), esdl_type="HeatPump", ids=("hp",))
    conductor = rig.run([producer("pv-1"), other, taker])
    failed = conductor.until("failed")
    assert (failed["kind"], failed["models"]) == ("wiring", ["home-1"])
    assert failed["message"].startswith(
        "home-1 (service home) takes PVInstallation/value in V, but pv-1 (service pv) publishes it "
        "in kW"
    )
    assert conductor.ended(20) == 1


def test_an_old_model_with_fewer_calculations_than_declared_is_told_where_to_look(
    rig: Rig,
) -> None:
    short = Quick("pv-1", calculations=2, env={"QUICK_DIALECT": "old"})
    failed = rig.run([short, consumer("home-1")], join=3.0).until("failed")
    assert "1 of 2 calculations" in failed["message"]
    assert "`calculations`" in failed["hint"]


def test_a_calculation_with_neither_inputs_nor_a_period_is_an_error_before_time_starts(
    rig: Rig,
) -> None:
    """So a real service looks when no type that it takes inputs from has a service."""
    needy = consumer("home-1", QUICK_SUBSCRIBE="EnvironmentalProfiles/irradiance:W/m2")
    conductor = rig.run([producer(), needy], unserved=["EnvironmentalProfiles"])
    failed = conductor.until("failed")
    assert failed["kind"] == "idle"
    assert "service home" in failed["message"]
    assert "EnvironmentalProfiles" in failed["message"]
    assert not conductor.all("executing")
