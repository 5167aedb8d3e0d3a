"""Every hazard of docs/protocol.md, provoked in real federations of quick models."""

from __future__ import annotations

import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.contract.conductor import rig as rigs
from tests.contract.conductor.rig import Conductor, Quick, Rig, consumer, producer
from tests.support.late_farewell import late_farewell
from tests.support.processes import wait_for

FIRST = replace(producer("pv-1"), ids=("pv one",))
SECOND = replace(producer("pv-2", "old"), ids=("pv,two",))
PUMP = replace(consumer("pump-1", "new"), esdl_type="HeatPump", ids=("hp",))
WEATHER = replace(producer("weather-1"), esdl_type="EnvironmentalProfiles", ids=("w",))
MIXED = [FIRST, SECOND, consumer("home-1"), PUMP]
AT_ONCE = 5.0
"""Seconds in which everybody has left after the federation was disconnected."""


def faulty(model: Quick, kind: str, *, at: float = 0, value: float | None = None) -> Quick:
    """The same model, misbehaving."""
    fault = {"QUICK_FAULT": kind, "QUICK_FAULT_AT": str(at)}
    if value is not None:
        fault["QUICK_FAULT_VALUE"] = str(value)
    return replace(model, env={**model.env, **fault})


def succeeded(rig: Rig, conductor: Conductor) -> None:
    assert conductor.rest()[-1] == {"event": "ended"}, conductor.text()
    assert conductor.ended() == 0
    assert {name: process.ended() for name, process in rig.models.items()} == dict.fromkeys(
        rig.models, 0
    )


def failure(conductor: Conductor, kind: str) -> dict[str, Any]:
    (failed,) = [event for event in conductor.rest() if event["event"] == "failed"]
    assert failed["kind"] == kind, failed
    assert conductor.ended() == 1
    return failed


def before_time(conductor: Conductor) -> bool:
    return not conductor.all("executing")


def last_times(rig: Rig) -> set[str]:
    """The time stamp of the last point of each model."""
    return {rig.points(name)[-1].rsplit(" ", 1)[-1] for name in rig.models}


# --- from phase 1 to phase 2 --------------------------------------------------------------------


def test_no_federation_loses_the_race_between_the_phases(tmp_path: Path) -> None:
    """Both dialects, two federations at a time; the fastest knock while the slowest still leave."""
    lost: list[str] = []

    def runs(worker: int) -> None:
        for number in range(5):
            folder = tmp_path / f"{worker}-{number}"
            folder.mkdir()
            with rigs.rig(folder) as rig:
                try:
                    succeeded(rig, rig.run(MIXED))
                except AssertionError as error:
                    lost.append(f"{folder.name}: {error}")

    workers = [threading.Thread(target=runs, args=(worker,)) for worker in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not lost


def test_a_model_that_is_slow_to_leave_phase_1_meets_the_others_in_phase_2(rig: Rig) -> None:
    slow = faulty(PUMP, "slow_leave", value=1.5)
    succeeded(rig, rig.run([FIRST, SECOND, consumer("home-1"), slow]))


def test_a_model_that_is_slow_to_read_the_esdl_is_waited_for(rig: Rig) -> None:
    slow = faulty(PUMP, "slow_parse", value=3)
    conductor = rig.run([FIRST, SECOND, consumer("home-1"), slow])
    succeeded(rig, conductor)
    waits = [e for e in conductor.all("joining") if e["phase"] == 2 and e["missing"] == ["pump-1"]]
    assert waits


def test_an_esdl_of_many_parts_arrives_whole(rig: Rig) -> None:
    rig.esdl.write_text(rigs.esdl(16_000_000), encoding="utf-8")
    conductor = rig.run([producer("pv-1"), consumer("home-1")])
    succeeded(rig, conductor)
    size = len(rig.esdl.read_text(encoding="utf-8"))
    for model in rig.models.values():
        assert f"received an ESDL of {size} characters" in model.text()


# --- ports and strangers ------------------------------------------------------------------------


def test_a_taken_port_is_said_at_once(rig: Rig) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", rig.port + 2))
        other.listen()
        begin = time.monotonic()
        failed = failure(rig.conduct(MIXED), "broker")
    assert f"port {rig.port + 2} is taken" in failed["message"]
    assert time.monotonic() - begin < 10


def test_it_listens_on_loopback_only_and_inside_its_block_of_ports(rig: Rig) -> None:
    slow = producer("pv-1", QUICK_FAULT="slow_step", QUICK_FAULT_VALUE="0.2")
    conductor = rig.run([slow, consumer("home-1")])
    conductor.until("progress")
    listening = [
        connection.laddr
        for process in [conductor, *rig.models.values()]
        for connection in psutil.Process(process.popen.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert all(rig.port <= address.port < rig.port + 100 for address in listening)
    assert {rig.port, rig.port + 1} <= {address.port for address in listening}


def test_a_stranger_with_another_key_is_refused_and_changes_nothing(rig: Rig) -> None:
    conductor = rig.conduct(MIXED)
    conductor.until("listening")
    stranger = producer("pv-9", HELICS_BROKER_KEY="another")
    rig.start(stranger)
    for model in MIXED:
        rig.start(model)
    assert conductor.rest()[-1] == {"event": "ended"}
    assert rig.models.pop("pv-9").ended() != 0
    assert {name: process.ended() for name, process in rig.models.items()} == dict.fromkeys(
        rig.models, 0
    )


@pytest.mark.parametrize("fault", ["extra_calculation", "intruder"])
def test_a_federate_that_nobody_planned_ends_the_run_by_its_name(rig: Rig, fault: str) -> None:
    odd = producer("pv-1", QUICK_FAULT=fault)
    conductor = rig.run([odd, consumer("home-1")])
    failed = failure(conductor, "unexpected")
    assert {"extra_calculation": "pv-1/unplanned", "intruder": "intruder"}[fault] in failed[
        "message"
    ]
    assert before_time(conductor)


def test_an_old_model_with_more_calculations_than_declared_never_starts_the_race(rig: Rig) -> None:
    more = Quick("pv-1", calculations=1, env={"QUICK_DIALECT": "old", "QUICK_CALCULATIONS": "2"})
    conductor = rig.run([more, consumer("home-1")])
    failed = failure(conductor, "unexpected")
    assert "pv-1/" in failed["message"]
    assert "calculations" in failed["hint"]
    assert before_time(conductor)


def test_a_new_model_with_another_number_than_declared_is_told_what_to_write(rig: Rig) -> None:
    odd = Quick("pv-1", calculations=3, env={"QUICK_DIALECT": "new"})
    conductor = rig.run([odd, consumer("home-1")])
    failed = failure(conductor, "calculations")
    assert "pv-1" in failed["message"]
    assert "calculations: 1" in failed["hint"]
    assert before_time(conductor)


def test_an_old_model_without_a_declared_number_is_told_what_to_write(rig: Rig) -> None:
    silent = Quick("pv-1", env={"QUICK_DIALECT": "old"})
    conductor = rig.run([silent, consumer("home-1")])
    failed = failure(conductor, "calculations")
    assert "calculations: n" in failed["hint"]
    assert failed["models"] == ["pv-1"]
    assert before_time(conductor)


# --- wiring -------------------------------------------------------------------------------------


def test_an_input_without_a_source_is_an_error_before_time_starts(rig: Rig) -> None:
    needy = consumer("home-1", QUICK_SUBSCRIBE="HeatPump/heat/hp:kW")
    conductor = rig.run([producer("pv-1"), needy])
    failed = failure(conductor, "wiring")
    for word in ("home-1", "service home", "HeatPump/heat/hp", "ESDL type HeatPump"):
        assert word in failed["message"]
    assert before_time(conductor)


def test_units_of_every_publication_are_told_before_time_starts(rig: Rig) -> None:
    conductor = rig.run([producer("pv-1"), consumer("home-1", QUICK_PUBLISH="load:W,current:A")])
    succeeded(rig, conductor)
    assert conductor.all("wired")[0]["units"] == {
        "EConnection": {"current": "A", "load": "W"},
        "PVInstallation": {"value": "kW"},
    }


# --- who leaves, who hangs ----------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["leave", "lost"])
def test_a_federate_that_leaves_before_the_end_is_named(rig: Rig, fault: str) -> None:
    early = faulty(SECOND, fault, at=7200)
    failed = failure(rig.run([FIRST, early]), "early")
    assert failed["models"] == ["pv-2"]


def test_a_federate_whose_farewell_reaches_the_broker_after_the_end_is_named(rig: Rig) -> None:
    """On a busy machine the rest of the simulation took less time than a farewell."""
    with late_farewell(rig.port) as way:
        leaving = faulty(producer(), "leave", at=3600)
        conductor = rig.conduct([leaving, WEATHER])
        rig.start(replace(leaving, env={**leaving.env, "broker_port": str(way.port)}))
        rig.start(WEATHER)
        assert failure(conductor, "early")["models"] == ["pv-1"]
        assert way.waits.is_set()


def test_who_has_not_joined_is_named_when_the_limit_passes(rig: Rig) -> None:
    absent = faulty(SECOND, "never_join")
    failed = failure(rig.run([FIRST, absent], join=2.0), "join")
    assert failed["models"] == ["pv-2"]


def test_who_holds_the_time_is_named_while_it_stands_and_when_the_limit_passes(rig: Rig) -> None:
    stuck = consumer("home-1", QUICK_FAULT="hang", QUICK_FAULT_AT="3600")
    conductor = rig.run([producer("pv-1"), stuck], step=3.0)
    failed = failure(conductor, "stalled")
    assert failed["models"] == ["home-1"]
    assert any("home-1/calculation_1" in e["holders"] for e in conductor.all("waiting"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")
def test_a_model_whose_process_is_stopped_is_named_by_its_silence(rig: Rig) -> None:
    slow = faulty(FIRST, "slow_step", value=0.2)
    conductor = rig.run([slow, SECOND, consumer("home-1")], step=7.0, start="2024-01-01T00:00:00")
    conductor.until("progress")
    rig.models["pv-2"].popen.send_signal(signal.SIGSTOP)
    failed = failure(conductor, "stalled")
    assert failed["models"] == ["pv-2"], failed
    assert "which does not answer" in failed["message"]
    assert "still at 2024-01-01 0" in failed["message"]
    assert any(e["holders"] == ["pv-2/calculation_1"] for e in conductor.all("waiting"))


def test_after_a_model_was_killed_the_federation_ends_at_once_when_asked(rig: Rig) -> None:
    conductor = rig.run([faulty(FIRST, "slow_step", value=0.2), SECOND, consumer("home-1")])
    conductor.until("progress")
    rig.models.pop("pv-2").popen.kill()
    asked = conductor.ask("disconnect")
    assert conductor.rest()[-1]["event"] == "stopped"
    assert conductor.ended() == 0
    # It takes 0.2 s; at most 3.5 where HELICS itself does not come back.
    assert time.monotonic() - asked < AT_ONCE + 3


def test_a_question_to_a_model_that_was_killed_does_not_keep_the_conductor(rig: Rig) -> None:
    """HELICS answers it after 24 s, or never; nothing may be freed under who waits for that."""
    conductor = rig.run([faulty(FIRST, "slow_step", value=0.2), SECOND, consumer("home-1")])
    conductor.until("progress")
    rig.models["pv-2"].popen.kill()
    conductor.until("waiting")
    asked = conductor.ask("disconnect")
    conductor.until("stopped", 10)
    assert conductor.ended() == 0
    assert time.monotonic() - asked < AT_ONCE + 3


def test_a_supervisor_that_is_gone_ends_the_federation(rig: Rig) -> None:
    slow = producer("pv-1", QUICK_FAULT="slow_step", QUICK_FAULT_VALUE="0.2")
    conductor = rig.run([slow, consumer("home-1")])
    conductor.until("progress")
    conductor.hang_up()
    assert conductor.ended(10) == 2
    for model in rig.models.values():
        model.ended(10)


# --- stopping and pausing -----------------------------------------------------------------------


def test_a_stop_in_the_middle_of_a_step_leaves_all_models_at_the_same_time(rig: Rig) -> None:
    slow = faulty(consumer("home-1"), "slow_step", value=0.3)
    conductor = rig.run([FIRST, SECOND, slow])
    conductor.until("progress", where=lambda event: event["simulated"] >= 1800)
    conductor.ask("stop")
    assert conductor.rest()[-1]["event"] == "stopped"
    assert conductor.ended() == 0
    assert {name: model.ended() for name, model in rig.models.items()} == dict.fromkeys(
        rig.models, 0
    )
    assert len(last_times(rig)) == 1


@pytest.mark.parametrize("phase", [1, 2])
def test_a_stop_while_models_join_is_obeyed_at_once(rig: Rig, phase: int) -> None:
    absent = faulty(SECOND, "never_join" if phase == 1 else "slow_parse", value=30)
    conductor = rig.run([FIRST, absent])
    conductor.until("joining", where=lambda e: e["phase"] == phase and e["joined"] == ["pv-1"])
    asked = conductor.ask("stop")
    conductor.until("stopped", 10)
    assert time.monotonic() - asked < AT_ONCE
    assert conductor.ended(10) == 0


def test_a_pause_changes_no_result(tmp_path: Path) -> None:
    points = []
    for paused in (False, True):
        folder = tmp_path / str(paused)
        folder.mkdir()
        with rigs.rig(folder) as rig:
            conductor = rig.run(MIXED, pause_at=7200 if paused else None, step=1.0)
            if paused:
                assert conductor.until("paused")["simulated"] == 7200
                resume_after_a_while(conductor)
            succeeded(rig, conductor)
            points.append({name: rig.points(name) for name in rig.models})
    assert points[0] == points[1]


def resume_after_a_while(conductor: Conductor) -> None:
    """Longer than the limit of a step, in which time may stand still: a pause is no stall."""
    begin = time.monotonic()
    wait_for(lambda: time.monotonic() - begin > 1.5, 5, "longer than a step may take")
    assert conductor.popen.poll() is None
    conductor.ask("resume")
    conductor.until("resumed")
