"""What is made of HELICS' answers about inputs and publications."""

from __future__ import annotations

from typing import Any

import pytest

from dots_cli.conductor import wiring
from dots_cli.conductor.settings import Model
from tests.unit.conductor import made

SUN = ["EnvironmentalProfiles/solar_irradiance/roof", "EnvironmentalProfiles/solar_irradiance/shed"]


def core(number: int, *federates: dict[str, Any]) -> dict[str, Any]:
    """A core as `data_flow_graph` shows it."""
    name = federates[0]["attributes"]["name"]
    attributes = {"id": 1879048193 + number, "name": f"{name}_core_hBBNvT", "parent": 1}
    return {"attributes": attributes, "federates": list(federates)}


def federate(number: int, name: str, **interfaces: list[dict[str, Any]]) -> dict[str, Any]:
    return {"attributes": {"id": number, "name": name, "parent": 1879048193}, **interfaces}


def flow(*cores: dict[str, Any]) -> dict[str, Any]:
    """What a broker answers to `data_flow_graph`."""
    attributes = {"id": 1, "name": "17619-BTP2M-tf2MM-XanjF-hHqXA", "parent": 0}
    return {"attributes": attributes, "brokers": [], "cores": list(cores)}


GATE = core(0, federate(131072, "dots_gate"))
PRODUCER = core(
    1,
    federate(
        131073,
        "pv-1/production",
        publications=[
            {
                "federate": 131073,
                "handle": 0,
                "key": "PVInstallation/power/roof",
                "targets": [{"federate": 131074, "handle": 0}],
            },
            {"federate": 131073, "handle": 1, "key": "PVInstallation/power/shed"},
        ],
    ),
)
FED = {"federate": 131074, "handle": 0, "sources": [{"federate": 131073, "handle": 0}]}
HOLE = {"federate": 131074, "handle": 1}


def test_a_federate_with_all_its_inputs_misses_nothing() -> None:
    graph = flow(GATE, PRODUCER, core(2, federate(131074, "home-1/demand", inputs=[FED])))
    assert wiring.missing_publications(graph, []) == {}


def test_only_federates_with_an_input_without_a_source_miss_something() -> None:
    graph = flow(
        GATE,
        PRODUCER,
        core(2, federate(131074, "home-1/demand", inputs=[FED, HOLE])),
        core(3, federate(131075, "home-2/demand", inputs=[FED])),
    )
    assert wiring.missing_publications(graph, reversed(SUN)) == {"home-1/demand": SUN}


def test_each_of_two_federates_in_one_core_is_looked_at() -> None:
    shared = core(
        2,
        federate(131074, "home-1/demand", inputs=[FED]),
        federate(131075, "home-1/voltage", inputs=[{**HOLE, "sources": []}]),
    )
    assert list(wiring.missing_publications(flow(GATE, shared), SUN)) == ["home-1/voltage"]


def test_a_key_that_several_wait_for_is_told_once() -> None:
    graph = flow(core(2, federate(131074, "home-1/demand", inputs=[HOLE])))
    assert wiring.missing_publications(graph, [*SUN, *SUN]) == {"home-1/demand": SUN}


def test_a_hole_tells_who_needs_what_and_from_which_type() -> None:
    failure = wiring.holes(made.settings(), {"pv-1/production": SUN})
    assert (failure.kind, failure.models) == ("wiring", ["pv-1"])
    assert failure.message == (
        "pv-1 (service pv) needs what nobody publishes: "
        "EnvironmentalProfiles/solar_irradiance/roof, "
        "EnvironmentalProfiles/solar_irradiance/shed "
        "(would come from ESDL type EnvironmentalProfiles)"
    )
    assert failure.hint == (
        "Add a calculation service for the ESDL type EnvironmentalProfiles to the service "
        "definition."
    )


def test_a_hole_in_a_type_that_has_a_service_is_one_of_versions() -> None:
    failure = wiring.holes(
        made.settings(),
        {"home-1/demand": ["PVInstallation/power/roof", "PVInstallation/heat/roof"]},
    )
    assert failure.hint == (
        "pv simulates PVInstallation but does not publish heat, power for these objects: check "
        "that the versions of the services go together."
    )


def test_holes_of_several_models_are_one_failure() -> None:
    keys = ["PVInstallation/power/roof", *SUN]
    missing = {"home-1/voltage": keys, "pv-1/production": keys, "home-1/demand": keys}
    failure = wiring.holes(made.settings(), missing)
    assert failure.models == ["home-1", "pv-1"]
    assert failure.message.startswith("home-1, pv-1 (services home, pv) need what")
    assert "(would come from ESDL types EnvironmentalProfiles, PVInstallation)" in failure.message
    assert failure.message.count("PVInstallation/power/roof") == 1
    assert "Add a calculation service" in failure.hint
    assert "versions of the services" in failure.hint


def test_an_object_with_a_slash_in_its_id_does_not_hide_its_type() -> None:
    failure = wiring.holes(made.settings(), {"home-1/demand": ["HeatPump/power/street/7"]})
    assert "HeatPump/power/street/7" in failure.message
    assert "the ESDL type HeatPump " in failure.hint


def test_an_idle_calculation_is_told_with_the_types_that_have_no_service() -> None:
    told = made.settings(unserved=("EnvironmentalProfiles", "Battery"))
    failure = wiring.idle(told, ["pv-1/production"])
    assert (failure.kind, failure.models) == ("idle", ["pv-1"])
    assert failure.message.startswith("pv-1/production (service pv) would never compute")
    assert failure.message.endswith("; without one are EnvironmentalProfiles, Battery")
    assert "services that pv takes inputs from" in failure.hint


def test_an_idle_calculation_where_every_type_has_a_service_names_none() -> None:
    failure = wiring.idle(made.settings(), ["home-1/demand", "home-1/voltage"])
    assert failure.models == ["home-1"]
    assert "without one are" not in failure.message


def test_units_are_told_by_type_and_output() -> None:
    answers: list[dict[str, Any]] = [
        {
            "publications": [
                {"name": "PVInstallation/power/roof", "type": "double", "units": "kW"},
                {"name": "PVInstallation/power/shed", "type": "double", "units": "kW"},
                {"name": "PVInstallation/forecast/roof", "type": "vector", "units": ""},
            ]
        },
        {
            "inputs": [{"name": "_input_0", "type": "", "units": "kW"}],
            "publications": [
                {"name": "EConnection/voltage/street/7", "type": "double", "units": "V"}
            ],
        },
        {"inputs": [{"name": "_input_0", "type": "", "units": "W"}]},
        {"publications": [{"name": "a global of somebody", "type": "string"}]},
    ]
    assert wiring.units(answers) == {
        "EConnection": {"voltage": "V"},
        "PVInstallation": {"forecast": "", "power": "kW"},
    }


def test_units_come_in_one_order_whoever_joined_first() -> None:
    names = ["B/y/1", "A/z/1", "B/x/1"]
    answers = [{"publications": [{"name": name, "units": "W"}]} for name in names]
    told = wiring.units(answers)
    assert list(told) == ["A", "B"]
    assert list(told["B"]) == ["x", "y"]


FLOW = flow(
    GATE,
    PRODUCER,
    core(2, federate(131074, "home-1/demand", inputs=[HOLE, FED])),
)
DETAILS: dict[str, dict[str, Any]] = {
    "pv-1/production": {
        "publications": [
            {"name": "PVInstallation/power/roof", "type": "double", "units": "W"},
            {"name": "PVInstallation/power/shed", "type": "double", "units": "W"},
        ]
    },
    "home-1/demand": {"inputs": [{"name": "_input_0", "units": "K"}, {"name": "_input_1"}]},
}


def test_an_input_is_linked_with_the_unit_in_which_it_is_taken_and_the_one_of_its_source() -> None:
    key = "PVInstallation/power/roof"
    link = wiring.Link("home-1/demand", "pv-1/production", key, taken="", published="W")
    assert wiring.links(FLOW, DETAILS) == [link]


def test_units_that_do_not_match_are_told_with_both_ends() -> None:
    links = [
        wiring.Link("home-1/demand", "pv-1/sun", "PVInstallation/power/a/b", "K", "W"),
        wiring.Link("home-1/demand", "pv-1/sun", "PVInstallation/power/c", "K", "W"),
        wiring.Link("home-1/demand", "pv-1/sun", "PVInstallation/voltage/c", "V", "V"),
    ]
    failure = wiring.incompatible(made.settings(), links, "W", "K")
    assert (failure.kind, failure.models) == ("wiring", ["home-1"])
    assert failure.message == (
        "home-1 (service home) takes PVInstallation/power in K, but pv-1 (service pv) publishes it "
        "in W, and K cannot be made from W"
    )
    assert failure.hint == (
        "Let home take it in W, or in a unit of the same kind, or pv publish it in K."
    )


def test_units_of_an_input_that_is_not_known_are_told_all_the_same() -> None:
    failure = wiring.incompatible(made.settings(), [], "W", "K")
    assert (failure.kind, failure.models) == ("wiring", [])
    assert "in K, but published in W" in failure.message


def test_a_hole_of_somebody_unknown_is_still_told() -> None:
    failure = wiring.holes(made.settings(Model("pv-1", "pv", "PV", 1)), {"recorder": SUN[:1]})
    assert failure.models == ["recorder"]
    assert SUN[0] in failure.message


@pytest.mark.parametrize(
    ("models", "who"),
    [
        (["pv-1"], "pv-1 publishes"),
        (["pv-1", "pv-2"], "pv-1, pv-2 publish"),
        (["pv-1", "pv-2", "pv-3"], "two of pv-1, pv-2, pv-3 publish"),
    ],
)
def test_what_is_published_twice_is_told_with_those_who_can_have_done_so(
    models: list[str], who: str
) -> None:
    told = made.settings(*(Model(name, "pv", "PVInstallation", None) for name in models), made.HOME)
    failure = wiring.published_twice(told, "PVInstallation/power/a, b")
    assert failure.message == f"{who} PVInstallation/power/a, b twice"
    assert failure.models == models


def test_two_services_for_the_same_objects_are_told_to_be_too_many() -> None:
    told = made.settings(
        Model("pv-1", "pv", "PVInstallation", None), Model("sun-1", "sun", "PVInstallation", None)
    )
    assert "pv and sun" in wiring.published_twice(told, "PVInstallation/power/a").hint
