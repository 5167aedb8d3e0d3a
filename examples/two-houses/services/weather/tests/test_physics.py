from __future__ import annotations

from datetime import datetime, timedelta
from math import acos, degrees, exp

import pytest
from weather_service.physics import (
    air_temperature,
    clear_sky_irradiance,
    cosine_of_zenith,
    through_clouds,
)

EINDHOVEN = (51.44, 5.42)


def a_day(day: datetime, step: timedelta = timedelta(minutes=1)) -> list[datetime]:
    return [day + n * step for n in range(int(timedelta(days=1) / step))]


@pytest.mark.parametrize(
    ("day", "noon", "elevation"),
    [  # noon in UTC and the sun's elevation then, from the Astronomical Almanac's formulas
        (datetime(2024, 3, 20), "11:46", 38.6),
        (datetime(2024, 6, 21), "11:40", 62.0),
        (datetime(2024, 9, 22), "11:31", 38.7),
        (datetime(2024, 12, 21), "11:36", 15.1),
    ],
)
def test_the_sun_culminates_when_and_where_it_does(
    day: datetime, noon: str, elevation: float
) -> None:
    highest = max(a_day(day), key=lambda utc: cosine_of_zenith(utc, *EINDHOVEN))
    expected = datetime.combine(day, datetime.strptime(noon, "%H:%M").time())
    assert abs(highest - expected) <= timedelta(minutes=2)
    zenith = degrees(acos(cosine_of_zenith(highest, *EINDHOVEN)))
    assert 90.0 - zenith == pytest.approx(elevation, abs=0.3)


def test_the_sun_rises_and_sets_when_it_does_on_the_longest_day_in_eindhoven() -> None:
    # Summer time says 05:21 and 21:58: refraction and the size of the disc, left out here,
    # keep the sun up some seven minutes longer at either end.
    light = [t for t in a_day(datetime(2024, 6, 21)) if cosine_of_zenith(t, *EINDHOVEN) > 0.0]
    assert abs(light[0] - datetime(2024, 6, 21, 3, 28)) <= timedelta(minutes=3)
    assert abs(light[-1] - datetime(2024, 6, 21, 19, 53)) <= timedelta(minutes=3)


def test_there_is_exactly_no_sun_at_night() -> None:
    assert clear_sky_irradiance(0.0) == 0.0
    assert clear_sky_irradiance(-0.3) == 0.0
    assert clear_sky_irradiance(1e-9) == 0.0


def test_a_sun_overhead_gives_what_haurwitz_says() -> None:
    assert clear_sky_irradiance(1.0) == pytest.approx(1098.0 * exp(-0.059))


def test_irradiance_grows_with_elevation() -> None:
    values = [clear_sky_irradiance(n / 100.0) for n in range(1, 101)]
    assert values == sorted(values)


@pytest.mark.parametrize(("cover", "left"), [(0.0, 1.0), (0.5, 0.929), (1.0, 0.25)])
def test_clouds_take_what_kasten_and_czeplak_say(cover: float, left: float) -> None:
    assert through_clouds(800.0, cover) == pytest.approx(800.0 * left, rel=1e-3)


def test_it_is_warmest_at_three_and_coldest_twelve_hours_before() -> None:
    day = a_day(datetime(2024, 6, 21), timedelta(minutes=15))
    assert max(day, key=air_temperature).hour == 15
    assert min(day, key=air_temperature).hour == 3


def test_summer_and_winter_are_those_of_the_netherlands() -> None:
    def mean(day: datetime) -> float:
        hours = a_day(day, timedelta(hours=1))
        return sum(air_temperature(hour) for hour in hours) / len(hours) - 273.15

    assert mean(datetime(2024, 7, 24)) == pytest.approx(17.9, abs=0.2)
    assert mean(datetime(2024, 1, 23)) == pytest.approx(3.1, abs=0.2)
