"""Shows a run while it goes: what models say, above what the run is doing, then how it ended."""

from __future__ import annotations

import contextlib
import errno
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Literal

from dots_cli.definition.shell import command
from dots_cli.output import progress, summary
from dots_cli.output.interrupts import Interrupts
from dots_cli.output.invitations import invitation
from dots_cli.output.logs import PIPE, SCREEN, Thinner, clean, shorten
from dots_cli.output.progress import Bar, Milestones, Speed
from dots_cli.output.screen import Screen, silence, unread
from dots_cli.output.words import number
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs import registry
from dots_cli.runs.follow import POLL, Follower
from dots_cli.runs.logs import LogLines
from dots_cli.runs.state import advance
from dots_cli.runtime import control
from dots_cli.runtime.events import Event, External, ProcessEnded

OURS = "dots"
EARLIER = 20
"""Lines of each model that `attach` shows of what was said before."""


def show_run(
    folder: RunFolder,
    *,
    json: bool = False,
    logs: bool = True,
    from_start: bool = True,
    interrupts: Interrupts | None = None,
) -> int:
    """Show a run until it ends; returns its exit code.

    `json` prints the events as JSON lines on stdout and nothing else. Without `from_start` only
    the last lines are shown of what models said before. Ctrl-C and SIGTERM stop the run, Ctrl-C
    once more at once; a caller that started the run may have collected them in `interrupts`
    already. SupervisorLost when nobody owns the run any more and there is no verdict.
    """
    follower = Follower(
        folder, from_start=from_start, with_logs=logs and not json, earlier=EARLIER, every=json
    )
    with interrupts or Interrupts() as signals:
        shown: _Events | _Show = _Events() if json else _Show(folder)
        steering = _Steering(folder, signals, shown)
        try:
            while follower.verdict is None:
                came = follower.poll()
                shown.take(came)
                if steering.leaves():
                    return 0
                if follower.verdict is None and not follower.more:
                    time.sleep(POLL)
        finally:
            shown.close()
    if isinstance(shown, _Show):
        with _read_or_not():
            summary.print_summary(folder, shown.state)
    return follower.verdict.exit_code


@contextlib.contextmanager
def _read_or_not() -> Iterator[None]:
    """A reader that has gone gets nothing more, and how the run ended stays what it is."""
    for stream in (sys.stdout, sys.stderr):
        if unread(stream):
            silence(stream)
    try:
        yield
    except BrokenPipeError:
        silence(sys.stdout)
        silence(sys.stderr)


class _Events:
    """For a program: the events as they are, on stdout."""

    def __init__(self) -> None:
        self._screen = Screen(sys.stdout, moves=False)

    def take(self, came: Iterable[Event | LogLines]) -> None:
        self._screen.show([item.to_json() for item in came if isinstance(item, Event)])
        if self._screen.gone:
            raise BrokenPipeError(errno.EPIPE, "nobody reads the events any more")

    def say(self, text: str, style: str = "") -> None:
        return

    def redraw(self) -> None:
        return

    def close(self) -> None:
        return


class _Show:
    """For a person: log lines and what happens, on stderr."""

    def __init__(self, folder: RunFolder) -> None:
        self.state = registry.planned_state(folder)
        self._folder = folder
        self._screen = Screen(sys.stderr)
        self._thinner = Thinner(SCREEN if self._screen.moves else PIPE)
        self._milestones = Milestones()
        self._speed = Speed()
        self._order: dict[str, int] = {}
        self._pad = len(OURS)
        self._bar = Bar() if self._screen.letters("━─", "") else Bar("#", "-")
        self._expect(self.state.models)

    def take(self, came: Iterable[Event | LogLines]) -> None:
        lines: list[str] = []
        now = time.monotonic()
        for item in came:
            if isinstance(item, LogLines):
                for data in self._thinner.take(item, now):
                    lines += self._said(item.model, data)
            else:
                lines += self._happened(item)
        for flood in self._thinner.due(now):
            lines += self._flood(*flood)
        self._draw(lines)

    def say(self, text: str, style: str = "") -> None:
        self._draw(self._own(text, style))

    def redraw(self) -> None:
        self._screen.forget()

    def close(self) -> None:
        self._screen.close()

    def _happened(self, event: Event) -> list[str]:
        before = self.state
        self.state = advance(before, event)
        self._speed.take(event)
        lines: list[str] = []
        if self.state.models != before.models:
            self._expect(self.state.models)
        if isinstance(event, ProcessEnded):
            for flood in self._thinner.finish(event.name):
                lines += self._flood(*flood)
        if self.state.verdict is not None:
            for flood in self._thinner.finish_all():
                lines += self._flood(*flood)
        if isinstance(event, External):
            lines += invitation(event)
        elif told := progress.told(event, before, self.state):
            lines += self._own(*told)
        elif not self._screen.moves and (
            milestone := self._milestones.of(event, self.state, self._speed)
        ):
            lines += self._own(milestone)
        return lines

    def _said(self, model: str, data: bytes) -> list[str]:
        prefix = self._prefix(model)
        path = self._folder.log(model)
        lines = [clean(text, self._screen.colours) for text in LogLines(model, data).texts()]
        if self._screen.moves:
            lines = [shorten(line, path) for line in lines]
        return [prefix + line for line in lines]

    def _flood(self, model: str, hidden: int, last: bytes) -> list[str]:
        lines = []
        if hidden:
            text = f"... {number(hidden)} lines of {model} not shown, see {self._folder.log(model)}"
            lines.append(self._prefix(model) + self._screen.paint(text, "dim"))
        return lines + self._said(model, last) if last else lines

    def _own(self, text: str, style: str = "") -> list[str]:
        prefix = self._screen.paint(f"{OURS:<{self._pad}} | ", "bold")
        painted = [self._screen.paint(line, style) for line in text.splitlines()]
        return [prefix + line for line in painted]

    def _prefix(self, model: str) -> str:
        if model not in self._order:
            self._expect((model,))
        return self._screen.tint(f"{model:<{self._pad}} | ", self._order[model])

    def _expect(self, models: Iterable[str]) -> None:
        for model in models:
            self._order.setdefault(model, len(self._order))
            self._pad = max(self._pad, len(model))

    def _draw(self, lines: list[str]) -> None:
        if not self._screen.moves:
            self._screen.show(lines)
            return
        area = progress.area(self.state, self._speed, time.time(), self._screen.columns, self._bar)
        self._screen.show(lines, area)


class _Steering:
    """Turns what a person asks through the terminal into requests to the supervisor."""

    def __init__(self, folder: RunFolder, signals: Interrupts, shown: _Events | _Show) -> None:
        self._folder = folder
        self._signals = signals
        self._shown = shown
        self._asked = 0

    def leaves(self) -> bool:
        """Act on what came; whether the run is to be left to itself."""
        while (wish := self._signals.next()) is not None:
            match wish:
                case "interrupt":
                    self._stop("interrupted")
                case "terminate":
                    self._stop("terminated")
                case "continued":
                    self._shown.redraw()
                case "leave":
                    again = command("attach", self._folder.run_id)
                    self._shown.say(f"the run goes on; see it again with: {again}")
                    return True
        return False

    def _stop(self, reason: Literal["interrupted", "terminated"]) -> None:
        self._asked += 1
        at_once = self._asked > 1
        try:
            control.send(self._folder, control.Request("stop", reason=reason, now=at_once))
        except OSError as error:
            self._shown.say(f"cannot ask the run to stop: {error}", "red")
            return
        if at_once:
            self._shown.say("ending the run at once", "yellow")
        else:
            self._shown.say("stopping the run; once more ends it at once", "yellow")
