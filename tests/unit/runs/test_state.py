from __future__ import annotations

from datetime import datetime
from functools import reduce

import pytest

from dots_cli.runs.state import Phase, RunState, advance
from dots_cli.runtime.events import (
    Event,
    Executing,
    HandedOut,
    Joining,
    Paused,
    Prepared,
    Preparing,
    ProcessEnded,
    ProcessStarted,
    Progress,
    Resumed,
    RunStarted,
    SimulationEnded,
    Stopping,
    VerdictReached,
    Waiting,
)

BEGIN = RunState("ab-12", start=datetime(2024, 1, 1), duration=86400.0)
STARTED = RunStarted(at=1, run_id="ab-12", runtime="process", models=["pv-1", "pv-2"])
PROCESSES = [
    ProcessStarted(at=3, name="conductor", role="conductor", handle="10"),
    ProcessStarted(at=4, name="pv-1", role="model", handle="11"),
    ProcessStarted(at=4, name="pv-2", role="model", handle="12"),
]
VERDICT = VerdictReached(
    at=99, verdict="failed", cause="model", model="pv-1", message="it died", exit_code=5
)


def after(*events: Event) -> RunState:
    return reduce(advance, events, BEGIN)


@pytest.mark.parametrize(
    ("event", "phase"),
    [
        (Preparing(service="pv", what="building"), "preparing"),
        (Joining(phase=1, joined=[], missing=["pv-1"], waited=0), "joining"),
        (Executing(), "simulating"),
        (Paused(simulated=900), "paused"),
        (SimulationEnded(), "writing"),
        (Stopping(reason="why"), "stopping"),
        (VERDICT, "ended"),
    ],
)
def test_each_event_leads_into_its_phase(event: Event, phase: Phase) -> None:
    assert after(STARTED, event).phase == phase


def test_a_phase_lasts_since_its_first_event() -> None:
    state = after(
        STARTED, Executing(at=5), Progress(at=6, simulated=1), Progress(at=7, simulated=2)
    )
    assert (state.phase, state.since, state.seen) == ("simulating", 5, 7)


def test_events_of_several_parties_that_cross_lead_back_to_nothing() -> None:
    late = Joining(phase=2, joined=["pv-1"], missing=[], waited=1)
    assert after(STARTED, Executing(), late).phase == "simulating"
    assert after(STARTED, Stopping(reason="why"), SimulationEnded()).phase == "stopping"


def test_services_are_prepared_side_by_side() -> None:
    state = after(
        STARTED,
        Preparing(at=2, service="pv", what="making"),
        Preparing(at=3, service="weather", what="making"),
        Preparing(at=4, service="pv", what="installing"),
        Prepared(at=5, service="weather", seconds=2, cached=False),
    )
    assert [(p.service, p.what, p.since) for p in state.preparing] == [("pv", "installing", 2)]


def test_a_model_is_missing_until_it_has_joined_and_then_runs_until_its_end() -> None:
    begun = [STARTED, *PROCESSES]
    joining = [*begun, Joining(at=9, phase=1, joined=["pv-2"], missing=["pv-1"], waited=4)]
    state = after(*joining)
    assert state.model("pv-1").state == "missing"
    assert state.model("pv-2").state == "running"
    assert state.missing_since == 5
    state = after(*joining, HandedOut(), Executing())
    assert state.model("pv-1").state == "running"
    assert state.model("pv-1").pid == "11"
    ended = ProcessEnded(at=20, name="pv-1", role="model", code=-9)
    state = after(*joining, Executing(), ended)
    assert (state.model("pv-1").state, state.model("pv-1").code) == ("exited", -9)
    assert state.running_models == ("pv-2",)
    assert after(STARTED).model("pv-1").state == "not started"


def test_a_missing_federate_makes_its_model_missing() -> None:
    missing = Joining(phase=2, joined=["pv-2/power"], missing=["pv-1/power"], waited=0)
    assert after(STARTED, *PROCESSES, missing).model("pv-1").state == "missing"


def test_who_holds_the_time_is_forgotten_when_it_moves() -> None:
    waiting = Waiting(at=50, simulated=900, waited=3, holders=["pv-1/power"])
    state = after(STARTED, Executing(), waiting)
    assert (state.holders, state.waiting_since) == (("pv-1/power",), 47)
    assert after(STARTED, Executing(), waiting, Progress(simulated=900)).holders
    assert not after(STARTED, Executing(), waiting, Progress(simulated=1800)).holders


def test_simulated_time_is_a_date_and_a_share() -> None:
    state = after(STARTED, Executing(), Progress(simulated=21600))
    assert state.done == 0.25
    assert state.date == datetime(2024, 1, 1, 6)
    assert after(STARTED, Executing(), SimulationEnded()).done == 1


def test_a_pause_ends_with_resume_only() -> None:
    paused = after(STARTED, Executing(), Paused(at=8, simulated=900))
    assert advance(paused, Progress(simulated=900)).phase == "paused"
    assert advance(paused, Resumed(at=9)).phase == "simulating"
    assert after(STARTED, Stopping(reason="why"), Resumed()).phase == "stopping"
