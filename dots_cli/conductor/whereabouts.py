"""Where the federates of a simulation are: read from what the broker answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .failure import Failure
from .roll_call import model_of


@dataclass(frozen=True)
class Times:
    """Where the federates are: who computes now, and the latest time granted to anybody."""

    holders: tuple[str, ...]
    latest: float


def times(answer: Iterable[Mapping[str, Any]], own: Iterable[str]) -> Times:
    """From the broker's `ask_times`, without the conductor's own federates."""
    names = set(own)
    others = [federate for federate in answer if federate["name"] not in names]
    return Times(
        holders=tuple(sorted(f["name"] for f in others if f["granted_mode"])),
        latest=max([0.0, *(float(f["granted"]) for f in others)]),
    )


def left_early(left: Iterable[str], own: Iterable[str]) -> Failure | None:
    """The failure of federates that are no longer there, though nobody may leave yet."""
    gone = sorted(set(left).difference(own))
    if not gone:
        return None
    return Failure(
        "early",
        f"{', '.join(gone)} left the federation before the simulated end",
        "Look at the end of its log.",
        sorted({model_of(name) for name in gone}),
    )
