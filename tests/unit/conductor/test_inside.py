"""Nothing of HELICS is freed while somebody is inside it."""

from __future__ import annotations

import threading

import pytest

from dots_cli.conductor.failure import Ended
from dots_cli.conductor.inside import Inside


def test_it_closes_at_once_where_nobody_is_inside() -> None:
    inside = Inside()
    with inside(), inside():
        pass
    assert inside.close(0.0)


def test_nobody_comes_in_any_more_once_it_is_closed() -> None:
    inside = Inside()
    assert inside.close(0.0)
    with pytest.raises(Ended), inside():
        raise AssertionError("inside")


def test_it_is_not_closed_to_those_who_are_inside() -> None:
    inside = Inside()
    with inside():
        assert not inside.close(0.01)


def test_it_waits_for_those_who_are_inside_also_where_they_fail() -> None:
    inside = Inside()
    entered, leave = threading.Event(), threading.Event()

    def visit() -> None:
        with pytest.raises(RuntimeError), inside():
            entered.set()
            leave.wait(10)
            raise RuntimeError

    visitor = threading.Thread(target=visit)
    visitor.start()
    assert entered.wait(10)
    assert not inside.close(0.01)
    leave.set()
    assert inside.close(10)
    visitor.join()
