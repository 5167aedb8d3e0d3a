"""Follows a run by its files: events and log lines as they come, until the verdict."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from dots_cli.definition.shell import command
from dots_cli.errors import SupervisorLost
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs import logs, registry
from dots_cli.runs.logs import LogLines, Tail
from dots_cli.runtime.events import Event, ProcessEnded, Stopping, VerdictReached

POLL = 0.1
"""Seconds between two looks."""

LOST = 3.0
"""Seconds without an owner and without a verdict after which a run is lost."""

_QUIET = 1.0
_EVENT_AFTER_FILE = 0.3
_LONG_AGO = -1e9


class Follower:
    """What happens in a run, one look at a time; neither loses nor doubles a line."""

    def __init__(
        self,
        folder: RunFolder,
        *,
        from_start: bool = True,
        only: str | None = None,
        with_logs: bool = True,
        earlier: int = 0,
        every: bool = False,
    ) -> None:
        """Events come from the start always, what models have said only with `from_start`.

        Without it, `earlier` lines of each log are shown that were there before. `only` is the
        one log to follow, which may also be one of our own; by default these are the models'.
        Of several events at once that only tell a time the last is given, with `every` all.
        """
        self.folder = folder
        self.verdict: VerdictReached | None = None
        self._events = Tail(folder.events)
        self._every = every
        self._last: list[Event] = []
        self._only = only
        self._with_logs = with_logs
        self._tails: dict[str, Tail] = {}
        self._heard = time.monotonic()
        self._looked = _LONG_AGO
        self._file_seen: float | None = None
        self._alone_since: float | None = None
        if not from_start:
            self._skip(earlier)

    @property
    def more(self) -> bool:
        """Whether there is more to read at once."""
        return self._events.more or any(tail.more for tail in self._tails.values())

    def poll(self) -> list[Event | LogLines]:
        """What has come since the last look, the verdict last of all; empty after that.

        SupervisorLost when nobody owns the run any more and there is no verdict.
        """
        if self.verdict is not None:
            return []
        events = self._last or self._new_events()
        first = _explanation(events)
        said: list[Event | LogLines] = [*events[:first], *self._new_lines()]
        events = events[first:]
        if any(isinstance(event, VerdictReached) for event in events):
            self._last = events
            if any(tail.more for tail in self._tails.values()):
                return said
        for event in events:
            if isinstance(event, ProcessEnded):
                said += self._rest_of(event.name)
            if isinstance(event, VerdictReached):
                for name in self._tails:
                    said += self._rest_of(name)
                self.verdict = event
            said.append(event)
            if self.verdict is not None:
                break
        return said

    def _new_events(self) -> list[Event]:
        now = time.monotonic()
        data = self._events.read()
        if data:
            self._heard = now
            self._alone_since = None
            return list(registry.parse_events(data.splitlines(), every=self._every))
        if now - self._heard < _QUIET and self._file_seen is None:
            return []
        return self._when_quiet(now)

    def _when_quiet(self, now: float) -> list[Event]:
        """No events for a while: has the run a verdict that no event told, or no owner?"""
        if now - self._looked < _EVENT_AFTER_FILE:
            return []
        self._looked = now
        alive = registry.is_alive(self.folder)
        verdict = registry.verdict(self.folder)
        if verdict is not None:
            if self._file_seen is not None:
                return [verdict]
            self._file_seen = now
        elif alive or registry.may_start(self.folder):
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since >= LOST:
            raise lost(self.folder)
        return []

    def _new_lines(self) -> Iterator[LogLines]:
        if not self._with_logs:
            return
        for name in self._names():
            tail = self._tails.get(name)
            if tail is None:
                tail = self._tails[name] = Tail(self.folder.log(name))
            if data := tail.read():
                yield LogLines(name, data, tail.begins)

    def _names(self) -> list[str]:
        if self._only is not None:
            return [self._only]
        return [name for name in logs.names(self.folder.logs) if name not in logs.OWN_LOGS]

    def _rest_of(self, name: str) -> Iterator[LogLines]:
        tail = self._tails.get(name)
        if tail is None or tail.more:
            return
        for data in tail.drain():
            yield LogLines(name, data, tail.begins)

    def _skip(self, earlier: int) -> None:
        for name in self._names() if self._with_logs else ():
            start, _ = logs.span_of_last(self.folder.log(name), earlier)
            self._tails[name] = Tail(self.folder.log(name), start)


def _explanation(events: Sequence[Event]) -> int:
    """How many events to tell before what models have said meanwhile.

    What they say when a run is ended, of a broken federation for instance, is a consequence. Where
    a model itself is the cause, its last words come first.
    """
    for index, event in enumerate(events):
        if isinstance(event, ProcessEnded | VerdictReached):
            return 0
        if isinstance(event, Stopping) and event.model is None:
            return index + 1
    return 0


def lost(folder: RunFolder) -> SupervisorLost:
    """The failure of a run that nobody owns and that has no verdict."""
    return SupervisorLost(
        f"the supervisor of {folder.run_id} is gone and left no verdict",
        f"What is left of the run is removed by: {command('teardown', folder.run_id)}\n"
        f"  Its last words are in {folder.log('supervisor')}",
    )
