"""A new service in words: what is understood, and that every mistake is named at once."""

from __future__ import annotations

import pytest

from dots_cli.definition.scaffold import (
    Input,
    NewCalculation,
    Output,
    guess_type,
    new_service,
    possible_types,
)
from dots_cli.errors import UsageError


def test_inputs_and_outputs_belong_to_the_first_calculation_or_to_the_one_they_name() -> None:
    service = new_service(
        "heat-pump",
        "HeatPump",
        ["simulate:15m", "plan:1h"],
        ["EnvironmentalProfiles.air_temperature:K", "plan/EnergyMarket.price:€/kWh"],
        ["power:W/m2", "plan/setpoint:W"],
    )
    assert service.calculations == (
        NewCalculation(
            "simulate",
            900,
            (Input("EnvironmentalProfiles", "air_temperature", "K"),),
            (Output("power", "W/m2"),),
        ),
        NewCalculation(
            "plan", 3600, (Input("EnergyMarket", "price", "€/kWh"),), (Output("setpoint", "W"),)
        ),
    )
    assert service.package == "heat_pump_service"
    assert service.class_name == "HeatPumpService"
    assert service.periods == {"EnvironmentalProfiles": 900, "EnergyMarket": 3600}


def test_a_type_that_several_calculations_take_from_comes_as_often_as_the_quickest_needs() -> None:
    taken = "PVInstallation.power:W"
    service = new_service("x", "EConnection", ["a:1h", "b:15m"], [taken, f"b/{taken}"], ["p:W"])
    assert service.periods == {"PVInstallation": 900}
    assert len(service.inputs) == 1


@pytest.mark.parametrize(
    ("name", "guessed"),
    [
        ("heat-pump", "HeatPump"),
        ("pv-installation", "PVInstallation"),
        ("econnection", "EConnection"),
        ("weather", None),
    ],
)
def test_the_type_is_guessed_where_the_name_says_it(name: str, guessed: str | None) -> None:
    assert guess_type(name) == guessed


def test_types_are_classes_of_things_that_are_simulated() -> None:
    types = possible_types()
    assert {"PVInstallation", "Building", "EnergyMarket", "EnvironmentalProfiles"} <= types
    assert types.isdisjoint({"Asset", "InPort", "Area", "PVInstallationTypeEnum"})


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("HeatPump", "write it like heat-pump"),
        ("heat_pump", "write it like heat-pump"),
        ("2nd-try", "write it like nd-try"),
        ("wärme", "no name for a service"),
        ("", "no name for a service"),
        ("../up", "write it like up"),
        ("class", "a word of Python"),
        ("match", "a word of Python"),
    ],
)
def test_a_name_that_is_none_is_refused(name: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        new_service(name, "HeatPump")


@pytest.mark.parametrize(
    ("esdl_type", "complaint"),
    [
        ("Heatpump", "there is no ESDL type 'Heatpump'; did you mean HeatPump?"),
        ("PVinstalation", "did you mean PVInstallation?"),
        ("Spaceship", "there is no ESDL type 'Spaceship'"),
        ("InPort", "InPort is no ESDL type that is simulated on its own"),
        ("Asset", "there is no ESDL type 'Asset'"),
    ],
)
def test_a_type_that_is_none_is_answered_with_the_nearest(esdl_type: str, complaint: str) -> None:
    with pytest.raises(UsageError) as refused:
        new_service("x", esdl_type)
    assert complaint in refused.value.message


@pytest.mark.parametrize(
    ("calculations", "inputs", "outputs", "complaint"),
    [
        (["simulate"], [], [], "is not NAME:PERIOD"),
        (["a b:15m"], [], [], "'a b' is no name"),
        (["_a:15m"], [], [], "'_a' is no name"),
        (["lambda:15m"], [], [], "a word of Python"),
        (["start_simulation:15m"], [], [], "is taken in the service's code"),
        (["float:15m"], [], [], "is taken in the service's code"),
        (["a:soon"], [], [], "'soon' is no duration"),
        (["a:0.5"], [], [], "whole number of seconds"),
        (["a:1m", "a:2m"], [], [], "two calculations are called 'a'"),
        (["a:1m"], ["air_temperature:K"], [], "is not TYPE.name:unit"),
        (["a:1m"], ["PVInstallation.power"], [], "is not TYPE.name:unit"),
        (["a:1m"], ["PVInstalation.power:W"], [], "did you mean PVInstallation?"),
        (["a:1m"], ["PVInstallation.moment:W"], [], "is taken in the service's code"),
        (["a:1m"], ["HeatPump.power:W"], [], "is what the service simulates itself"),
        (["a:1m"], ["Battery.p:W", "PVPark.p:W"], [], "two inputs called 'p'"),
        (["a:1m"], ["b/Battery.p:W"], [], "there is no calculation 'b'"),
        (["a:1m"], [], ["power"], "is not name:unit"),
        (["a:1m"], [], ["power:"], "'' is no unit"),
        (["a:1m"], [], ["power:kilo watt"], "'kilo watt' is no unit"),
        (["a:1m"], [], ['power:"W'], "is no unit"),
        (["a:1m"], [], ["time:s"], "results have a column 'time' already"),
        (["a:1m", "b:1m"], [], ["p:W", "b/p:W"], "two outputs are called 'p'"),
    ],
)
def test_what_does_not_fit_is_named(
    calculations: list[str], inputs: list[str], outputs: list[str], complaint: str
) -> None:
    with pytest.raises(UsageError) as refused:
        new_service("heat-pump", "HeatPump", calculations, inputs, outputs)
    assert complaint in refused.value.message


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        new_service("Heat Pump", "Heatpump", ["a"], ["x"], ["y"])
    lines = refused.value.message.splitlines()
    assert lines[0] == "5 things are wrong:"
    assert len(lines) == 6
