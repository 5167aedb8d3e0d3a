"""Simulations that take more rounds than HELICS' broker can count."""

from __future__ import annotations

from tests.contract.conductor.rig import Rig, producer

STEPS = 24_000
"""With one model and the gate a step takes three rounds; HELICS 3.6.1 stops after 65,535."""
PERIOD = 900
PATIENCE = 300.0


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
