from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest

from dots_cli.errors import StoreFailure
from dots_cli.plan.model import ContainerSpec, Plan, StorePlan
from dots_cli.results.embedded import EmbeddedResults
from dots_cli.results.influx import InfluxResults
from dots_cli.results.interface import Access, Scope
from dots_cli.results.opening import open_results, read_plan, scope
from tests.support.acting import make_run


def elsewhere(plan: Plan) -> Plan:
    """The plan with its store at a URL, user and password as its models are told."""
    told = (("INFLUXDB_USER", "pv$$er"), ("INFLUXDB_PASSWORD", "${STORE_SECRET}"))
    return dataclasses.replace(
        plan,
        store=StorePlan("http://${STORE_AT}:8086", "energy"),
        containers=(
            ContainerSpec("broker", "conductor"),
            ContainerSpec("pv-1", "model", environment=told),
        ),
    )


def test_results_are_those_of_the_runs_simulated_time() -> None:
    plan = read_plan(make_run())
    assert scope(plan) == Scope("two-houses-ab12cd", datetime(2024, 1, 1), datetime(2024, 1, 2))


def test_the_plan_tells_which_store_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run()
    plan = read_plan(folder)
    with open_results(folder, plan) as results:
        assert isinstance(results, EmbeddedResults)
    monkeypatch.setenv("STORE_AT", "influx.example")
    monkeypatch.setenv("STORE_SECRET", "a$b")
    with open_results(folder, elsewhere(plan)) as results:
        assert isinstance(results, InfluxResults)
        assert results._access == Access("http://influx.example:8086", "energy", "pv$er", "a$b")


def test_a_variable_that_is_gone_since_the_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run()
    monkeypatch.setenv("STORE_AT", "influx.example")
    monkeypatch.delenv("STORE_SECRET", raising=False)
    with pytest.raises(StoreFailure, match="STORE_SECRET"):
        open_results(folder, elsewhere(read_plan(folder)))


def test_units_that_are_not_there_yet_are_unknown() -> None:
    folder = make_run()
    folder.units.write_text("{")
    with open_results(folder, read_plan(folder)) as results:
        assert results.summary().fields == ()
