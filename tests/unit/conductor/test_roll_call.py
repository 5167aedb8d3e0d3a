"""Who is there, from the names of federates alone."""

from __future__ import annotations

from dots_cli.conductor.roll_call import RollCall, of_calculations, of_models

OWN = ["dots_gate"]
EXPECTED = {"pv-1": 1, "home-1": 2}
PV = "pv-1/production"
HOME = ["home-1/demand", "home-1/voltage"]


def test_nobody_is_there_at_first() -> None:
    assert of_models([], ["pv-1", "home-1"], ["sender"]) == RollCall(missing=("pv-1", "home-1"))
    assert of_calculations([], EXPECTED, OWN) == RollCall(missing=("pv-1", "home-1"))


def test_models_are_told_in_the_order_of_the_plan() -> None:
    names = ["b-1", "sender", "a-1", "c-1"]
    call = of_models(names, ["c-1", "a-1", "b-1", "d-1"], ["sender"])
    assert call.joined == ("c-1", "a-1", "b-1")
    assert call.missing == ("d-1",)
    assert not call.complete


def test_all_models_and_nobody_else_are_complete() -> None:
    assert of_models(["sender", "pv-1"], ["pv-1"], ["sender"]).complete


def test_a_model_that_nobody_planned_is_no_completeness() -> None:
    call = of_models(["pv-1", "pv-2", "heat-1"], ["pv-1"], [])
    assert call.unexpected == ("heat-1", "pv-2")
    assert not call.complete


def test_the_conductors_own_federates_are_nobodys() -> None:
    assert of_calculations([*OWN, PV, *HOME], EXPECTED, OWN).complete
    assert of_calculations([*OWN, PV, *HOME], EXPECTED, []).unexpected == ("dots_gate",)


def test_a_model_with_some_of_its_calculations_is_missing_and_partial() -> None:
    call = of_calculations([PV, HOME[0]], EXPECTED, OWN)
    assert call.joined == ("pv-1",)
    assert call.missing == ("home-1",)
    assert call.partial == {"home-1": (1, 2)}
    assert not call.complete


def test_a_model_with_more_calculations_than_planned_is_told_with_their_names() -> None:
    call = of_calculations([PV, "pv-1/extra", *HOME], EXPECTED, OWN)
    assert call.surplus == {"pv-1": ("pv-1/extra", PV)}
    assert call.joined == ("home-1",)
    assert call.missing == ()
    assert not call.complete


def test_too_many_of_one_do_not_make_up_for_too_few_of_another() -> None:
    assert not of_calculations([PV, "pv-1/extra", HOME[0]], EXPECTED, OWN).complete


def test_federates_that_fit_no_model_are_unexpected() -> None:
    strangers = ["pv-10/production", "pv-1", "pv-1x/production", "/production", "recorder"]
    call = of_calculations([PV, *HOME, *strangers], EXPECTED, OWN)
    assert call.unexpected == tuple(sorted(strangers))
    assert call.joined == ("pv-1", "home-1")


def test_a_name_that_is_reported_twice_counts_once() -> None:
    assert of_calculations([PV, PV, *HOME], EXPECTED, OWN).complete


def test_a_calculation_may_have_a_slash_in_its_name() -> None:
    assert of_calculations(["pv-1/a/b", *HOME], EXPECTED, OWN).complete
