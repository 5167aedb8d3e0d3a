"""Which broker stands now, and waiting that the end of the run cuts short."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from .broker import Broker
from .failure import Ended


class Stage:
    """The broker that stands now; whoever ends the run finds it here, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._broker: Broker | None = None
        self.ending = threading.Event()

    @property
    def broker(self) -> Broker | None:
        """The broker of the phase that runs."""
        return self._broker

    def enter(self, make: Callable[[], Broker]) -> Broker:
        """Put the next broker on the stage; `Ended` where the run is being ended."""
        self.check()
        broker = make()
        with self._lock:
            self._broker = broker
        if self.ending.is_set():
            broker.disconnect()
            raise Ended
        return broker

    def leave(self) -> None:
        """Take the broker away after its phase has ended by itself; `Ended` as for `enter`."""
        with self._lock:
            self.check()
            broker, self._broker = self._broker, None
        if broker is not None:
            broker.disconnect()

    def check(self) -> None:
        """`Ended` where the run is being ended."""
        if self.ending.is_set():
            raise Ended

    def end(self, patience: float) -> None:
        """Disconnect whatever broker stands, and wait until its farewells are on their way."""
        with self._lock:
            self.ending.set()
            broker = self._broker
        if broker is None:
            return

        def farewell() -> None:
            broker.disconnect()
            broker.wait_for_end(patience)

        # Seldom HELICS never comes back from this while somebody is just joining.
        leaving = threading.Thread(target=farewell, daemon=True)
        leaving.start()
        leaving.join(1.5 * patience)


def poll(condition: Callable[[], bool], stage: Stage, *, longest: float = 0.1) -> Iterator[float]:
    """Look again and again until the condition holds, seldom where it takes long.

    Yields the seconds waited so far each time it does not hold; `Ended` where the run is ended.
    """
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        yield waited
        if stage.ending.wait(min(longest, max(0.005, waited / 50))):
            raise Ended
