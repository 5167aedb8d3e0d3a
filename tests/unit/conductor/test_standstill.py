from __future__ import annotations

from dots_cli.conductor.standstill import Standstill


def test_standing_still_is_spoken_of_less_and_less_often() -> None:
    still = Standstill(0.0)
    spoken = [tenth / 10 for tenth in range(1300) if still.due(tenth / 10)]
    assert spoken == [1, 2, 4, 8, 16, 32, 62, 92, 122]


def test_time_that_moves_starts_the_waiting_again() -> None:
    still = Standstill(0.0)
    assert still.saw(900.0, 5.0)
    assert not still.saw(900.0, 9.0)
    assert still.waited(9.0) == 4.0
    assert still.due(9.0)
    assert still.saw(1800.0, 10.0)
    assert not still.due(10.9)
    assert still.due(11.0)
