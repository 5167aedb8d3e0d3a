"""Starting a federation in the background: it takes time, and may have to be broken off."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Cancelled(Exception):
    """The launch is wanted no more."""


class Launch:
    """Runs `action` in a thread of its own, after an earlier launch has come to its end.

    `failed` is told, in that thread, of what goes wrong before it is cancelled.
    """

    def __init__(
        self,
        action: Callable[[Launch], None],
        failed: Callable[[Exception], None],
        earlier: Launch | None = None,
    ) -> None:
        self._action = action
        self._failed = failed
        self._earlier = earlier
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="launch", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Let the next `go_on` be the last one."""
        self._cancelled.set()

    def go_on(self) -> None:
        """Nothing; `Cancelled` where the launch was cancelled."""
        if self._cancelled.is_set():
            raise Cancelled

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the launch has come to its end, for so long at most."""
        self._thread.join(seconds)

    def _run(self) -> None:
        if self._earlier:
            self._earlier.wait()
            self._earlier = None
        try:
            self.go_on()
            self._action(self)
        except Cancelled:
            return
        except Exception as error:
            if not self._cancelled.is_set():
                self._failed(error)
