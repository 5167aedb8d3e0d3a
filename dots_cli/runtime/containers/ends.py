"""Notices that containers end, by the engine's events; no end is lost when the engine goes away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Container, EngineFailure, NotThere
from dots_cli.runtime.containers.streams import Events

AGAIN = 0.3
_SIGNALLED = 128
_LAST_SIGNAL = 64
_KILLED = -9
PATIENCE = 60.0
"""Seconds that an engine may be away, to be restarted for instance."""
LONGER = 5.0
"""More, before an end is told without it: that the engine is gone is to be told first."""


class Ends:
    """Watches the containers of one run in a thread of its own.

    `on_end(id)` hears of each that has ended, perhaps more than once. `on_return` hears that the
    engine has been away and is back, `on_gone` that it did not come back.
    """

    def __init__(
        self,
        engine: Engine,
        run_id: str,
        on_end: Callable[[str], None],
        on_return: Callable[[], None],
        on_gone: Callable[[EngineFailure], None],
    ) -> None:
        self._engine = engine
        self._run_id = run_id
        self._on_end = on_end
        self._on_return = on_return
        self._on_gone = on_gone
        self._closing = threading.Event()
        self._away = False
        self._ended_meanwhile: set[str] = set()
        self._lock = threading.Lock()
        # From now on: whoever starts containers after this loses no end of them.
        self._events: Events | None = engine.events(run=run_id)
        threading.Thread(target=self._watch, name="ends", daemon=True).start()

    def close(self) -> None:
        """Watch no more."""
        self._closing.set()
        with self._lock:
            if self._events:
                self._events.close()

    def tell(self, ident: str, hurry: Callable[[], bool]) -> tuple[int, str]:
        """How a container has ended, as `describe` says it.

        An engine that does not answer is asked again for a while, unless there is a hurry.
        """
        deadline = time.monotonic() + PATIENCE + LONGER
        while True:
            try:
                ended = self._engine.inspect(ident)
                was_away = self._away or ident in self._ended_meanwhile
                return describe(ended, engine_was_away=was_away)
            except NotThere:
                return _KILLED, "was removed"
            except EngineFailure:
                if hurry() or time.monotonic() > deadline:
                    return 1, "has ended, and the Docker engine did not tell how"
            time.sleep(AGAIN)

    def _watch(self) -> None:
        events = self._events
        while events is not None:
            for event in events:
                if event.action in ("die", "destroy"):
                    self._on_end(event.id)
            self._away = True
            events = None if self._closing.is_set() else self._begin_again()
            self._away = events is None

    def _begin_again(self) -> Events | None:
        """The events once more, after a look at what has ended meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not self._closing.wait(AGAIN):
            try:
                events = self._engine.events(run=self._run_id)
                self._on_return()
                for container in self._engine.containers(run=self._run_id):
                    if container.has_ended:
                        self._ended_meanwhile.add(container.id)
                        self._on_end(container.id)
            except EngineFailure as error:
                if time.monotonic() > deadline:
                    self._on_gone(error)
                    return None
                continue
            with self._lock:
                self._events = events
            if self._closing.is_set():
                events.close()
            return events
        return None


def describe(ended: Container, *, engine_was_away: bool = False) -> tuple[int, str]:
    """The exit code, negative for a signal, and words for what a code alone does not tell."""
    code = ended.exit_code or 0
    if _SIGNALLED < code <= _SIGNALLED + _LAST_SIGNAL:
        code = _SIGNALLED - code
    if ended.out_of_memory and code != 0:
        limit = f", limit {ended.memory_limit >> 20} MB" if ended.memory_limit else ""
        return code, f"was killed: out of memory{limit}"
    if code != 0 and engine_was_away:
        return code, "was ended with the Docker engine, which was restarted"
    return code, ended.error if code != 0 else ""
