"""Keeps an eye on simulated time: progress, standing still, pausing, and getting quiet to stop.

Lives in the main loop's thread, is called at every tick, and never asks a question that can block:
those go through `ask`, and their answers come back to `answered`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Literal, Protocol

from .failure import Failure
from .roll_call import model_of
from .settings import Settings
from .speak import Say
from .standstill import Standstill
from .whereabouts import Times, left_early

STEP_EDGE = 0.001
"""Seconds past a step where a barrier lets that step be finished, and nothing later start."""
STOP_PATIENCE = 20.0
ANSWER_PATIENCE = 3.0
TICK = 0.2
ASK_INTERVAL = 0.5
QUIET_INTERVAL = 0.02


class Steered(Protocol):
    """The part of a gate that is used here; nothing of it blocks."""

    def time(self) -> float:
        """Simulated seconds reached."""

    def set_barrier(self, at: float) -> None:
        """Grant nobody that time or a later one."""

    def clear_barrier(self) -> None:
        """Let time go on."""

    @property
    def held(self) -> bool:
        """Whether time stands at the barrier."""

    def left(self) -> list[str]:
        """Names of the federates that have left."""


class Watch:
    """Steers the simulation that runs now.

    `own` are names of federates of the conductor's own. `ask` puts the question where the federates
    are (it may block, so it is put in another thread) and returns at once; the answer comes to
    `answered` with the number that the question had. Where none comes, `ask_silent` asks who does
    not answer; that comes to `unanswered`.
    """

    def __init__(
        self,
        settings: Settings,
        own: Iterable[str],
        ask: Callable[[int], None],
        ask_silent: Callable[[], None],
        say: Say,
    ) -> None:
        self._start = settings.start
        self._duration = float(settings.duration)
        self._limits = settings.limits
        self._external = settings.external
        self._own = tuple(own)
        self._ask = ask
        self._ask_silent = ask_silent
        self._say = say
        self._doing: Literal["joining", "handing out", "simulating", "leaving"] = "joining"
        self._gate: Steered | None = None
        self._still = Standstill(0.0)
        self._reached = 0.0
        self._holders: tuple[str, ...] = ()
        self._silent: tuple[str, ...] = ()
        self._asked = 0
        self._asked_at: float | None = None
        self._asked_silent = False
        self._asked_of_held = False
        self._ask_from = 0.0
        self._states_from = 0.0
        self._pausing = settings.pause_at is not None
        self._barrier = self._planned = settings.pause_at
        self._exact = self._pausing
        self._paused = False
        self._stopping_since: float | None = None
        self.stopped = False
        """The federation is quiet, or as quiet as it will be: it can be disconnected."""
        self.quiet = False
        """Whether `stopped` came at a step's edge, with all federates at the same time."""

    @property
    def simulated(self) -> float:
        """Simulated seconds reached."""
        return self._reached

    @property
    def interval(self) -> float:
        """Seconds until it wants to look again."""
        asks_soon = self._asked_at is None or not self._asked_of_held
        return QUIET_INTERVAL if self._waits_for_quiet and asks_soon else TICK

    def hand_out(self, now: float) -> None:
        """All models have joined phase 1 and take the ESDL now."""
        self._doing = "handing out"
        self._still.forget(now)

    def handed_out(self) -> None:
        """They have it and are on their way to phase 2."""
        self._doing = "joining"
        self._holders = ()

    def begin(self, gate: Steered, now: float) -> None:
        """All federates have joined; time starts when the barrier, if there is one, allows it."""
        self._doing = "simulating"
        self._gate = gate
        self._still.forget(now)
        if self._barrier is not None and self._barrier < self._duration:
            gate.set_barrier(self._barrier)

    def end_reached(self, now: float) -> None:
        """The simulated end is there; the federates leave now."""
        self._doing = "leaving"
        self._lift()
        if self._reached != self._duration:
            self._reached = self._duration
            self._say("progress", simulated=self._duration)
        self._say("simulation_ended")
        self._still.forget(now)

    def pause(self, at: float | None, now: float) -> None:
        """Let nobody pass `at`, or go on at all where that is None or past."""
        if self._doing == "leaving" or self._stopping_since is not None:
            return
        self._pausing = True
        self._paused = False
        self._exact = at is not None and at > self._reached
        if self._exact:
            self._planned = at
        if self._gate is None:
            self._barrier = at if self._exact else STEP_EDGE
            if not self._exact:
                self._paused = True
                self._say("paused", simulated=0.0)
            return
        self._set(at if at is not None and self._exact else self._edge(self._gate))
        self._ask_from = now

    def resume(self, now: float) -> None:
        """Go on after a pause, as far as to the one that was planned for a later time."""
        if not self._pausing or self._stopping_since is not None:
            return
        self._paused = False
        self._pausing = self._exact = self._is_ahead(self._planned)
        if self._planned is not None and self._pausing:
            self._set(self._planned)
        else:
            self._lift()
        self._still.forget(now)
        self._say("resumed")

    def stop(self, now: float) -> None:
        """End at the next step's edge; `stopped` becomes true when that is reached."""
        if self._stopping_since is not None:
            return
        self._stopping_since = now
        if self._doing == "leaving":
            return
        if self._gate is None or self._paused:
            self.stopped = self.quiet = True
        else:
            self._exact = False
            self._set(self._edge(self._gate))
            self._ask_from = now

    def tick(self, now: float, still_before_end: Callable[[], bool]) -> None:
        """Look at the broker; `Failure` where time stands still for too long or somebody left.

        `still_before_end` says that nobody was allowed to leave yet; asked after looking.
        """
        if self._doing == "joining":
            return
        if self._stopping_since is not None and now - self._stopping_since > STOP_PATIENCE:
            self.stopped = True
        if self._paused:
            self._still.forget(now)
        if self._gate is not None and self._doing == "simulating":
            self._look(self._gate, now, still_before_end)
        if self._still.due(now):
            self._say_waiting(now)
        self._hold_to_limit(now)
        self._inquire(now)

    def answered(self, number: int, answer: Times | None, now: float) -> None:
        """Take note of where the federates are; None where HELICS gave no answer.

        Only the question that was put last counts.
        """
        if number != self._asked:
            return
        self._asked_at = None
        self._ask_from = now + ASK_INTERVAL
        if answer is None:
            return
        self._holders, self._silent = answer.holders, ()
        if self._barrier is None or not self._waits_for_quiet:
            return
        if answer.holders or not self._asked_of_held:
            # What they said before time stood at this barrier says nothing about it.
            self._ask_from = now + QUIET_INTERVAL
            return
        if not self._exact and answer.latest >= self._barrier:
            # Somebody was granted a later time before the barrier stood: the others follow to
            # the same time, so that all have results up to it.
            self._set(answer.latest + STEP_EDGE)
            self._ask_from = now + QUIET_INTERVAL
            return
        self._reached = min(self._barrier if self._exact else answer.latest, self._duration)
        if self._stopping_since is not None:
            self.stopped = self.quiet = True
        elif self._pausing and not self._paused:
            self._paused = True
            self._say("paused", simulated=self._reached)

    def unanswered(self, silent: tuple[str, ...], now: float) -> None:
        """Take note of who does not answer while others do: it is they who hold time back."""
        if self._asked_at is None or silent == self._silent:
            return
        self._holders = self._silent = silent
        if self._still.waited(now) >= 1.0 and not self._paused:
            self._say_waiting(now)

    def _say_waiting(self, now: float) -> None:
        self._say(
            "waiting",
            simulated=self._reached,
            waited=round(self._still.waited(now), 1),
            holders=list(self._holders),
        )

    @property
    def _waits_for_quiet(self) -> bool:
        if self._doing != "simulating" or self._barrier is None or self._paused or self.stopped:
            return False
        if self._barrier >= self._duration and self._stopping_since is None:
            return False  # The end comes before the pause.
        return not self._exact or (self._gate is not None and self._gate.held)

    def _look(self, gate: Steered, now: float, still_before_end: Callable[[], bool]) -> None:
        # Some federates are granted a nanosecond more than they asked for.
        reached = min(round(gate.time(), 6), self._duration)
        # What lies behind a barrier may only be the step that comes next.
        ahead = reached > self._reached and (self._barrier is None or reached < self._barrier)
        if ahead or now >= self._states_from:
            self._states_from = now + 0.5
            failure = left_early(gate.left(), self._own)
            if failure is not None and still_before_end():
                # Time goes on without who has left: what it reached then was not simulated.
                raise failure
        if self._still.saw(reached, now):
            self._holders = self._silent = ()
            if ahead:
                self._reached = reached
                self._say("progress", simulated=reached)

    def _hold_to_limit(self, now: float) -> None:
        handing = self._doing == "handing out"
        limit = self._limits.join if handing else self._limits.step
        if self._still.waited(now) < limit:
            return
        names = f", held by {', '.join(self._holders)}" if self._holders else ""
        models = sorted({model_of(name) for name in self._holders})
        if self._external and self._external.issuperset(models):
            return  # a person holds it, or nobody knows who does
        if handing:
            raise Failure(
                "join",
                f"the ESDL was not taken by all models within {limit:g} s{names}",
                "Look at the end of the model's log; give it longer with the limit `join`.",
                models,
            )
        hint = "Look at the end of the model's log; give a step longer with the limit `step`."
        if self._silent:
            names += ", which does not answer" if len(models) == 1 else ", which do not answer"
            hint = "Its process may have been stopped: by SIGSTOP, or as a paused container."
        raise Failure(
            "stalled",
            f"simulated time has stood still at {self._moment()} for {limit:g} s{names}",
            hint,
            models,
        )

    def _moment(self) -> str:
        if self._start is None:
            return f"{self._reached:g} s"
        moment = self._start + timedelta(seconds=self._reached)
        return moment.isoformat(sep=" ", timespec="seconds")

    def _inquire(self, now: float) -> None:
        held = self._gate is not None and self._gate.held
        if self._asked_at is not None:
            if self._waits_for_quiet and held and not self._asked_of_held:
                # A federate that is just being granted a time takes a question with its next
                # request. The gate makes none while it stands, so the answer may never come.
                self._put_question(held, now)
                return
            blocked = now - self._asked_at > ANSWER_PATIENCE
            if blocked and self._stopping_since is not None:
                self.stopped = True  # A federate is dead: there is no quiet to wait for.
            elif blocked and not self._asked_silent:
                self._asked_silent = True
                self._ask_silent()
            return
        stands = self._still.waited(now) >= 0.8 and not self._paused
        if now >= self._ask_from and (stands or self._waits_for_quiet):
            self._put_question(held, now)

    def _put_question(self, held: bool, now: float) -> None:
        self._asked += 1
        self._asked_at = now
        self._asked_silent = False
        self._asked_of_held = held
        self._ask(self._asked)

    def _is_ahead(self, pause: float | None) -> bool:
        return pause is not None and self._reached < pause < self._duration

    def _edge(self, gate: Steered) -> float:
        return max(gate.time(), self._reached) + STEP_EDGE

    def _set(self, barrier: float) -> None:
        self._barrier = barrier
        self._asked_of_held = False
        if self._gate is not None:
            # One past the end lets the end be reached, and takes the place of an earlier one.
            at_end = self._duration + STEP_EDGE
            self._gate.set_barrier(barrier if barrier < self._duration else at_end)

    def _lift(self) -> None:
        self._asked_of_held = False
        if self._barrier is not None and self._gate is not None:
            self._gate.clear_barrier()
        self._barrier = None
