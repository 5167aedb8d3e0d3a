from __future__ import annotations

from dots_cli.plan.coverage import coverage_of
from tests.unit.plan.planning import scenario_of, service


def test_every_service_is_listed_with_what_it_would_start() -> None:
    services = [service("pv", "PVInstallation", models=2), service("heat", "HeatPump")]
    coverage = coverage_of(scenario_of(PVInstallation=3), services)
    assert [(s.name, s.objects, s.models) for s in coverage.services] == [
        ("pv", 3, ("pv-1", "pv-2")),
        ("heat", 0, ()),
    ]


def test_objects_without_a_service_are_counted_by_class() -> None:
    scenario = scenario_of(PVInstallation=3, Building=2, InPort=9)
    scenario = type(scenario)(
        scenario.path, b"", scenario.objects, frozenset({"PVInstallation", "Building"})
    )
    coverage = coverage_of(scenario, [service("pv", "PVInstallation")])
    assert coverage.without_service == (("Building", 2),)
