from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import reduce

import pytest

from dots_cli.output.progress import Bar, Milestones, Speed, area, phase_words, told
from dots_cli.output.words import width
from dots_cli.runs.state import RunState, advance
from dots_cli.runtime.events import (
    Event,
    Executing,
    HandedOut,
    Joining,
    Notice,
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
    Waiting,
)

BEGIN = RunState("ab-12", start=datetime(2024, 1, 1), duration=86400.0)
STARTED = RunStarted(at=0, run_id="ab-12", runtime="process", models=["pv-1", "pv-2"])
MODELS = [ProcessStarted(at=0, name=f"pv-{n}", role="model", handle=str(n)) for n in (1, 2)]
SIMULATING: list[Event] = [
    STARTED,
    Executing(at=10),
    Progress(at=12, simulated=7200),
    Progress(at=14, simulated=14400),
]


def after(events: Iterable[Event]) -> tuple[RunState, Speed]:
    speed = Speed()
    state = BEGIN
    for event in events:
        state = advance(state, event)
        speed.take(event)
    return state, speed


def shown(events: Iterable[Event], now: float, columns: int = 100) -> str:
    state, speed = after(events)
    return "\n".join(line.text for line in area(state, speed, now, columns, Bar("#", "-")))


def test_preparing_names_each_service_and_for_how_long() -> None:
    text = shown(
        [
            STARTED,
            Preparing(at=2, service="pv", what="installing 30 packages"),
            Preparing(at=5, service="weather", what="making an environment"),
        ],
        now=12,
    )
    assert "pv: installing 30 packages (10 s)" in text
    assert "weather: making an environment (7 s)" in text


def test_what_a_builder_prints_stays_in_its_line() -> None:
    building = [
        Preparing(at=2, service="ems", what="building ems: Fetched 16.9 MB\nReading lists\r"),
        Preparing(at=2, service="pv", what="building pv: \x1b[91merror: no compiler\x1b[0m\n"),
    ]
    text = shown([STARTED, *building], now=12)
    assert "building ems: Fetched 16.9 MB Reading lists (10 s)\n" in text
    assert "building pv: error: no compiler (10 s)\n" in text
    assert len(text.splitlines()) == 3
    assert "\x1b" not in text


def test_joining_names_who_is_missing_and_for_how_long() -> None:
    joining = Joining(at=20, phase=1, joined=["pv-1"], missing=["pv-2"], waited=8)
    text = shown([STARTED, *MODELS, joining], now=22)
    assert "1 of 2, for 10 s waiting for pv-2" in text


def test_when_all_have_joined_it_says_what_comes_next() -> None:
    joined = Joining(at=20, phase=1, joined=["pv-1", "pv-2"], missing=[], waited=8)
    assert "all have joined and receive the scenario" in shown([STARTED, joined], now=21)
    waiting = Waiting(at=30, simulated=0, waited=9, holders=["pv-1"])
    text = shown([STARTED, joined, waiting], now=32)
    assert "receive the scenario, for 11 s waiting for pv-1" in text
    assert "waiting" not in shown([STARTED, joined, waiting, Executing(at=33)], now=34)


def test_many_missing_models_are_not_all_named() -> None:
    missing = [f"pv-{n}" for n in range(60)]
    text = shown([Joining(at=1, phase=1, joined=[], missing=missing, waited=0)], now=1)
    assert "pv-3 and 56 more" in text


def test_simulating_shows_date_bar_share_speed_and_the_time_that_is_left() -> None:
    text = shown(SIMULATING, now=14)
    assert "Simulating" in text
    assert "17%" in text
    assert "2024-01-01 04:00:00" in text
    assert "###-----" in text
    assert "3,600 simulated s per s" in text
    assert "about 20 s left" in text


def test_the_time_left_shrinks_between_two_events() -> None:
    assert "about 15 s left" in shown(SIMULATING, now=19)


def test_standing_time_names_who_holds_it() -> None:
    waiting = Waiting(at=20, simulated=14400, waited=4, holders=["pv-1/power"])
    assert "for 6 s waiting for pv-1/power" in shown([*SIMULATING, waiting], now=22)
    unknown = Waiting(at=20, simulated=14400, waited=4, holders=[])
    assert "for 6 s waiting for the federation" in shown([*SIMULATING, unknown], now=22)
    assert "waiting" not in shown([*SIMULATING, waiting, Progress(at=23, simulated=18000)], now=23)


def test_paused_says_since_when_where_and_how_to_go_on() -> None:
    text = shown([*SIMULATING, Paused(at=20, simulated=14400)], now=80)
    assert "for 1 min at 2024-01-01 04:00:00 (17%)" in text
    assert "dots resume ab-12" in text


def test_a_pause_does_not_slow_the_speed_down() -> None:
    events = [
        *SIMULATING,
        Paused(at=15, simulated=14400),
        Resumed(at=500),
        Progress(at=501, simulated=18000),
        Progress(at=503, simulated=25200),
    ]
    assert "3,600 simulated s per s" in shown(events, now=503)


def test_the_speed_is_that_of_the_last_seconds() -> None:
    events = [*SIMULATING, *(Progress(at=14 + n, simulated=14400 + n * 60) for n in range(1, 60))]
    assert "60 simulated s per s" in shown(events, now=73)


def test_a_speed_is_told_of_steps_that_take_longer_than_ten_seconds() -> None:
    events = [
        STARTED,
        Executing(at=0),
        Progress(at=60, simulated=900),
        Progress(at=120, simulated=1800),
    ]
    assert "15 simulated s per s" in shown(events, now=120)


def test_writing_and_stopping_name_whom_they_wait_for() -> None:
    ended = ProcessEnded(at=30, name="pv-1", role="model", code=0)
    text = shown([STARTED, *MODELS, Executing(at=1), SimulationEnded(at=29), ended], now=32)
    assert "still at it: pv-2 (3 s)" in text
    text = shown([STARTED, *MODELS, Stopping(at=30, reason="because"), ended], now=32)
    assert "waiting for pv-2" in text
    assert "Ctrl-C again ends it at once" in text


@pytest.mark.parametrize("columns", [1, 10, 20, 40, 60, 80, 200])
def test_every_window_has_room_for_what_matters_most(columns: int) -> None:
    states: list[list[Event]] = [
        [STARTED],
        [STARTED, Preparing(at=1, service="pv", what="x")],
        SIMULATING,
        [*SIMULATING, Paused(at=20, simulated=14400)],
    ]
    for events in states:
        state, speed = after(events)
        lines = area(state, speed, 30, columns, Bar())
        assert 0 < len(lines) <= 6
        if columns >= 60:
            assert all(width(line.text) < columns for line in lines)


def test_what_a_person_should_find_in_the_scrollback() -> None:
    def line(event: Event, *before: Event) -> str | None:
        first, _ = after([STARTED, *before])
        found = told(event, first, advance(first, event))
        return found[0] if found else None

    assert line(Notice(message="look here", severity="warning")) == "look here"
    assert line(Prepared(service="pv", seconds=12, cached=False)) == "pv is ready after 12 s"
    assert line(Prepared(service="pv", seconds=0, cached=True)) is None
    assert line(Paused(simulated=43200), Executing()) == "paused at 2024-01-01 12:00:00 (50%)"
    assert line(Stopping(reason="pv-1 died\nand more")) == "stopping: pv-1 died"
    assert line(ProcessEnded(name="pv-1", role="model", code=3)) == "pv-1 exited with code 3"
    assert line(ProcessEnded(name="pv-1", role="model", code=0)) is None
    assert line(ProcessEnded(name="broker", role="conductor", code=1)) == (
        "conductor exited with code 1"
    )
    assert line(Progress(simulated=5)) is None


def test_a_pipe_gets_few_lines_of_a_long_run() -> None:
    milestones, speed, state = Milestones(), Speed(), BEGIN
    lines = []
    events: list[Event] = [STARTED, Executing(at=10)]
    events += [Progress(at=10 + n / 5, simulated=float(n) * 24) for n in range(3600)]
    events += [SimulationEnded(at=731)]
    for event in events:
        state = advance(state, event)
        speed.take(event)
        if line := milestones.of(event, state, speed):
            lines.append(line)
    assert len(lines) <= 30
    assert lines[0] == "run ab-12: 2 models, runtime process"
    assert "simulating 2024-01-01 00:00:00 to 2024-01-02 00:00:00" in lines
    assert any(line.startswith("2024-01-01 12:00:00 (50%)") for line in lines)


def test_a_pipe_hears_of_a_wait_now_and_then() -> None:
    milestones = Milestones()
    state, speed = after([STARTED, Executing(at=10), Progress(at=11, simulated=900)])
    lines = []
    for second in range(3, 60):
        event = Waiting(at=11.0 + second, simulated=900, waited=second, holders=["pv-1/power"])
        state = advance(state, event)
        lines += [milestones.of(event, state, speed)]
    told_lines = [line for line in lines if line]
    assert 4 <= len(told_lines) <= 7
    assert "waiting for pv-1/power" in told_lines[0]


def test_a_pipe_hears_who_has_not_joined() -> None:
    milestones = Milestones()
    lines = []
    state = reduce(advance, [STARTED, *MODELS], BEGIN)
    for second in range(30):
        event = Joining(at=second, phase=1, joined=["pv-1"], missing=["pv-2"], waited=second)
        state = advance(state, event)
        lines += [milestones.of(event, state, Speed())]
    told_lines = [line for line in lines if line]
    assert 2 <= len(told_lines) <= 4
    assert all("waiting for pv-2" in line for line in told_lines)
    assert milestones.of(HandedOut(), state, Speed())


def test_the_phase_in_one_sentence() -> None:
    state, _ = after(SIMULATING)
    assert phase_words(state, 15) == "2024-01-01 04:00:00 (17%)"
