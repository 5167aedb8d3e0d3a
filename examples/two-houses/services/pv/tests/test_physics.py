from __future__ import annotations

import pytest
from pv_service.physics import Installation, active_power, module_temperature

FOUR_KW = Installation(peak_power=4000.0, inverter_efficiency=1.0)


def test_under_standard_test_conditions_it_gives_its_peak_power() -> None:
    assert active_power(FOUR_KW, 1000.0, 298.15) == pytest.approx(4000.0)


def test_the_inverter_takes_its_share() -> None:
    lossy = Installation(4000.0, 0.95)
    assert active_power(lossy, 1000.0, 298.15) == pytest.approx(3800.0)


def test_each_kelvin_above_standard_costs_0_37_percent() -> None:
    assert active_power(FOUR_KW, 1000.0, 308.15) == pytest.approx(4000.0 * (1 - 0.037))


def test_a_module_is_at_45_degrees_where_its_data_sheet_says_so() -> None:
    assert module_temperature(800.0, 293.15) == pytest.approx(318.15)


def test_in_the_dark_it_is_as_warm_as_the_air_and_gives_exactly_nothing() -> None:
    assert module_temperature(0.0, 280.0) == 280.0
    assert active_power(FOUR_KW, 0.0, 280.0) == 0.0


def test_it_never_draws_power_however_hot() -> None:
    assert active_power(FOUR_KW, 1000.0, 700.0) == 0.0
