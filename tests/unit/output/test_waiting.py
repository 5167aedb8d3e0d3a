"""What a command says while it waits for a run, without a terminal."""

from __future__ import annotations

import pytest

from dots_cli.output import waiting
from dots_cli.output.waiting import Waiting
from dots_cli.runs.state import RunState, advance
from dots_cli.runtime.events import Event, ProcessEnded, ProcessStarted, RunStarted, Stopping

STOPPING: list[Event] = [
    RunStarted(run_id="ab-12", runtime="process", models=["pv-1", "pv-2"]),
    ProcessStarted(name="pv-1", role="model", handle="1"),
    ProcessStarted(name="pv-2", role="model", handle="2"),
    Stopping(reason="stopped on request"),
]


def after(*more: Event) -> RunState:
    state = RunState("ab-12")
    for event in (*STOPPING, *more):
        state = advance(state, event)
    return state


def test_a_stop_says_once_for_whom_it_waits_and_how_to_cut_it_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    with Waiting("stopping ab-12") as wait:
        for second in range(60):
            now[0] = float(second)
            one_left = [ProcessEnded(name="pv-1", role="model", code=0)] if second > 30 else []
            wait.look(after(*one_left))
    assert capsys.readouterr().err.splitlines() == [
        "stopping ab-12: stopping, stopped on request, waiting for pv-1, pv-2",
        "stopping ab-12: stopping, stopped on request, waiting for pv-1, pv-2; "
        "at once with: dots stop --now ab-12",
        "stopping ab-12: stopping, stopped on request, waiting for pv-2; "
        "at once with: dots stop --now ab-12",
    ]
