"""What a run is doing, in words: the lines that stay below a terminal, and those for a pipe."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from dots_cli.definition.shell import command
from dots_cli.output.interrupts import LEAVE_KEY
from dots_cli.output.logs import clean
from dots_cli.output.screen import Styled
from dots_cli.output.words import date, number, plural, some, span
from dots_cli.runs.state import RunState
from dots_cli.runtime import events as happened
from dots_cli.runtime.events import Event
from dots_cli.runtime.os_processes import describe_exit

_WINDOW = 10.0
_STANDING = 2.0
_SHOWN_PREPARATIONS = 4
_BAR = 16
_NARROW = 60
"""Columns that the usual lines fit into, so that changing a wider window wraps none of them."""


class Speed:
    """How fast simulated time passes: over the last ten seconds, pauses left out."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque()

    def take(self, event: Event) -> None:
        """Learn from an event; all events may be given."""
        match event:
            case happened.Executing():
                self._begin(event.at, 0.0)
            case happened.Paused() | happened.Stopping() | happened.SimulationEnded():
                self._points.clear()
            case happened.Resumed():
                self._points.clear()
            case happened.Progress(simulated=simulated):
                self._points.append((event.at, simulated))
                while len(self._points) > 2 and event.at - self._points[1][0] > _WINDOW:
                    self._points.popleft()

    @property
    def rate(self) -> float | None:
        """Simulated seconds per second; None before two moments are known."""
        if len(self._points) < 2:
            return None
        (first, before), (last, after) = self._points[0], self._points[-1]
        return (after - before) / (last - first) if last > first and after > before else None

    def left(self, state: RunState, now: float) -> float | None:
        """Seconds until the simulated end at this speed; None where nobody can tell."""
        rate = self.rate
        if rate is None or state.duration is None:
            return None
        since = now - self._points[-1][0]
        return max(0.0, (state.duration - self._points[-1][1]) / rate - since)

    def _begin(self, at: float, simulated: float) -> None:
        self._points.clear()
        self._points.append((at, simulated))


@dataclass(frozen=True)
class Bar:
    """The letters of a bar."""

    full: str = "━"
    empty: str = "─"

    def draw(self, part: float, columns: int) -> str:
        """The bar with `part` (0 to 1) of it full."""
        filled = round(part * columns)
        return self.full * filled + self.empty * (columns - filled)


def area(state: RunState, speed: Speed, now: float, columns: int, bar: Bar) -> list[Styled]:
    """The lines that stay: what the run does at `now` (seconds since 1970), and whom it waits for.

    Not more than six; without their indentation in a narrow window.
    """
    lines = _area(state, speed, now, columns, bar)
    if columns >= _NARROW:
        return lines
    return [Styled(" ".join(line.text.split()), line.style) for line in lines]


def _area(state: RunState, speed: Speed, now: float, columns: int, bar: Bar) -> list[Styled]:
    passed = span(int(max(0.0, now - state.since)))
    match state.phase:
        case "starting":
            return [Styled("Starting", "bold")]
        case "preparing":
            return [*_preparing(state, now), _keys()]
        case "joining":
            return [Styled(f"Joining     {_joining(state, now)}", "bold"), _keys()]
        case "simulating":
            return [*_simulating(state, speed, now, columns, bar), _keys()]
        case "paused":
            again = Styled(f"            go on with: {command('resume', state.run_id)}")
            line = f"Paused      for {passed} at {moment(state)}"
            return [Styled(line, "yellow"), again, _keys()]
        case "writing":
            return [Styled(f"Writing     {_writing(state)} ({passed})", "bold"), _keys()]
        case "stopping":
            left = state.running_models
            waiting = f", waiting for {some(left)}" if left else ""
            again = Styled("            Ctrl-C again ends it at once", "dim")
            return [Styled(f"Stopping    for {passed}{waiting}", "yellow"), again]
    return []


def told(event: Event, before: RunState, after: RunState) -> tuple[str, str] | None:
    """An event that a person should find in the scrollback too: its line and style."""
    match event:
        case happened.Notice(message=message, severity=severity):
            return message, "yellow" if severity == "warning" else ""
        case happened.Prepared(service=service, seconds=seconds, cached=False):
            return f"{service} is ready after {span(seconds)}", ""
        case happened.Paused():
            return f"paused at {moment(after)}", "yellow"
        case happened.Resumed():
            return "resumed", ""
        case happened.Stopping(reason=reason):
            return f"stopping: {_first_line(reason)}", "yellow"
        case happened.ProcessEnded(name=name, role=role, code=code, detail=detail) if code != 0:
            calm = "" if before.phase == "stopping" else "red"
            return f"{known_as(name, role)} {detail or describe_exit(code)}", calm
    return None


class Milestones:
    """The lines for a pipe: rare, each whole by itself."""

    def __init__(self) -> None:
        self._percent = 0
        self._at = 0.0
        self._joining_at = 0.0
        self._standing_at = 0.0

    def of(self, event: Event, state: RunState, speed: Speed) -> str | None:
        """The line that an event is worth, where `told` has none; `state` is the one after it."""
        match event:
            case happened.RunStarted(models=models, runtime=runtime):
                return f"run {state.run_id}: {plural(len(models), 'model')}, runtime {runtime}"
            case happened.Preparing(service=service, what=what):
                return _prepares(service, what)
            case happened.Joining(missing=missing, waited=waited) if missing:
                if waited < 2 or not self._is_due("_joining_at", event.at):
                    return None
                return f"joining: {_joining(state, event.at)}"
            case happened.HandedOut():
                return "every model has joined and has received the scenario"
            case happened.Executing():
                return f"simulating {_span_of(state)}"
            case happened.Waiting(waited=waited) if waited >= _STANDING:
                if not self._is_due("_standing_at", event.at):
                    return None
                if state.phase == "joining":
                    return f"joining: {_joining(state, event.at)}"
                return f"at {moment(state)}: {_standing(state, event.at)}"
            case happened.Progress():
                return self._progress(event.at, state, speed)
            case happened.SimulationEnded():
                return "simulated to the end; the models write their results"
        return None

    def _progress(self, at: float, state: RunState, speed: Speed) -> str | None:
        percent = int(state.done * 10) * 10
        recent = at - self._at < 1.0
        if recent or (percent <= self._percent and at - self._at < 60.0):
            return None
        self._percent, self._at = percent, at
        return f"{moment(state)}{_pace(state, speed, at)}"

    def _is_due(self, which: str, at: float) -> bool:
        if at - getattr(self, which) < 10.0:
            return False
        setattr(self, which, at)
        return True


def known_as(name: str, role: str) -> str:
    """What a person knows a process by: a model by its name, one of ours by what it does."""
    return name if role == "model" else role


def phase_words(state: RunState, now: float, *, where: bool = True) -> str:
    """One sentence on what a run does, for `status` and whoever waits.

    Without `where` it tells no simulated time.
    """
    match state.phase:
        case "preparing" if state.preparing:
            return "; ".join(_prepares(p.service, p.what) for p in state.preparing)
        case "joining":
            return _joining(state, now)
        case "simulating":
            standing = _standing(state, now)
            return ", ".join(filter(None, [moment(state) if where else "", standing]))
        case "paused":
            return f"at {moment(state)}" if where else ""
        case "writing":
            return _writing(state)
        case "stopping":
            left = state.running_models
            waiting = f", waiting for {some(left)}" if left else ""
            return _first_line(state.stop_reason) + waiting
        case "lost":
            return "its supervisor is gone and left no verdict"
    return ""


def moment(state: RunState) -> str:
    """Where simulated time stands: `2024-01-01 12:00:00 (50%)`."""
    if state.date is None:
        return f"{number(state.simulated)} simulated s"
    share = f" ({state.done:.0%})" if state.duration else ""
    return f"{date(state.date)}{share}"


def _preparing(state: RunState, now: float) -> list[Styled]:
    if not state.preparing:
        return [Styled("Preparing", "bold")]
    lines = [
        Styled(
            f"Preparing   {_prepares(p.service, p.what)} ({span(int(max(0.0, now - p.since)))})",
            "bold",
        )
        for p in state.preparing[:_SHOWN_PREPARATIONS]
    ]
    more = len(state.preparing) - len(lines)
    return lines if more <= 0 else [*lines, Styled(f"            and {more} more")]


def _prepares(service: str, what: str) -> str:
    """One line, whatever a builder has printed."""
    what = clean(what.rstrip().replace("\n", " "), colours=False)
    return what if service in what else f"{service}: {what}"


def _joining(state: RunState, now: float) -> str:
    if not state.missing:
        if not state.joined:
            return plural(len(state.models), "model")
        what = "receive the scenario" if state.join_phase == 1 else "begin"
        standing = _standing(state, now)
        return f"all have joined and {what}" + (f", {standing}" if standing else "")
    waited = span(int(max(0.0, now - state.missing_since)))
    all_of_them = len(state.joined) + len(state.missing)
    return f"{len(state.joined)} of {all_of_them}, for {waited} waiting for {some(state.missing)}"


def _simulating(state: RunState, speed: Speed, now: float, columns: int, bar: Bar) -> list[Styled]:
    part = f"{state.done:4.0%}"
    when = f"  {date(state.date)}" if state.date else ""
    room = min(_BAR, columns - len("Simulating  ") - len(part) - len(when) - 3)
    if room < 0:
        when = ""
    drawn = f"  {bar.draw(state.done, room)}" if room >= 5 else ""
    lines = [Styled(f"Simulating{drawn}  {part}{when}", "bold")]
    if standing := _standing(state, now):
        lines.append(Styled(f"            {standing}", "yellow"))
    elif pace := _pace(state, speed, now):
        lines.append(Styled(f"            {pace.removeprefix(', ')}"))
    else:
        lines.append(Styled(f"            {_span_of(state)}"))
    return lines


def _standing(state: RunState, now: float) -> str:
    if state.waiting_since is None or now - state.waiting_since < _STANDING:
        return ""
    waited = span(int(now - state.waiting_since))
    whom = some(state.holders) if state.holders else "the federation"
    return f"for {waited} waiting for {whom}"


def _pace(state: RunState, speed: Speed, now: float) -> str:
    rate, left = speed.rate, speed.left(state, now)
    if rate is None or left is None:
        return ""
    return f", {number(rate)} simulated s per s, about {span(left if left < 1 else int(left))} left"


def _writing(state: RunState) -> str:
    left = state.running_models
    return f"results; still at it: {some(left)}" if left else "results"


def _span_of(state: RunState) -> str:
    if state.start is None or state.duration is None:
        return "the federation"
    from datetime import timedelta

    return f"{date(state.start)} to {date(state.start + timedelta(seconds=state.duration))}"


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]


def _keys() -> Styled:
    leave = f", {LEAVE_KEY} leaves it running" if LEAVE_KEY else ""
    return Styled(f"            Ctrl-C stops the run{leave}", "dim")
