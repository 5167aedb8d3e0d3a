"""A model is gone when its name has lost its address, not before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from dots_cli.conductor.failure import Failure
from dots_cli.conductor.presence import MISSES, address, watch_over

HERE = "10.0.0.2"


def script(**answers: Iterable[str | None]) -> tuple[Callable[[str], str | None], Iterator[None]]:
    """A name service that gives these answers in turn, and `over` once they are used up."""
    left = {name: list(given) for name, given in answers.items()}
    return lambda name: left[name].pop(0), iter([None] * min(map(len, left.values())))


def watch(**answers: Iterable[str | None]) -> None:
    look_up, rounds = script(**answers)
    watch_over(
        list(answers),
        lambda: next(rounds, "over") == "over",
        look_up=look_up,
        wait=lambda: None,
    )


def test_a_model_that_lost_its_address_has_ended() -> None:
    with pytest.raises(Failure, match="pv-1 has ended before the end") as failure:
        watch(**{"pv-1": [HERE] + [None] * 9, "weather-1": [HERE] * 10})
    assert (failure.value.kind, failure.value.models) == ("early", ["pv-1"])


def test_all_that_are_gone_are_named() -> None:
    with pytest.raises(Failure, match="pv-1, pv-2 have ended") as failure:
        watch(**{"pv-1": [HERE] + [None] * 9, "pv-2": [HERE] + [None] * 9})
    assert failure.value.models == ["pv-1", "pv-2"]


def test_an_address_that_became_somebody_elses_is_lost() -> None:
    with pytest.raises(Failure):
        watch(**{"pv-1": [HERE] + ["192.0.2.1"] * 9})


def test_an_answer_that_got_lost_is_no_end() -> None:
    watch(**{"pv-1": [HERE, *[None] * (MISSES - 1), HERE] * 3})


def test_a_model_that_never_had_an_address_says_nothing() -> None:
    watch(**{"pv-1": [None] * 10})


def test_nobody_is_missed_at_the_end() -> None:
    watch(**{"pv-1": [HERE, *[None] * (MISSES - 1)]})


def test_a_model_whose_id_is_too_long_for_a_host_name_has_no_address() -> None:
    assert address("a" * 64) is None
