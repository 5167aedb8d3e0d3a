"""Watches the platform's store during a run: starts it again, or says that it is gone for good."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import EngineFailure, NotThere
from dots_cli.runtime.containers.streams import Events

OWN_RESTART = 1.0
"""Seconds for the engine to start it again by itself, as it does after a crash."""
_ATTEMPTS = 3
_LOOK = 0.2
_AGAIN = 0.5
_STEADY = 2.0


class StoreWatch:
    """Watches one container in a thread of its own until it is closed.

    Models keep their results until they write them, so a store that comes back costs nothing.
    `on_return` hears that it ended and runs again, `on_gone` why it does not, in words that follow
    the store's name; then nothing is watched any more.
    """

    def __init__(
        self,
        engine: Engine,
        ident: str,
        project: str,
        on_return: Callable[[], None],
        on_gone: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._ident = ident
        self._project = project
        self._on_return = on_return
        self._on_gone = on_gone
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._events: Events | None = None
        threading.Thread(target=self._watch, name="store", daemon=True).start()

    def close(self) -> None:
        """Watch no more."""
        self._closing.set()
        with self._lock:
            if self._events:
                self._events.close()

    def _watch(self) -> None:
        while not self._closing.is_set():
            try:
                with self._lock:
                    events = self._events = self._engine.events(project=self._project)
                # What happened before there were events to hear.
                if self._closing.is_set() or not self._runs_again():
                    break
                for event in events:
                    ended = event.id == self._ident and event.action in ("die", "destroy")
                    if ended and not self._runs_again():
                        return
                    if ended:
                        self._on_return()
            except EngineFailure:
                pass  # that the engine is away is noticed by those who watch the run
            self._closing.wait(_AGAIN)
        self.close()

    def _runs_again(self) -> bool:
        """Whether it runs, perhaps after it was started again; else it was said that it is gone."""
        for attempt in range(_ATTEMPTS):
            if self._comes_back(OWN_RESTART if attempt == 0 else _STEADY):
                return True
            if self._closing.is_set():
                return False
            try:
                self._engine.start(self._ident)
            except NotThere:
                return self._is_gone("was removed")
            except EngineFailure as error:
                return self._is_gone(f"ended and cannot be started again: {error.message}")
        return self._is_gone("ended, and ends again when it is started")

    def _comes_back(self, seconds: float) -> bool:
        """Whether it runs before so many seconds have passed."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if self._engine.inspect(self._ident).state == "running":
                    return True
            except NotThere:
                return False
            if time.monotonic() > deadline or self._closing.wait(_LOOK):
                return False

    def _is_gone(self, why: str) -> bool:
        if not self._closing.is_set():
            self._on_gone(why)
        return False
