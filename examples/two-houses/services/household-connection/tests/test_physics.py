from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from household_connection_service.physics import SHAPE, balance, demand_power

MIDNIGHT = datetime(2024, 6, 21)


def test_a_year_adds_up_to_the_annual_consumption() -> None:
    day = [demand_power(3650.0, MIDNIGHT + timedelta(minutes=n)) for n in range(24 * 60)]
    assert sum(day) / len(day) * 24 * 365 / 1000 == pytest.approx(3650.0)


def test_the_shape_is_met_at_full_hours_and_joined_by_straight_lines() -> None:
    six, half_past, seven = (
        demand_power(3000.0, datetime(2024, 6, 21, *clock)) for clock in ((6, 0), (6, 30), (7, 0))
    )
    assert six / seven == pytest.approx(SHAPE[6] / SHAPE[7])
    assert half_past == pytest.approx((six + seven) / 2)


def test_the_last_hour_leads_to_the_first() -> None:
    assert demand_power(3000.0, datetime(2024, 6, 21, 23, 30)) == pytest.approx(
        (demand_power(3000.0, datetime(2024, 6, 21, 23)) + demand_power(3000.0, MIDNIGHT)) / 2
    )


def test_a_household_consumes_always_and_most_in_the_evening() -> None:
    day = [MIDNIGHT + timedelta(minutes=15 * n) for n in range(96)]
    assert min(demand_power(3000.0, t) for t in day) > 0.0
    assert 17 <= max(day, key=lambda t: demand_power(3000.0, t)).hour <= 20


def test_what_is_not_generated_is_drawn_and_a_surplus_fed_in() -> None:
    assert balance(500.0, [200.0]) == (200.0, 300.0)
    assert balance(500.0, [400.0, 300.0]) == (700.0, -200.0)
    assert balance(500.0, []) == (0.0, 500.0)


def test_the_order_of_the_panels_does_not_matter() -> None:
    powers = [0.1, 1e16, -1e16, 0.2]
    assert balance(1.0, powers) == balance(1.0, reversed(powers))
