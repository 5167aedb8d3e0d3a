"""Processor time of containers, asked for beside: an engine takes up to a second to tell."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from dots_cli.runtime.containers.facts import EngineFailure

AT_ONCE = 8


class Activity:
    """What each container has used so far; `ask(id)` gives processor seconds, and may take long."""

    def __init__(self, ask: Callable[[str], float]) -> None:
        self._ask = ask
        self._known: dict[str, float] = {}
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._places = threading.Semaphore(AT_ONCE)

    def of(self, ident: str) -> float:
        """Processor seconds as they were last told, 0 before that; has them told anew."""
        with self._lock:
            known = self._known.get(ident, 0.0)
            if ident in self._asked:
                return known
            self._asked.add(ident)
        threading.Thread(target=self._look, args=(ident,), name="activity", daemon=True).start()
        return known

    def _look(self, ident: str) -> None:
        try:
            with self._places, contextlib.suppress(EngineFailure):
                used = self._ask(ident)
                with self._lock:
                    self._known[ident] = used
        finally:
            with self._lock:
                self._asked.discard(ident)
