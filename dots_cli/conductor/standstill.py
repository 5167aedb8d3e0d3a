"""How long simulated time has stood still, on the clock on the wall."""

from __future__ import annotations


class Standstill:
    """For how long the same simulated time has been seen, and when to speak of it."""

    def __init__(self, now: float) -> None:
        self._value: float | None = None
        self._since = now
        self._spoken = 0.0

    def saw(self, value: float, now: float) -> bool:
        """Take note of simulated time; whether it has moved."""
        if value == self._value:
            return False
        self._value = value
        self.forget(now)
        return True

    def forget(self, now: float) -> None:
        """Start counting again: time was not expected to move."""
        self._since = now
        self._spoken = 0.0

    def waited(self, now: float) -> float:
        """Seconds of standing still."""
        return now - self._since

    def due(self, now: float) -> bool:
        """Whether it is time to say so: after a second, then less and less often."""
        waited = self.waited(now)
        if waited < 1.0 or waited < self._spoken + min(30.0, self._spoken):
            return False
        self._spoken = waited
        return True
