"""Says who has joined and for whom everybody waits, and ends the waiting when it takes too long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from .failure import Failure
from .roll_call import RollCall, model_of
from .settings import Settings
from .speak import Say


class Herald:
    """For one phase: speaks on every change, and now and then while nothing changes."""

    def __init__(
        self, phase: int, settings: Settings, say: Say, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._phase = phase
        self._settings = settings
        self._say = say
        self._clock = clock
        self._began = clock()
        self._call = RollCall()
        self._next = 5.0
        self._external = settings.external
        self._excused = False

    def saw(self, call: RollCall) -> None:
        """Take note of who is there; `Failure` where somebody is whom nobody planned."""
        if call.unexpected:
            raise strangers(call.unexpected)
        if call.surplus:
            raise too_many(self._settings, call)
        if (call.joined, call.missing) != (self._call.joined, self._call.missing):
            self._tell(call.missing, call.joined)
        if self._external.intersection(self._call.missing).difference(call.missing):
            self._begin_again()
        self._call = call

    def waits(self) -> None:
        """Somebody has not joined; `Failure` where that takes too long."""
        if self._due():
            self._hold_to_limit(self._call.missing, self._reason())
            self._tell(self._call.missing, self._call.joined)

    def waits_for_ready(self, not_ready: Callable[[], Iterable[str]]) -> None:
        """All have joined, but not all can start: `not_ready` gives federates."""
        if self._due():
            models = sorted({model_of(name) for name in not_ready()})
            self._hold_to_limit(models, f"joined phase {self._phase} but did not get ready")
            self._tell(models, [m for m in self._call.joined if m not in models])

    @property
    def waited(self) -> float:
        """Seconds since this phase began."""
        return self._clock() - self._began

    def _due(self) -> bool:
        waited = self.waited
        limit = self._next if self._excused else self._settings.limits.join
        if waited < min(self._next, limit):
            return False
        self._next = waited + (5.0 if waited < 30.0 else 30.0)
        return True

    def _hold_to_limit(self, models: Sequence[str], what: str) -> None:
        limit = self._settings.limits.join
        if models and self._external.issuperset(models):
            self._excused = True
        elif self._excused:
            self._begin_again()
        elif self.waited >= limit:
            models = [model for model in models if model not in self._external]
            raise Failure(
                "join",
                f"{', '.join(models) or 'a federate'} {what} within {limit:g} s",
                "Look at the end of the model's log. If it only needs longer, raise the limit "
                "`join`." + self._doubt(models),
                models,
            )

    def _begin_again(self) -> None:
        """An external model is there: the time begins of those who could only wait for it."""
        self._began, self._next, self._excused = self._clock(), 5.0, False

    def _reason(self) -> str:
        verb = "has" if len(self._call.missing) == 1 else "have"
        partial = [f"{m}: {n} of {of} calculations" for m, (n, of) in self._call.partial.items()]
        return f"{verb} not joined phase {self._phase}" + (
            f" ({', '.join(partial)})" * bool(partial)
        )

    def _doubt(self, models: Sequence[str]) -> str:
        doubtful = [m for m in models if m in self._call.partial]
        if not doubtful:
            return ""
        services = sorted({self._settings.model(m).service for m in doubtful})
        return f" Check `calculations` at the service {', '.join(services)}."

    def _tell(self, missing: Sequence[str], joined: Sequence[str]) -> None:
        self._say(
            "joining",
            phase=self._phase,
            joined=list(joined),
            missing=list(missing),
            waited=round(self.waited, 1),
        )


def strangers(names: Sequence[str]) -> Failure:
    """Federates that belong to no model of the plan: time must not start with them."""
    return Failure(
        "unexpected",
        f"{', '.join(names)} joined the federation, but no model of this run is called so",
        "Look for a program that uses this run's broker; a service must name its federates after "
        "its `model_id`.",
        sorted({model_of(name) for name in names if "/" in name}),
    )


def too_many(settings: Settings, call: RollCall) -> Failure:
    """A model has more federates than it was said to have calculations."""
    model, federates = next(iter(call.surplus.items()))
    service = settings.model(model).service
    return Failure(
        "unexpected",
        f"{model} joined with {len(federates)} federates ({', '.join(federates)}), more than it "
        "has calculations",
        f"Check `calculations` at the service {service}: write `calculations: {len(federates)}` if "
        "these are its calculations.",
        sorted(call.surplus),
    )


def too_late(settings: Settings, unverified: Sequence[str]) -> Failure:
    """Somebody knocked after time had started, and it can be one of these models' calculations."""
    services = sorted({settings.model(model).service for model in unverified})
    return Failure(
        "unexpected",
        "another federate wanted to join after all planned ones had: a model of "
        f"{', '.join(services)} seems to have more calculations than declared",
        f"Check `calculations` at {'the service' if len(services) == 1 else 'the services'} "
        f"{', '.join(services)}.",
        list(unverified) if len(unverified) == 1 else [],
    )


def knocked_out(failure: Failure) -> Failure:
    """The failure of federates that HELICS lost when it turned somebody else away."""
    return Failure(
        "unexpected",
        "somebody whom nobody planned wanted to join after the simulation had started; turning "
        f"them away, HELICS lost others: {failure.message}",
        "Look for a program that uses this run's broker, or a service that starts federates of "
        "its own.",
    )
