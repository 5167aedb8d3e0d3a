"""Holds a run to the limits that its supervisor can see: the whole run, and the writing at its end.

Joining and single steps are the conductor's to watch, which knows who is missing. It speaks while
it waits, too: only one that hangs is silent for longer than these limits.
"""

from __future__ import annotations

from dots_cli.plan.model import Plan
from dots_cli.runtime.base import Runtime
from dots_cli.runtime.verdict import Judge

LOOK_EVERY = 1.0
SILENCE = 5.0
"""How much later than the conductor itself its silence is noticed, in seconds."""
SELDOM = 60.0
"""A conductor that only waits speaks every 30 seconds at least."""
RECENTLY = 5.0
"""Seconds for which a model that was seen at work counts as working."""
UNSEEN = 10.0
"""Seconds for an external model to write where its process cannot be seen."""
WORKS = 0.02
"""CPU seconds a second from which on a process works."""


class Watchdog:
    """Tells the judge what has passed its limit. `now` is a monotonic clock, in seconds."""

    def __init__(self, plan: Plan, runtime: Runtime, judge: Judge, now: float) -> None:
        self._plan = plan
        self._runtime = runtime
        self._judge = judge
        self._begin = now
        self._paused_at: float | None = None
        self._worked: dict[str, tuple[float, float]] = {}
        self._active = -RECENTLY
        self._spoken: tuple[float, float] | None = None

    def conductor_spoke(self, now: float, *, executing: bool) -> None:
        """The conductor has said something, while models join or while they simulate."""
        limits = self._plan.limits
        patience = limits.step if executing else limits.join
        # Waiting for somebody without a limit, it speaks less and less often.
        self._spoken = (now, max(patience, SELDOM) if self._plan.external else patience)

    def paused(self, now: float) -> None:
        """Somebody holds the run: that time does not count."""
        if self._paused_at is None:
            self._paused_at = now

    def resumed(self, now: float) -> None:
        """The run goes on."""
        if self._paused_at is not None:
            self._begin += now - self._paused_at
            self._paused_at = None
            if self._spoken:
                self._spoken = (now, self._spoken[1])

    def look(self, simulated: float, now: float) -> None:
        """Decide what is over its limit; `simulated` seconds are reached."""
        if self._judge.verdict is not None:
            return
        limit = self._plan.limits.run
        if self._paused_at is None and not self._plan.external and now - self._begin > limit:
            where = f"simulated {simulated:.0f} s of {self._plan.simulation.duration} s"
            self._judge.run_took_too_long(limit, where)
        elif self._judge.simulation_ended:
            self._look_at_writers(now)
        elif self._paused_at is None and self._spoken:
            silent = now - self._spoken[0]
            if silent > self._spoken[1] + SILENCE:
                self._judge.conductor_hangs(silent)

    def _look_at_writers(self, now: float) -> None:
        """A model that neither ends nor works after the end of the simulation has failed.

        As long as the federation stands, it may wait for another one's last step.
        """
        held = bool(self._plan.external) or now - self._active < RECENTLY
        held = held and not self._judge.conductor_ended
        for name in sorted(self._judge.running):
            if name in self._plan.external:
                self._look_at_external(name, now)
                continue
            since, seen = self._worked.get(name, (now, -1.0))
            if seen >= 0 and now - since < LOOK_EVERY:
                continue
            activity = self._runtime.activity(name)
            # Processes that it started count while they live: some that have ended are activity.
            works = seen >= 0 and (activity < seen or activity - seen > WORKS * (now - since))
            if works:
                self._active = now
            if works or held or seen < 0:
                self._worked[name] = (now, activity)
            elif now - since > self._plan.limits.finish:
                self._judge.model_stayed(name, now - since)

    def _look_at_external(self, name: str, now: float) -> None:
        """No limit for it, but where nobody can see it end, some time has to do."""
        since, _ = self._worked.setdefault(name, (now, 0.0))
        gone = self._judge.conductor_ended and not self._judge.has_been_seen(name)
        if gone and now - since > UNSEEN:
            self._judge.model_ended(name, 0, now)
