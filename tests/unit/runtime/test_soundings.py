"""Learning what a calculation misses that takes all its inputs from types without a service."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dots_cli.plan.model import Federation, Limits, Plan, Simulation, StorePlan
from dots_cli.runtime.base import Sounding
from dots_cli.runtime.soundings import PATIENCE, Sounder
from tests.unit.runtime.test_ending import Recorder

PLAN = Plan(
    format=1,
    run_id="run-aaaaaa",
    scenario="run",
    runtime="process",
    simulation=Simulation(datetime(2024, 1, 1), 3600, "info"),
    limits=Limits(),
    services=("pv",),
    models=(),
    federation=Federation((), None),
    store=StorePlan(None, "dots"),
    containers=(),
    unserved=("EnvironmentalProfiles",),
)
IDLE = {"event": "failed", "kind": "idle", "models": ["pv-1"], "message": "would never compute"}
WIRING = {"event": "failed", "kind": "wiring", "models": ["pv-1"], "message": "needs irradiance"}
RUNNING = {"broker": "conductor", "pv-1": "model", "store": "store"}
LEFT = {"store": "store"}


class Sounded(Recorder):
    """A runtime that writes down which federation it is to start."""

    def start_federation(self, sounding: Sounding | None = None) -> None:
        self.asked.append(f"sound {sounding}")


def begun() -> tuple[Sounder, Sounded]:
    runtime = Sounded()
    sounder = Sounder(PLAN, runtime)
    assert sounder.begin(IDLE, RUNNING, 0.0)
    return sounder, runtime


def test_the_models_at_fault_are_started_once_more_when_everybody_has_left() -> None:
    sounder, runtime = begun()
    assert runtime.asked == ["kill broker pv-1"]
    sounder.go_on({"pv-1": "model", **LEFT}, 0.1)
    assert runtime.asked == ["kill broker pv-1"]
    sounder.go_on(LEFT, 0.2)
    assert runtime.asked[1:] == [f"sound {Sounding(('pv-1',), ('EnvironmentalProfiles',))}"]


def test_what_the_check_of_the_wiring_says_is_the_complaint() -> None:
    sounder, _ = begun()
    sounder.go_on(LEFT, 0.1)
    assert sounder.hear({"event": "joining"}) is None
    assert sounder.hear(WIRING) == WIRING
    assert not sounder.is_on


def test_where_nothing_is_learnt_the_first_complaint_stands() -> None:
    for end in ("other", "wired", "gone", "late"):
        sounder, _ = begun()
        sounder.go_on(LEFT, 0.1)
        said = {
            "other": lambda s=sounder: s.hear({**WIRING, "kind": "join"}),
            "wired": lambda s=sounder: s.hear({"event": "wired", "units": {}}),
            "gone": sounder.conductor_ended,
            "late": lambda s=sounder: s.go_on(RUNNING, PATIENCE + 1),
        }[end]()
        assert said == IDLE, end
        assert not sounder.is_on


def test_the_end_of_the_first_conductor_is_not_the_end_of_the_sounding() -> None:
    sounder, _ = begun()
    assert sounder.conductor_ended() is None
    assert sounder.is_on


def test_there_is_one_sounding_at_most_and_none_where_every_type_has_a_service() -> None:
    sounder, _ = begun()
    assert not sounder.begin(IDLE, RUNNING, 1.0)
    assert not Sounder(replace(PLAN, unserved=()), Sounded()).begin(IDLE, RUNNING, 0.0)
