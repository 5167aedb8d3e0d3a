"""Says what a command waits for: in place in a terminal, each thing once in a pipe."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from dots_cli.definition.shell import command
from dots_cli.output.progress import phase_words
from dots_cli.output.screen import Screen, Styled
from dots_cli.output.words import span
from dots_cli.runs.state import RunState

_SOON = 1.0
_AGAIN = 10.0
_LONG = 10.0
"""Seconds of a stop after which a person may want to know how to cut it short."""


class Waiting:
    """A context around a wait; says nothing of a short one."""

    def __init__(self, what: str) -> None:
        """`what` is the beginning of the sentence: `waiting for ab-12 to pause`."""
        self._what = what
        self._screen = Screen(sys.stderr)
        self._since = time.monotonic()
        self._said = self._since + _SOON - _AGAIN
        self._line = ""

    def __enter__(self) -> Waiting:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._screen.close()

    def look(self, state: RunState) -> None:
        """The wait goes on, and the run is in that state."""
        now = time.monotonic()
        if now - self._since < _SOON:
            return
        doing = phase_words(state, time.time())
        line = f"{self._what}: {state.phase}" + (f", {doing}" if doing else "")
        if state.phase == "stopping" and now - self._since > _LONG:
            line += f"; at once with: {command('stop', '--now', state.run_id)}"
        if self._screen.moves:
            self._screen.show([], [Styled(f"{line} ({span(int(now - self._since))})", "dim")])
        elif line != self._line and now - self._said >= _AGAIN:
            self._said = now
            self._line = line
            self._screen.show([line])
