"""The main loop: other threads work through the phases, this one listens, watches and decides.

It never asks a question that can block, so every command is obeyed at once. The first failure of
any thread ends the federation for everybody.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import control, descriptors, wiring
from .broker import Broker, close
from .failure import Ended, Failure
from .gate import Gate
from .herald import knocked_out
from .phase1 import SENDER, Phase1
from .phase2 import GATE, Phase2
from .presence import watch_over
from .questions import QueryFailed
from .settings import Settings
from .silence import silent
from .speak import Say
from .stage import Stage
from .watch import Watch
from .whereabouts import Times, left_early, times

FAREWELL = 1.0
CLOSING = 2.0

OWN = (SENDER, GATE)

OK = 0
FAILED = 1
ABANDONED = 2


@dataclass(frozen=True)
class HandingOut:
    """All models have joined phase 1 and are to receive the ESDL."""


@dataclass(frozen=True)
class HandedOut:
    """All models have received the ESDL and left."""


@dataclass(frozen=True)
class Started:
    """All federates of phase 2 have joined."""

    gate: Gate


@dataclass(frozen=True)
class EndReached:
    """The simulated end was reached with all of them."""


@dataclass(frozen=True)
class Finished:
    """All federates have left."""


@dataclass(frozen=True)
class Crashed:
    """A thread ended with an exception."""

    error: BaseException


@dataclass(frozen=True)
class Answered:
    """What the federates said about their times, when the question of that number was put."""

    number: int
    times: Times | None


@dataclass(frozen=True)
class Unanswered:
    """Who does not answer while others do."""

    silent: tuple[str, ...]


Message = (
    control.Command
    | control.SupervisorGone
    | HandingOut
    | HandedOut
    | Started
    | EndReached
    | Finished
    | Crashed
    | Answered
    | Unanswered
)


class Conductor:
    """One run's federation, from the first knock to the exit code."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self._settings = settings
        self._say = say
        self._stage = Stage()
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._may_leave = threading.Event()
        self._turned_away = threading.Event()
        self._watch = Watch(settings, OWN, self._ask, self._ask_silent, say)

    def listen_to(self, lines: Iterable[bytes]) -> None:
        """Obey the commands on these lines; their end means that the supervisor is gone."""
        self._spawn("control", lambda: control.listen(lines, self._inbox.put))

    def obey_signals(self) -> None:
        """SIGTERM and SIGINT stop politely, as `docker stop` and a person at a terminal expect."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._inbox.put(control.Command("stop")))

    def run(self) -> int:
        """Conduct; the exit code."""
        self._spawn("phases", self._work_through_phases)
        if self._settings.in_container:
            self._spawn("presence", self._look_after_models)
        code = self._listen()
        close(CLOSING)
        return code

    def _listen(self) -> int:
        try:
            while True:
                code = self._react(self._next_message())
                if code is not None:
                    return code
                # A broker that is just ending does not answer; why it ends comes to the inbox.
                with contextlib.suppress(QueryFailed):
                    self._watch.tick(time.monotonic(), lambda: not self._may_leave.is_set())
                if self._watch.stopped:
                    return self._stop()
        except Failure as failure:
            return self._fail(failure)
        except Exception as error:
            return self._fail(_bug(error))

    def _next_message(self) -> Message | None:
        try:
            return self._inbox.get(timeout=self._watch.interval)
        except queue.Empty:
            return None

    def _react(self, message: Message | None) -> int | None:
        """Deal with one message; the exit code where it is the last."""
        now = time.monotonic()
        match message:
            case control.Command("pause", at):
                self._watch.pause(at, now)
            case control.Command("resume"):
                self._watch.resume(now)
            case control.Command("stop"):
                self._watch.stop(now)
            case control.Command("disconnect"):
                return self._stop()
            case control.SupervisorGone():
                self._stage.end(FAREWELL)
                return ABANDONED
            case HandingOut():
                self._watch.hand_out(now)
            case HandedOut():
                self._watch.handed_out()
            case Started(gate):
                self._watch.begin(gate, now)
            case EndReached():
                self._watch.end_reached(now)
            case Answered(number, answer):
                self._watch.answered(number, answer, now)
            case Unanswered(silent):
                self._watch.unanswered(silent, now)
            case Finished():
                self._say("ended")
                return OK
            case Crashed(Failure() as failure):
                raise failure
            case Crashed(error):
                raise _bug(error)
        return None

    def _stop(self) -> int:
        self._stage.end(FAREWELL)
        self._say("stopped", simulated=self._watch.simulated, quiet=self._watch.quiet)
        return OK

    def _fail(self, failure: Failure) -> int:
        if failure.kind in ("early", "broker") and self._turned_away.is_set():
            failure = knocked_out(failure)
        broker = self._stage.broker
        if failure.kind in ("early", "broker") and broker and broker.published_twice:
            failure = wiring.published_twice(self._settings, broker.published_twice)
        self._say(
            "failed",
            kind=failure.kind,
            models=failure.models,
            message=failure.message,
            hint=failure.hint,
        )
        self._stage.end(FAREWELL)
        return FAILED

    def _work_through_phases(self) -> None:
        try:
            spoken = Phase1(self._settings, self._stage, self._say).run(
                self._spawn, lambda: self._inbox.put(HandingOut())
            )
            self._inbox.put(HandedOut())
            Phase2(self._settings, spoken, self._stage, self._say).run(
                self._spawn,
                lambda gate: self._inbox.put(Started(gate)),
                self._let_leave,
                self._turn_away,
                lambda failure: self._inbox.put(Crashed(failure)),
            )
            self._inbox.put(Finished())
        except (Ended, QueryFailed) as ended:
            if not self._stage.ending.is_set():
                raise self._broken(ended) from ended

    def _broken(self, error: Exception) -> Failure:
        """Why the federation broke: somebody's leaving is often seen first by others."""
        broker = self._stage.broker
        with contextlib.suppress(QueryFailed):
            if broker is not None:
                failure = left_early(broker.left(), OWN)
                if failure is not None:
                    return failure
        return Failure("broker", f"the federation broke: {error}")

    def _turn_away(self, failure: Failure | None) -> None:
        self._turned_away.set()
        if failure is not None:
            self._inbox.put(Crashed(failure))

    def _let_leave(self) -> None:
        self._may_leave.set()
        self._inbox.put(EndReached())

    def _ask(self, number: int) -> None:
        broker = self._stage.broker
        if broker is not None:
            self._spawn("question", lambda: self._answer(number, broker))

    def _answer(self, number: int, broker: Broker) -> None:
        try:
            answer = times(broker.ask_times(), OWN)
        except QueryFailed:
            answer = None
        self._inbox.put(Answered(number, answer))

    def _ask_silent(self) -> None:
        broker = self._stage.broker
        if broker is not None:
            self._spawn("silence", lambda: self._look_for_silent(broker))

    def _look_for_silent(self, broker: Broker) -> None:
        with contextlib.suppress(QueryFailed):
            self._inbox.put(Unanswered(silent(broker)))

    def _look_after_models(self) -> None:
        models = [model.id for model in self._settings.models]
        watch_over(models, lambda: self._may_leave.is_set() or self._stage.ending.is_set())

    def _spawn(self, name: str, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:
                self._inbox.put(Crashed(error))

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread


def _bug(error: BaseException) -> Failure:
    if failure := descriptors.exhausted(error):
        return failure
    traceback.print_exception(error, file=sys.stderr)
    return Failure("internal", f"the conductor itself failed: {error!r}", "This is a bug of dots.")
