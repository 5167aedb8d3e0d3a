"""The gate: the federate that keeps phase 2 from starting, holds its time, and sees its end.

Time is kept by the broker, which lets nobody pass a federate that was granted a time and does not
ask for the next one. So where time shall stand still, the gate asks for a time just before that
point, and then for nothing. HELICS' own means, a time barrier, is none: the broker and a federate
that may not go on ask each other again and again, at full speed, and after some 20 s HELICS 3.6.1
has counted to where it can count no further (docs/protocol.md).

Most of the time the gate waits for the end of the simulation. To hold somebody up now it has to be
called back: it sends itself a message, which counts as an event at the time that it was last
granted, and looks again at what it waits for when the time from which it alone is blocked is moved
(a time that nobody reaches). It is then granted a moment long past, everybody stands still, and it
goes to where it has to be.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .broker import Broker
from .failure import Ended
from .federates import Mailbox

SHORT = 0.0005
"""Seconds before the first forbidden time where the gate stands."""
SAME = 1e-6
"""Seconds that make no difference."""
NEVER = 4e9
CALL_INTERVAL = 0.01
RING_INTERVAL = 0.3
BELL = "bell"


class Gate(Mailbox):
    """Steers the time of phase 2: `travel` in one thread, everything else from any other."""

    def __init__(self, broker: Broker, name: str, end: float) -> None:
        super().__init__(broker, name, BELL)
        self._broker = broker
        self._name = name
        self._end = end
        self._changed = threading.Condition()
        self._limit: float | None = None
        self._wanted = 0.0
        self._travelling = False
        self._granted = 0.0
        self._turns = 0
        self._held = False
        self._seen = 0.0
        self._pokes = 0

    def travel(self, check: Callable[[], None]) -> float:
        """Go to the end of the simulation; the time granted, an earlier one if all broke apart.

        `check` is called now and then while time is held, and raises to end it.
        """
        granted, called = 0.0, False
        while True:
            with self._changed:
                # Called back it asks anew even where it is already far enough: only the answer
                # tells that whatever others were granted meanwhile has reached them.
                wanted = max(self._target(), granted + SAME) if called else self._target()
                self._wanted = wanted
                self._travelling = True
            try:
                granted = self.request(wanted)
            finally:
                with self._changed:
                    self._travelling = False
                    self._turns += 1
            check()
            called = bool(self.received())
            with self._changed:
                self._granted = granted
                if granted >= self._end or (granted < wanted - SAME and not called):
                    return granted
                while self._stands():
                    self._held = True
                    self._changed.wait(0.5)
                    check()
                self._held = False

    @property
    def held(self) -> bool:
        """Whether it stands at the barrier: all that comes before has been granted and done."""
        with self._changed:
            return self._held and self._stands()

    def set_barrier(self, at: float) -> None:
        """Let nobody be granted the simulated second `at` or a later one."""
        with self._changed:
            self._limit = at
            self._changed.notify_all()
            if self._travelling and self._wanted > self._target():
                threading.Thread(target=self._call, args=(self._turns,), daemon=True).start()

    def clear_barrier(self) -> None:
        """Let time go on."""
        with self._changed:
            self._limit = None
            self._changed.notify_all()

    def time(self) -> float:
        """The simulated second that the others have reached, 0 before it moves."""
        seen = self._broker.time()
        with self._changed:
            own = [self._granted, *([self._wanted] if self._wanted < self._end else [])]
            if seen > self._seen and all(abs(seen - place) > SAME for place in own):
                self._seen = seen
            return self._seen

    def left(self) -> list[str]:
        """Names of the federates that have left."""
        return self._broker.left()

    def _target(self) -> float:
        return self._end if self._limit is None else min(self._end, self._limit - SHORT)

    def _stands(self) -> bool:
        # HELICS counts nanoseconds: what it grants may be a trifle less than what was asked for.
        return self._granted >= self._target() - SAME / 2

    def _call(self, turn: int) -> None:
        """Make the request that is under way come back."""
        ring_from = 0.0
        try:
            while turn == self._turns:
                # One bell is enough as a rule; the request may not have been under way yet.
                if (now := time.monotonic()) >= ring_from:
                    ring_from = now + RING_INTERVAL
                    self.send(f"{self._name}/{BELL}", b"!")
                # The block alone makes it look again, and only when it moves to a later time.
                self._poke()
                time.sleep(CALL_INTERVAL)
        except Ended:
            return

    def _poke(self) -> None:
        with self._changed:
            self._pokes += 1
            moved = NEVER + self._pokes
        self.block(self._name, moved)
