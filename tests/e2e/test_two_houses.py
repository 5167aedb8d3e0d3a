"""The example two-houses, run for real on both dialects, against formulas written differently.

What the services compute is compared with the sun of the Astronomical Almanac, turned as vectors,
and with the attributes of the ESDL file as plain XML; nothing of theirs is imported.
"""

from __future__ import annotations

import functools
import math
import os
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
import uv

from tests.conftest import Dots
from tests.support import parts, processes
from tests.support.two_houses import EXAMPLE, NEW, OLD, SERVICES, Results, Row, simulate

pytestmark = pytest.mark.slow

PYTHON = {
    "old": dict.fromkeys(SERVICES, OLD),
    "new": dict.fromkeys(SERVICES, NEW),
    "mixed": {"weather": NEW, "pv": OLD, "household-connection": NEW},
}
START = datetime(2024, 6, 21)
STEPS = 96
QUARTER = timedelta(minutes=15)
ROUNDING = 5.1e-4
"""The services publish three decimals."""
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

DONE: dict[str, Results] = {}
"""Runs that several tests look at, made once."""


@pytest.fixture(params=["old", "new", "mixed"])
def day(request: pytest.FixtureRequest, run_dots: Dots, tmp_path: Path) -> Results:
    """The example as it stands, with all services on the old dialect, the new one, and mixed."""
    return one_day(request.param, run_dots, tmp_path)


def one_day(kind: str, run_dots: Dots, folder: Path) -> Results:
    if kind not in DONE:
        DONE[kind] = simulate(run_dots, folder, python=PYTHON[kind])
    return DONE[kind]


# --- what is there ------------------------------------------------------------------------------


def test_each_model_speaks_the_dialect_of_its_interpreter(run_dots: Dots, tmp_path: Path) -> None:
    assert one_day("mixed", run_dots, tmp_path).dialects == {
        "weather-1": "new",
        "pv-1": "old",
        "pv-2": "old",
        "household-connection-1": "new",
    }


def test_every_object_has_a_row_at_every_step(day: Results) -> None:
    steps = [(START + n * QUARTER).isoformat() for n in range(1, STEPS + 1)]
    assert set(day.csv) == {"EConnection", "EnvironmentalProfiles", "PVInstallation"}
    for esdl_type in day.csv:
        assert {row["esdl_id"] for row in day.rows(esdl_type)} == {
            item.get("id") for item in assets(esdl_type)
        }
        for rows in by_object(day.rows(esdl_type)).values():
            assert [row["time"] for row in rows] == steps


def test_names_arrive_with_their_spaces_and_umlauts(day: Results) -> None:
    assert {row["esdl_name"] for row in day.rows("EConnection")} == {
        "Aansluiting Van Dijk",
        "Aansluiting Jürgens",
    }


# --- the sun ------------------------------------------------------------------------------------


def test_the_sun_is_that_of_the_astronomical_almanac(day: Results) -> None:
    for row in day.rows("EnvironmentalProfiles"):
        assert row["solar_irradiance"] == pytest.approx(clear_sky(utc_of(row)), abs=2.5)


def test_there_is_exactly_no_sun_at_night(day: Results) -> None:
    # A tenth of a degree from the horizon the two sets of formulas may disagree.
    night = {
        row["time"]
        for row in day.rows("EnvironmentalProfiles")
        if cosine_of_zenith(utc_of(row)) < -0.002
    }
    assert 28 <= len(night) <= 32  # 7.6 hours
    for esdl_type, output in (
        ("EnvironmentalProfiles", "solar_irradiance"),
        ("PVInstallation", "active_power"),
        ("EConnection", "generation_power"),
    ):
        values = [row[output] for row in day.rows(esdl_type) if row["time"] in night]
        assert values
        assert set(values) == {0.0}


def test_clouds_leave_a_quarter_of_a_clear_day(run_dots: Dots, tmp_path: Path) -> None:
    clear = one_day("old", run_dots, tmp_path)
    overcast = simulate(run_dots, tmp_path, "--set", "weather.CLOUD_COVER=1")
    for bright, dull in zip(
        clear.rows("EnvironmentalProfiles"), overcast.rows("EnvironmentalProfiles"), strict=True
    ):
        assert dull["solar_irradiance"] == pytest.approx(
            bright["solar_irradiance"] / 4, abs=ROUNDING
        )


def test_in_december_the_sun_is_low_and_the_air_cold(run_dots: Dots, tmp_path: Path) -> None:
    winter = simulate(run_dots, tmp_path, "--start", "2024-12-21 00:00:00")
    for row in winter.rows("EnvironmentalProfiles"):
        assert row["solar_irradiance"] == pytest.approx(clear_sky(utc_of(row)), abs=2.5)
        assert row["air_temperature"] == pytest.approx(air_at(row), abs=0.01)
    assert max(row["solar_irradiance"] for row in winter.rows("EnvironmentalProfiles")) < 250


# --- the air, the panels, the houses ------------------------------------------------------------


def test_the_air_warms_and_cools_once_a_day(day: Results) -> None:
    for row in day.rows("EnvironmentalProfiles"):
        assert row["air_temperature"] == pytest.approx(air_at(row), abs=0.01)


def test_the_panels_give_what_their_data_sheet_and_the_weather_say(day: Results) -> None:
    weather = {row["time"]: row for row in day.rows("EnvironmentalProfiles")}
    roofs = {str(item.get("id")): item for item in assets("PVInstallation")}
    for row in day.rows("PVInstallation"):
        sun = weather[row["time"]]["solar_irradiance"]
        air = weather[row["time"]]["air_temperature"]
        assert row["module_temperature"] == pytest.approx(air + sun / 32, abs=ROUNDING)
        assert row["active_power"] == pytest.approx(
            roof_power(roofs[row["esdl_id"]], sun, air), abs=ROUNDING
        )


def test_the_energy_balance_closes_at_every_step(day: Results) -> None:
    for row in day.rows("EConnection"):
        left = row["demand_power"] - row["generation_power"] - row["active_power"]
        assert abs(left) < 1e-9


def test_a_house_gets_what_its_own_panels_give(day: Results) -> None:
    panels = {(row["time"], row["esdl_id"]): row for row in day.rows("PVInstallation")}
    roof_of = {
        item.get("id"): house.find(f"asset[@{TYPE}='esdl:PVInstallation']")
        for house in assets("Building")
        for item in house.findall(f"asset[@{TYPE}='esdl:EConnection']")
    }
    for row in day.rows("EConnection"):
        roof = roof_of[row["esdl_id"]]
        assert roof is not None
        assert row["generation_power"] == panels[row["time"], roof.get("id")]["active_power"]


def test_a_day_is_a_365th_of_the_annual_consumption(day: Results) -> None:
    annual = {
        item.get("id"): float(profile.get("value", "nan"))
        for house in assets("Building")
        for item in house.findall(f"asset[@{TYPE}='esdl:EConnection']")
        for profile in house.iter("profile")
    }
    for connection, rows in by_object(day.rows("EConnection")).items():
        kwh = sum(row["demand_power"] for row in rows) * 0.25 / 1000
        assert kwh * 365 == pytest.approx(annual[connection], rel=1e-5)


# --- the same, however it is run ----------------------------------------------------------------


def test_both_dialects_and_a_mixture_give_the_same_bytes(run_dots: Dots, tmp_path: Path) -> None:
    old = one_day("old", run_dots, tmp_path).without_run()
    assert one_day("new", run_dots, tmp_path).without_run() == old
    assert one_day("mixed", run_dots, tmp_path).without_run() == old


@pytest.mark.parametrize("python", [OLD, NEW])
@pytest.mark.parametrize("models", [0, 1, 2])
def test_into_how_many_models_a_service_is_cut_changes_nothing(
    run_dots: Dots, tmp_path: Path, models: int, python: str
) -> None:
    cut = simulate(run_dots, tmp_path, python=python, models=dict.fromkeys(SERVICES, models))
    assert len(cut.dialects) == {0: 5, 1: 3, 2: 5}[models]
    assert cut.values() == one_day("old", run_dots, tmp_path).values()


@pytest.mark.parametrize("python", [OLD, NEW])
def test_a_week_has_every_step_of_every_day(run_dots: Dots, tmp_path: Path, python: str) -> None:
    week = simulate(run_dots, tmp_path, "--duration", "7d", python=python)
    for esdl_type in week.csv:
        for rows in by_object(week.rows(esdl_type)).values():
            assert len(rows) == 7 * STEPS


# --- the services by themselves -----------------------------------------------------------------


@pytest.mark.needs("index")
@pytest.mark.parametrize("python", [OLD, NEW])
def test_the_services_own_tests_pass(tmp_path: Path, python: str) -> None:
    parts.requires(f"python{python}")
    folders = [EXAMPLE / "services" / name for name in SERVICES]
    environment = dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": "1", "UV_SYSTEM_CERTS": "1"}
    interpreter = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    call = functools.partial(processes.run, timeout=300, env=environment)
    for command in (
        [uv.find_uv_bin(), "venv", "--quiet", "--python", python, tmp_path / "venv"],
        [
            uv.find_uv_bin(),
            "pip",
            "install",
            "--quiet",
            "--python",
            interpreter,
            *folders,
            "pytest",
        ],
    ):
        done = call([str(word) for word in command])
        assert done.returncode == 0, done.stderr
    for folder in folders:
        tests = call([str(interpreter), "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=folder)
        assert tests.returncode == 0, tests.stdout


# --- formulas of our own ------------------------------------------------------------------------


def cosine_of_zenith(utc: datetime) -> float:
    """The sun over the middle of the scenario: its direction times that of the zenith.

    Low-precision formulas of the Astronomical Almanac (page C24), good to 0.01 degrees.
    """
    days = (utc - datetime(2000, 1, 1, 12)) / timedelta(days=1)
    mean_longitude = math.radians(280.460 + 0.9856474 * days)
    anomaly = math.radians(357.528 + 0.9856003 * days)
    ecliptic = mean_longitude + math.radians(
        1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly)
    )
    obliquity = math.radians(23.439 - 0.0000004 * days)
    sun = (
        math.cos(ecliptic),
        math.cos(obliquity) * math.sin(ecliptic),
        math.sin(obliquity) * math.sin(ecliptic),
    )
    points = [house.find("geometry") for house in assets("Building")]
    places = [(float(p.get("lat", 0)), float(p.get("lon", 0))) for p in points if p is not None]
    latitude, longitude = (
        math.radians(sum(part) / len(places)) for part in zip(*places, strict=True)
    )
    sidereal = math.radians(280.46062 + 360.98564737 * days) + longitude
    zenith = (
        math.cos(latitude) * math.cos(sidereal),
        math.cos(latitude) * math.sin(sidereal),
        math.sin(latitude),
    )
    return sum(a * b for a, b in zip(sun, zenith, strict=True))


def clear_sky(utc: datetime) -> float:
    """W/m2 after Haurwitz, as what is left of a beam that passes `mass` atmospheres."""
    cosine = cosine_of_zenith(utc)
    if cosine <= 0.0:
        return 0.0
    mass = 1.0 / cosine
    return 1098.0 / mass * math.pow(0.942707, mass)


def air_at(row: Row) -> float:
    """K: half-way between afternoon and night at 9:00 and 21:00, between seasons in April."""
    local = datetime.fromisoformat(row["time"])
    turned = 2 * math.pi * (local - datetime(local.year, 1, 1)) / timedelta(days=365)
    year = math.sin(turned - 2 * math.pi * (205 - 365 / 4) / 365)
    clock = math.sin(2 * math.pi * (local - datetime(local.year, 1, 1, 9)) / timedelta(days=1))
    return 283.65 + 7.4 * year + 5.0 * clock


def roof_power(roof: ElementTree.Element, sun: float, air: float) -> float:
    """W: from the efficiency of the whole at that temperature."""
    given = {key: float(roof.get(key, 0)) for key in ("power", "surfaceArea", "panelEfficiency")}
    square_metres = given["power"] / 1000 or given["surfaceArea"] * given["panelEfficiency"]
    above_25 = air - 298.15 + sun / 32
    return (
        square_metres
        * sun
        * (100 - 0.37 * above_25)
        / 100
        * float(roof.get("inverterEfficiency", 1))
    )


def utc_of(row: Row) -> datetime:
    """The example's clock is two hours ahead."""
    return datetime.fromisoformat(row["time"]) - timedelta(hours=2)


def by_object(rows: list[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row["esdl_id"]].append(row)
    return found


@functools.cache
def assets(esdl_type: str) -> list[ElementTree.Element]:
    """Elements of that ESDL class, from the plain XML."""
    system = ElementTree.parse(EXAMPLE / "scenario.esdl").getroot()
    return [item for item in system.iter() if item.get(TYPE) == f"esdl:{esdl_type}"]
