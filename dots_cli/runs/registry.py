"""The runs of this user: which there are, which one is meant, and how each is doing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from dots_cli.definition.shell import command
from dots_cli.definition.visible import visible
from dots_cli.errors import EnvironmentFailure, UsageError
from dots_cli.render.run_folder import FOLDER_FORMAT, RunFolder, data_home
from dots_cli.runs.state import RunState, advance, planned
from dots_cli.runtime import os_processes
from dots_cli.runtime.events import Event, VerdictReached

STARTING = 20.0
"""Seconds that a new run's supervisor has for taking its lock before it counts as lost."""

_LISTED = 8
_COLLAPSED = (b'"event": "progress"', b'"event": "waiting"')


def runs() -> list[RunFolder]:
    """Every run of this user, the newest first. EnvironmentFailure where no run can be kept."""
    home = data_home() / "runs"
    if not home.is_dir():
        _require_folders(home)
        return []
    found = []
    for path in home.iterdir():
        folder = RunFolder(path)
        if not path.name.startswith(".") and folder.about.is_file():
            found.append((created(folder), path.name, folder))
    return [folder for _, _, folder in sorted(found, key=lambda f: f[:2], reverse=True)]


def find(run: str | None = None, *, only: bool = False, living: bool = False) -> RunFolder:
    """The run that is meant: by id, by an unambiguous prefix, by its name, or the newest.

    Where several runs have the name, the newest of them is meant; with `only` that is an error.
    With `living` the one of them that goes on is meant, and several that do are an error.
    UsageError, with those that could be meant, where there is no such run or there are several,
    and for a run that a later version has made.
    """
    known = runs()
    if not known:
        raise UsageError(
            "there are no runs yet", f"Start one with: {command('run', 'scenario.esdl')}"
        )
    folder = known[0] if run is None else _meant(run, known, only, living)
    if (made_as := _about(folder).get("format", FOLDER_FORMAT)) != FOLDER_FORMAT:
        raise UsageError(
            f"{folder.run_id} was made by a version of dots that keeps runs in format {made_as}; "
            f"this one reads {FOLDER_FORMAT}",
            "Use that version of dots for it.",
        )
    return folder


def _require_folders(home: Path) -> None:
    for path in (home, *home.parents):
        if path.exists() and not path.is_dir():
            raise EnvironmentFailure(
                f"runs cannot be kept in {home}: {path} is not a folder",
                "Set DOTS_HOME to a folder.",
            )


def _meant(run: str, known: list[RunFolder], only: bool, living: bool) -> RunFolder:
    for folder in known:
        if folder.run_id == run:
            return folder
    named = [folder for folder in known if name(folder) == run]
    if living and len(named) > 1 and (going_on := [f for f in named if goes_on(f)]):
        named, only = going_on, True
    if len(named) == 1 or (named and not only):
        return named[0]
    matching = named or [folder for folder in known if run and folder.run_id.startswith(run)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UsageError(f"{len(matching)} runs could be meant by {run!r}", _list(matching))
    raise UsageError(f"there is no run {run!r}", _list(known))


def is_alive(folder: RunFolder) -> bool:
    """Whether the run's supervisor lives: it holds the lock as long as it does."""
    return os_processes.is_locked(folder.lock)


def goes_on(folder: RunFolder) -> bool:
    """Whether the run has an owner, or gets one in a moment, and no verdict."""
    return (is_alive(folder) or may_start(folder)) and verdict(folder) is None


def name(folder: RunFolder) -> str | None:
    """What the run was called with `--name`; control characters, once allowed, are escaped."""
    given = _about(folder).get("name")
    return visible(str(given)) if given else None


def created(folder: RunFolder) -> float:
    """When the run was made, in seconds since 1970."""
    value = _about(folder).get("created", 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def verdict(folder: RunFolder) -> VerdictReached | None:
    """How the run ended; None while it has not."""
    try:
        data = folder.read_json(folder.verdict)
        at = folder.verdict.stat().st_mtime
    except (OSError, ValueError):
        return None
    if not data:
        return None
    return VerdictReached(
        at=at,
        verdict=data["verdict"],
        cause=data.get("cause", ""),
        model=data.get("model"),
        message=data.get("message", ""),
        exit_code=int(data["exit_code"]),
    )


def planned_state(folder: RunFolder) -> RunState:
    """A run's state before its first event: what run.json and plan.json say."""
    state = _bare_state(folder)
    try:
        return planned(folder.read_json(folder.plan), state)
    except (OSError, ValueError, KeyError, TypeError):
        return state


def state(folder: RunFolder) -> RunState:
    """What a run is doing, or how it ended.

    A run that nobody owns and that has no verdict is in the phase `lost`, except for the first
    seconds in which its supervisor starts.
    """
    alive = is_alive(folder)
    ended = verdict(folder)  # after the lock: a supervisor leaves its verdict before it lets go
    now = planned_state(folder)
    for event in read_events(folder):
        now = advance(now, event)
    if now.verdict is None and ended is not None:
        now = advance(now, ended)
    if now.verdict is None and not alive and not may_start(folder):
        now = replace(now, phase="lost", since=now.seen or now.created)
    return now


def glance(folder: RunFolder) -> RunState:
    """As `state`, but of a run that has ended only when and how: for long lists."""
    ended = verdict(folder)
    if ended is None or is_alive(folder):
        return state(folder)
    return advance(_bare_state(folder), ended)


def may_start(folder: RunFolder) -> bool:
    """Whether a supervisor that holds no lock yet may still be on its way."""
    return not folder.lock.exists() and time.time() - created(folder) < STARTING


def read_events(folder: RunFolder) -> Iterator[Event]:
    """The events so far; of those that only tell a time, the last before each other one."""
    try:
        stream = folder.events.open("rb")
    except OSError:
        return
    with stream:
        yield from parse_events(stream)


def parse_events(lines: Iterable[bytes], *, every: bool = False) -> Iterator[Event]:
    """The events of lines of `events.jsonl`.

    Of those that only tell a time, the last before each other one, or with `every` all of them:
    a long run has a hundred times as many of these as of the others.
    """
    held = b""
    for line in lines:
        if not every and line.startswith(b'{"at"') and any(k in line[:80] for k in _COLLAPSED):
            held = line
            continue
        yield from parse_event(held)
        yield from parse_event(line)
        held = b""
    yield from parse_event(held)


def parse_event(line: bytes) -> Iterator[Event]:
    """The event of a line of `events.jsonl`, none where it is not one.

    A writer that was killed may leave half a line, which the next one's line then continues.
    """
    if not line.strip():
        return
    text = line.decode("utf-8", errors="replace")
    for part in (text, text[max(0, text.rfind('{"at"')) :]):
        try:
            event = Event.from_json(part)
        except (ValueError, TypeError, AttributeError):
            continue
        if event is not None:
            yield event
        return


def _bare_state(folder: RunFolder) -> RunState:
    about = _about(folder)
    return RunState(
        run_id=folder.run_id,
        name=name(folder),
        scenario=str(about.get("scenario", "")),
        runtime=str(about.get("runtime", "")),
        created=created(folder),
        since=created(folder),
    )


def _about(folder: RunFolder) -> dict[str, object]:
    try:
        return folder.read_json(folder.about)
    except (OSError, json.JSONDecodeError):
        return {}


def _list(folders: list[RunFolder]) -> str:
    shown = []
    for folder in folders[:_LISTED]:
        called = name(folder)
        shown.append(f"{folder.run_id} ({called})" if called else folder.run_id)
    more = len(folders) - len(shown)
    rest = f" and {more} more; see `dots runs`" if more else ""
    return "The runs are: " + ", ".join(shown) + rest
