"""Finds out what a calculation misses that takes all its inputs from types without a service.

Such a calculation has no inputs at all in the federation (see docs/protocol.md: a model is told the
ESDL types that have a service), so the conductor can only say that it would never compute. Before
the run ends for that, its models are started once more, told of every ESDL type of the scenario:
now they subscribe, and the check of the wiring names what nobody publishes. No time is simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dots_cli.plan.model import Plan
from dots_cli.runtime.base import Runtime, Sounding

PATIENCE = 60.0
"""Seconds that the models have to join once more."""


Complaint = Mapping[str, Any]
"""A line of the conductor: what failed, of whom, and what to do."""


class Sounder:
    """The sounding of one run. While it `is_on`, ends of models say nothing about the run."""

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        self._plan = plan
        self._runtime = runtime
        self._complaint: Complaint = {}
        self._started = False
        self._deadline = 0.0
        self.is_on = False

    def begin(self, complaint: Complaint, running: Mapping[str, str], now: float) -> bool:
        """End the federation in order to sound; False where there is nothing to be learnt."""
        if self._complaint or self._plan.external or not self._plan.unserved:
            return False
        self._complaint = complaint
        self._deadline = now + PATIENCE
        self.is_on = True
        self._runtime.kill(workers(running))
        return True

    def go_on(self, running: Mapping[str, str], now: float) -> Complaint | None:
        """Start the sounding once everybody has left; the first complaint if it takes too long."""
        if not self.is_on:
            return None
        if now > self._deadline:
            return self._end(self._complaint)
        if not self._started and not workers(running):
            self._started = True
            models = tuple(str(model) for model in self._complaint["models"])
            self._runtime.start_federation(Sounding(models, self._plan.unserved))
        return None

    def hear(self, said: Complaint) -> Complaint | None:
        """What the conductor of the sounding says; a complaint if that ends it."""
        if not self._started:
            return None
        if said.get("event") == "failed":
            return self._end(said if said.get("kind") == "wiring" else self._complaint)
        return self._end(self._complaint) if said.get("event") == "wired" else None

    def conductor_ended(self) -> Complaint | None:
        """The conductor is gone; the first complaint if it has not said why."""
        return self._end(self._complaint) if self._started else None

    def _end(self, complaint: Complaint) -> Complaint:
        self.is_on = False
        return complaint


def workers(running: Mapping[str, str]) -> list[str]:
    """Conductor and models among what runs, role by name."""
    return sorted(name for name, role in running.items() if role != "store")
