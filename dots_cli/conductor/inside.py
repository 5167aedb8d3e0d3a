"""Who is inside HELICS at the moment, so that nothing is freed that somebody still uses.

HELICS looks up nothing: what it is given are addresses. Where a broker, core or federate is freed
while another thread waits in it, the process ends with signal 11 or waits for ever. So everybody
who calls HELICS does that inside, and only when all have come out may something be freed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .failure import Ended


class Inside:
    """Counts who is inside. From any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._closed = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Be inside for a while; `Ended` where nobody may go in any more."""
        with self._changed:
            if self._closed:
                raise Ended("HELICS is being closed")
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def close(self, patience: float) -> bool:
        """Let nobody in for good; whether all have come out within so many seconds."""
        with self._changed:
            self._closed = True
            return self._changed.wait_for(lambda: not self._count, patience)


inside = Inside()
"""Everything that HELICS is asked to do is asked in here."""
