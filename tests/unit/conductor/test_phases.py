"""What phase 1 hands out and learns, and where phase 2 finds its ports."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from dots_cli.conductor.failure import Failure
from dots_cli.conductor.phase1 import Spoken, esdl_parts, spoken_by
from dots_cli.conductor.phase2 import check_ports, first_core_port
from dots_cli.conductor.settings import Model
from tests.unit.conductor import made

SENDER = "broker_initialization_federate/broker_endpoint_amount_of_calculations"
UNDECLARED = replace(made.PV, calculations=None)
OLD = [SENDER, "pv-1/esdl"]
NEW = [SENDER, "pv-1/esdl", "pv-1/pv-1"]


def parts_of(folder: Path, content: bytes) -> list[bytes]:
    path = folder / "szenario süß.esdl"
    path.write_bytes(content)
    return esdl_parts(made.settings(esdl=path))


def test_a_small_scenario_is_one_part(tmp_path: Path) -> None:
    content = '<?xml version="1.0"?>\r\n<esdl name="Überall"/>\n'.encode()
    (part,) = parts_of(tmp_path, content)
    assert base64.b64decode(part, validate=True) == content


@pytest.mark.parametrize(
    ("size", "lengths"),
    [
        (7_500_000, [10_000_000]),
        (7_500_001, [10_000_000, 4]),
        (15_000_001, [10_000_000, 10_000_000, 4]),
    ],
)
def test_a_large_scenario_is_cut_into_parts_of_ten_million_characters(
    tmp_path: Path, size: int, lengths: list[int]
) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    parts = parts_of(tmp_path, content[:size])
    assert [len(part) for part in parts] == lengths
    assert base64.b64decode(b"".join(parts), validate=True) == content[:size]


def test_a_byte_order_mark_is_not_handed_out(tmp_path: Path) -> None:
    (part,) = parts_of(tmp_path, b"\xef\xbb\xbf<esdl/>")
    assert base64.b64decode(part) == b"<esdl/>"


def test_a_scenario_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"ESDL file cannot be read.*nothing\.esdl") as caught:
        esdl_parts(made.settings(esdl=tmp_path / "nothing.esdl"))
    assert caught.value.kind == "internal"


def test_an_old_model_has_the_number_that_was_declared() -> None:
    assert spoken_by(made.settings(replace(made.PV, calculations=3)), OLD, {}) == {
        "pv-1": Spoken("old", 3)
    }


def test_a_new_model_has_the_number_that_it_reports() -> None:
    told = made.settings(UNDECLARED)
    assert spoken_by(told, NEW, {"pv-1/pv-1": "2"}) == {"pv-1": Spoken("new", 2)}


def test_a_new_model_may_be_declared_with_the_number_that_it_reports() -> None:
    told = made.settings(made.PV)
    assert spoken_by(told, NEW, {"pv-1/pv-1": "1"}) == {"pv-1": Spoken("new", 1)}


def test_a_new_model_that_has_not_reported_has_the_number_that_was_declared() -> None:
    assert spoken_by(made.settings(made.PV), NEW, {}) == {"pv-1": Spoken("new", 1)}


def test_a_report_alone_shows_that_a_model_is_new() -> None:
    told = made.settings(UNDECLARED)
    assert spoken_by(told, [], {"pv-1/pv-1": "1"}) == {"pv-1": Spoken("new", 1)}


def test_old_and_new_models_are_told_apart_in_one_federation() -> None:
    endpoints = ["home-1/esdl", *NEW]
    told = made.settings(UNDECLARED, made.HOME)
    assert spoken_by(told, endpoints, {"pv-1/pv-1": "1"}) == {
        "pv-1": Spoken("new", 1),
        "home-1": Spoken("old", 2),
    }


def test_somebody_elses_report_is_not_taken_for_a_models_own() -> None:
    with pytest.raises(Failure, match="not known"):
        spoken_by(made.settings(UNDECLARED), OLD, {"pv-10/pv-10": "1", "pv-1/esdl": "4"})


def test_numbers_that_nobody_knows_are_asked_for_by_service() -> None:
    models = (
        UNDECLARED,
        Model("pv-2", "pv", "PVInstallation", None),
        Model("heat-1", "heat", "HeatPump", None),
        made.HOME,
    )
    with pytest.raises(Failure) as caught:
        spoken_by(made.settings(*models), [f"{model.id}/esdl" for model in models], {})
    assert (caught.value.kind, caught.value.models) == ("calculations", ["pv-1", "pv-2", "heat-1"])
    assert "of the services heat, pv is not known" in caught.value.message
    assert "`calculations: n` at the services heat, pv in the service" in caught.value.hint


def test_a_number_that_disagrees_with_the_declared_one_is_told_with_the_right_one() -> None:
    told = made.settings(made.PV, made.HOME)
    reported = {"pv-1/pv-1": "2", "home-1/home-1": "2"}
    with pytest.raises(Failure) as caught:
        spoken_by(told, NEW, reported)
    assert (caught.value.kind, caught.value.models) == ("calculations", ["pv-1"])
    assert caught.value.message == (
        "pv-1 has 2 calculations, but the service pv is declared with 1 calculation"
    )
    assert "Write `calculations: 2` at the service pv" in caught.value.hint


def test_a_wrong_number_comes_before_a_missing_one() -> None:
    told = made.settings(UNDECLARED, made.HOME)
    with pytest.raises(Failure, match="home-1 has 1 calculation, but"):
        spoken_by(told, [], {"home-1/home-1": "1"})


@pytest.mark.parametrize("text", ["", "two", "1.5"])
def test_a_report_that_is_no_number_is_shown(text: str) -> None:
    with pytest.raises(Failure) as caught:
        spoken_by(made.settings(UNDECLARED), NEW, {"pv-1/pv-1": text})
    assert (caught.value.kind, caught.value.models) == ("calculations", ["pv-1"])
    assert f"pv-1 reported {text!r}" in caught.value.message


def many(number: int) -> tuple[Model, ...]:
    return tuple(Model(f"pv-{n}", "pv", "PVInstallation", 1) for n in range(number))


@pytest.mark.parametrize("number", [1, 30, 31, 40, 200])
def test_ports_of_phase_2_lie_behind_those_of_phase_1(number: int) -> None:
    of_phase_1 = 10 + number + 2  # the conductor's own: the sender and the decoy
    assert first_core_port(made.settings(*many(number))) >= max(50, of_phase_1)


def test_a_block_is_used_to_its_last_port_and_no_further() -> None:
    told = made.settings()
    check_ports(told, 47)
    with pytest.raises(Failure) as caught:
        check_ports(told, 48)
    assert caught.value.kind == "broker"
    assert caught.value.message == "48 calculations need 101 ports, 100 are reserved"
    assert "models: n" in caught.value.hint


def test_who_has_not_declared_calculations_is_told_to_where_ports_run_out() -> None:
    told = made.settings(UNDECLARED, made.HOME, replace(UNDECLARED, id="pv-2"))
    with pytest.raises(Failure) as caught:
        check_ports(told, 48)
    assert (caught.value.kind, caught.value.models) == ("calculations", ["pv-1", "pv-2"])
    assert "`calculations: n` at the service pv" in caught.value.hint


def test_more_models_leave_fewer_ports_to_calculations() -> None:
    told = made.settings(*many(60), ports=200)
    check_ports(told, 117)
    with pytest.raises(Failure, match="118 calculations need 201 ports"):
        check_ports(told, 118)


def test_in_a_container_nobody_else_has_the_ports() -> None:
    check_ports(made.settings(host="0.0.0.0"), 1000)
