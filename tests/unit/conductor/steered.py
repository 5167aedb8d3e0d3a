"""A watch over a broker whose time the test sets."""

from __future__ import annotations

import math
from typing import Any

from dots_cli.conductor.settings import Limits
from dots_cli.conductor.watch import STEP_EDGE, Watch
from dots_cli.conductor.whereabouts import Times
from tests.unit.conductor import made

DAY = 86_400.0
OWN = ("dots_gate",)
START = 1000.0


class Stand:
    """Stands for a gate: its time is set by the test, its barrier by the watch."""

    def __init__(self) -> None:
        self.reached = 0.0
        self.barrier = math.inf
        self.gone: list[str] = []

    def time(self) -> float:
        return self.reached

    def set_barrier(self, at: float) -> None:
        self.barrier = at

    def clear_barrier(self) -> None:
        self.barrier = math.inf

    @property
    def held(self) -> bool:
        return self.reached + STEP_EDGE >= self.barrier

    def left(self) -> list[str]:
        return self.gone


class Scene:
    """A watch, what it says and asks, and the time since the start."""

    def __init__(self, *, step: float = 300.0, join: float = 60.0, **more: Any) -> None:
        self.said = made.Listener()
        self.asked = 0
        self.asked_silent = 0
        self.now = START
        self.broker = Stand()
        self.allowed_to_leave = False
        told = made.settings(limits=Limits(join, step), **more)
        self.watch = Watch(told, OWN, self._ask, self._ask_silent, self.said)

    def _ask(self, number: int) -> None:
        assert number == self.asked + 1
        self.asked = number

    def _ask_silent(self) -> None:
        self.asked_silent += 1

    def begin(self) -> Scene:
        self.watch.begin(self.broker, self.now)
        return self

    def at(self, waited: float) -> Scene:
        self.now = START + waited
        return self

    def tick(self, waited: float, reached: float | None = None) -> None:
        """Look, so many seconds after the start."""
        self.at(waited)
        if reached is not None:
            self.broker.reached = reached
        self.watch.tick(self.now, lambda: not self.allowed_to_leave)

    def answer(self, *holders: str, latest: float) -> None:
        self.watch.answered(self.asked, Times(holders, latest), self.now)

    def quiet_at(self, waited: float, reached: float) -> None:
        """Look; the question that is then put is answered with: nobody computes."""
        before = self.asked
        self.tick(waited, reached)
        assert self.asked == before + 1
        self.answer(latest=reached)
