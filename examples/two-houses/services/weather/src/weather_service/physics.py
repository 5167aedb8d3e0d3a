"""Where the sun stands, what reaches the ground of it, and how warm the air is."""

from __future__ import annotations

from datetime import datetime
from math import cos, exp, pi, radians, sin

DAY = 24.0
YEAR = 365.0

MEAN_OF_YEAR = 283.65
"""K, 10.5 degC: about the annual mean of De Bilt, 1991 to 2020 (KNMI climate normals)."""
SEASON_AMPLITUDE = 7.4
"""K, half the difference between the warmest and the coldest month there."""
WARMEST_DAY = 205.0
"""Day of the year, late in July."""
DAY_AMPLITUDE = 5.0
"""K, half the difference between a clear afternoon and the night before it."""
WARMEST_HOUR = 15.0
"""Hour of the local clock."""


def cosine_of_zenith(utc: datetime, latitude: float, longitude: float) -> float:
    """Cosine of the sun's zenith angle, between -1 and 1; negative at night.

    `utc` without a zone, `latitude` in degrees north, `longitude` in degrees east. Refraction is
    left out. Declination and equation of time are the Fourier series of J. W. Spencer, "Fourier
    series representation of the position of the sun", Search 2 (1971) 172, in the form of NOAA's
    "General Solar Position Calculations"; they hold within some 0.05 degrees and half a minute.
    """
    hour = utc.hour + utc.minute / 60.0 + (utc.second + utc.microsecond / 1e6) / 3600.0
    day = utc.timetuple().tm_yday - 1 + (hour - 12.0) / DAY
    g = 2.0 * pi * day / YEAR
    declination = (
        0.006918
        - 0.399912 * cos(g)
        + 0.070257 * sin(g)
        - 0.006758 * cos(2 * g)
        + 0.000907 * sin(2 * g)
        - 0.002697 * cos(3 * g)
        + 0.00148 * sin(3 * g)
    )
    equation_of_time = 229.18 * (  # minutes
        0.000075
        + 0.001868 * cos(g)
        - 0.032077 * sin(g)
        - 0.014615 * cos(2 * g)
        - 0.040849 * sin(2 * g)
    )
    true_solar_minutes = hour * 60.0 + equation_of_time + 4.0 * longitude
    hour_angle = radians(true_solar_minutes / 4.0 - 180.0)
    phi = radians(latitude)
    return sin(phi) * sin(declination) + cos(phi) * cos(declination) * cos(hour_angle)


def clear_sky_irradiance(cosine: float) -> float:
    """Global horizontal irradiance under a clear sky in W/m2; exactly 0 without sun.

    `cosine` is that of the sun's zenith angle. B. Haurwitz, "Insolation in relation to cloudiness
    and cloud density", Journal of Meteorology 2 (1945) 154-166, with the constants in W/m2 that
    pvlib uses.
    """
    if cosine <= 0.0:
        return 0.0
    return 1098.0 * cosine * exp(-0.059 / cosine)


def through_clouds(clear_sky: float, cover: float) -> float:
    """What is left of `clear_sky` (W/m2) when clouds cover the share `cover` (0 to 1) of the sky.

    F. Kasten and G. Czeplak, "Solar and terrestrial radiation dependent on the amount and type of
    cloud", Solar Energy 24 (1980) 177-189.
    """
    return clear_sky * (1.0 - 0.75 * cover**3.4)


def air_temperature(local: datetime) -> float:
    """Air temperature in K: one sinusoid over the year, one over the day; no weather in it.

    `local` is the local clock.
    """
    hour = local.hour + local.minute / 60.0 + local.second / 3600.0
    day = local.timetuple().tm_yday - 1 + hour / DAY
    season = SEASON_AMPLITUDE * cos(2.0 * pi * (day - WARMEST_DAY) / YEAR)
    return MEAN_OF_YEAR + season + DAY_AMPLITUDE * cos(2.0 * pi * (hour - WARMEST_HOUR) / DAY)
