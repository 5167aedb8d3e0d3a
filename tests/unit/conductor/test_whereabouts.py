from __future__ import annotations

from typing import Any

from dots_cli.conductor.whereabouts import Times, left_early, times
from tests.unit.conductor.steered import DAY, OWN


def test_who_has_left_before_the_end_is_told_by_model() -> None:
    failure = left_early(["pv-1/b", "pv-1/a"], OWN)
    assert failure is not None
    assert (failure.kind, failure.models) == ("early", ["pv-1"])
    assert failure.message == "pv-1/a, pv-1/b left the federation before the simulated end"


def test_the_conductors_own_may_leave_before_the_end() -> None:
    assert left_early(["dots_gate"], OWN) is None
    assert left_early([], OWN) is None


def federate(name: str, granted: float, computes: bool) -> dict[str, Any]:
    return {"name": name, "granted": granted, "granted_mode": computes}


def test_holders_are_those_who_compute_without_the_conductors_own() -> None:
    answer = [
        federate("pv-1/production", 1800.0, True),
        federate("dots_gate", DAY, True),
        federate("home-1/demand", 900.0, False),
        federate("heat-1/heat", 900.0, True),
    ]
    assert times(answer, OWN) == Times(("heat-1/heat", "pv-1/production"), 1800.0)


def test_where_nobody_was_granted_anything_time_is_at_the_start() -> None:
    before = federate("pv-1/production", -9_223_372_036.854776, False)
    assert times([before], []) == Times((), 0.0)
    assert times([], []) == Times((), 0.0)
