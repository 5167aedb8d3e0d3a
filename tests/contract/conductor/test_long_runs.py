"""Simulations that take more rounds than HELICS' broker can count."""

from __future__ import annotations

import psutil

from tests.contract.conductor.rig import Rig, consumer, producer

STEPS = 24_000
"""With one model and the gate a step takes three rounds; HELICS 3.6.1 stops after 65,535."""
PERIOD = 900
PATIENCE = 300.0
YEAR = 366 * 86_400
START = 1_704_067_200


def test_a_simulation_goes_on_when_the_broker_can_count_no_further(rig: Rig) -> None:
    conductor = rig.run([producer()], duration=STEPS * PERIOD)
    assert conductor.rest(PATIENCE)[-1] == {"event": "ended"}
    assert conductor.ended() == 0
    assert rig.models["pv-1"].ended() == 0
    assert len(rig.points("pv-1")) == STEPS * 2


def test_periods_that_are_too_short_to_be_foreseen_end_the_run_with_the_reason(rig: Rig) -> None:
    conductor = rig.run([producer(QUICK_PERIOD="1")], duration=STEPS)
    failed = conductor.until("failed", PATIENCE)
    assert failed["kind"] == "broker"
    assert "GMLC-TDC/HELICS#2795" in failed["message"]
    assert conductor.ended() == 1


def test_a_long_simulation_is_paused_and_stopped_as_any_other(rig: Rig) -> None:
    slow = producer("pv-1", QUICK_FAULT="slow_step", QUICK_FAULT_VALUE="0.02")
    other = producer("pv-2", "old", QUICK_PUBLISH="other:kW", QUICK_PERIOD="1800")
    conductor = rig.run([slow, other, consumer("home-1")], duration=YEAR, pause_at=7200)
    assert conductor.until("paused")["simulated"] == 7200
    connections = psutil.Process(conductor.popen.pid).net_connections("tcp")
    listening = {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}
    assert {rig.port, rig.port + 4} <= listening, "the broker is not behind the door"

    conductor.ask("resume")
    conductor.until("progress", where=lambda e: e["simulated"] >= 14_400)
    conductor.ask("pause")
    paused = conductor.until("paused", 10)["simulated"]
    assert paused % 900 == 0
    conductor.ask("resume")
    conductor.until("progress", where=lambda e: e["simulated"] > paused + 900)
    conductor.ask("stop")
    stopped = conductor.until("stopped", 10)
    assert stopped["quiet"] is True
    assert conductor.ended() == 0
    assert {m: p.ended() for m, p in rig.models.items()} == dict.fromkeys(rig.models, 0)
    for name, period in (("pv-1", 900), ("pv-2", 1800), ("home-1", 900)):
        steps = sorted({int(line.rsplit(" ", 1)[1]) - START for line in rig.points(name)})
        assert steps == list(range(period, int(stopped["simulated"]) + 1, period)), name
