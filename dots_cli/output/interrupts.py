"""What a person asks of a shown run through the terminal: Ctrl-C, SIGTERM, leave it alone.

A signal is only noted here; whoever watches the run acts on it at the next look. SIGHUP keeps its
meaning: a closed window ends the watching, not the run.
"""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Literal

Wish = Literal["interrupt", "terminate", "leave", "continued"]

LEAVE_KEY = "" if sys.platform == "win32" else "Ctrl-\\"
"""What leaves a run going; on Windows closing the window does."""


class Interrupts:
    """A context in which signals become wishes, in the order in which they came."""

    def __init__(self) -> None:
        self._wishes: deque[Wish] = deque()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        self.begin()
        return self

    def begin(self) -> None:
        """From now on signals become wishes; for who starts something before it can be watched."""
        if self._before:
            return
        meanings: dict[str, Wish] = {
            "SIGINT": "interrupt",
            "SIGTERM": "terminate",
            "SIGBREAK": "interrupt",
            "SIGQUIT": "leave",
            "SIGCONT": "continued",
        }
        for name, wish in meanings.items():
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._noting(wish))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def next(self) -> Wish | None:
        """The oldest wish that nobody has acted on."""
        return self._wishes.popleft() if self._wishes else None

    def _noting(self, wish: Wish) -> Callable[[int, FrameType | None], None]:
        def note(number: int, frame: FrameType | None) -> None:
            self._wishes.append(wish)

        return note
