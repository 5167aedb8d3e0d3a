"""What the conductor is told, and what it makes of something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dots_cli.conductor.failure import Failure
from dots_cli.conductor.settings import KEY_VARIABLE, Limits, Model, read
from tests.unit.conductor import made

KEY = {KEY_VARIABLE: "secret"}
TOLD: dict[str, Any] = {
    "format": 1,
    "esdl": "folder with spaces/scenario.esdl",
    "duration": 3600,
    "host": "127.0.0.1",
    "port": 20_000,
    "ports": 940,
    "models": [
        {"id": "pv-1", "service": "pv", "esdl_type": "PVInstallation", "calculations": None},
        {"id": "home-1", "service": "home", "esdl_type": "EConnection", "calculations": 2},
    ],
    "limits": {"join": 60, "step": 1.5},
    "pause_at": 900,
    "unserved": ["EnvironmentalProfiles"],
}
MODEL = TOLD["models"][0]


def file(folder: Path, data: object) -> Path:
    path = folder / "settings.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_everything_that_was_told_is_there(tmp_path: Path) -> None:
    told = read(file(tmp_path, TOLD), KEY)
    assert told.esdl == Path("folder with spaces/scenario.esdl")
    assert (told.duration, told.port, told.ports, told.key) == (3600, 20_000, 940, "secret")
    assert told.models == (
        Model("pv-1", "pv", "PVInstallation", None),
        Model("home-1", "home", "EConnection", 2),
    )
    assert told.limits == Limits(60.0, 1.5)
    assert told.pause_at == 900.0
    assert told.unserved == ("EnvironmentalProfiles",)


def test_what_may_be_left_out_has_a_meaning(tmp_path: Path) -> None:
    few = {name: TOLD[name] for name in TOLD if name not in ("ports", "pause_at", "unserved")}
    few["models"] = [{name: MODEL[name] for name in ("id", "service", "esdl_type")}]
    told = read(file(tmp_path, few), KEY)
    assert (told.ports, told.pause_at, told.unserved) == (100, None, ())
    assert told.models[0].calculations is None


def test_a_pause_at_the_very_start_is_not_taken_for_none(tmp_path: Path) -> None:
    assert read(file(tmp_path, TOLD | {"pause_at": 0}), KEY).pause_at == 0.0


def test_a_file_with_a_byte_order_mark_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(TOLD), encoding="utf-8-sig")
    assert read(path, KEY).duration == 3600


@pytest.mark.parametrize(("host", "outside"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_the_address_tells_whether_models_come_from_outside(
    tmp_path: Path, host: str, outside: bool
) -> None:
    assert read(file(tmp_path, TOLD | {"host": host}), KEY).in_container is outside


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"format": 2}, "format 2 is not 1"),
        ({"models": []}, "there are no models"),
        ({"models": [MODEL, MODEL]}, "two models have the same id"),
        ({"models": [{"id": "pv-1"}]}, "service"),
        ({"models": ["pv-1"]}, "does not hold settings"),
        ({"models": None}, "does not hold settings"),
        ({"limits": {"join": 60}}, "step"),
        ({"limits": None}, "does not hold settings"),
        ({"duration": "a day"}, "a day"),
        ({"duration": float("inf")}, "does not hold settings"),
        ({"port": None}, "does not hold settings"),
        ({"pause_at": "noon"}, "noon"),
        ({"esdl": None}, "does not hold settings"),
    ],
)
def test_wrong_settings_are_told_with_the_file_and_what_is_wrong(
    tmp_path: Path, wrong: dict[str, object], told: str
) -> None:
    path = file(tmp_path, TOLD | wrong)
    with pytest.raises(Failure) as caught:
        read(path, KEY)
    assert caught.value.kind == "internal"
    assert str(path) in caught.value.message
    assert told in caught.value.message


@pytest.mark.parametrize("name", ["format", "esdl", "duration", "host", "port", "models", "limits"])
def test_a_setting_that_is_left_out_is_named(tmp_path: Path, name: str) -> None:
    path = file(tmp_path, {other: TOLD[other] for other in TOLD if other != name})
    with pytest.raises(Failure, match=name):
        read(path, KEY)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"3", b'"format"', b"\xff\xfe{}"])
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    with pytest.raises(Failure, match="does not hold settings"):
        read(path, KEY)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read") as caught:
        read(tmp_path / "nothing.json", KEY)
    assert "nothing.json" in caught.value.message


@pytest.mark.parametrize("environ", [{}, {KEY_VARIABLE: ""}])
def test_without_a_key_nobody_is_conducted(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(Failure, match=KEY_VARIABLE):
        read(file(tmp_path, TOLD), environ)


def test_a_model_is_found_by_its_id() -> None:
    assert made.settings().model("home-1") is made.HOME


def test_a_model_that_nobody_planned_is_not_found() -> None:
    with pytest.raises(KeyError, match="heat-1"):
        made.settings().model("heat-1")
