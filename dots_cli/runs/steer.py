"""Asks a run's supervisor for something and waits until it has happened.

Each generator yields the run's state at every look, so that whoever waits can say what for; the
last one is the state that was asked for.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dots_cli.errors import DotsError, EnvironmentFailure, SupervisorLost, UsageError
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs import containers, leftovers, registry
from dots_cli.runs.follow import POLL, Follower, lost
from dots_cli.runs.state import RunState, advance
from dots_cli.runtime import control, guard
from dots_cli.runtime.control import Request
from dots_cli.runtime.events import Event

POLITE = 90.0
"""Seconds for a run to end after it was asked to; more than a polite stop can take."""

AT_ONCE = 20.0
"""Seconds for a run to end after it was asked to end at once."""

_RELEASE = 5.0
_MESSAGE = "supervisor and guard of the run were killed; it was left to `dots teardown`"


def pause(folder: RunFolder) -> Iterator[RunState]:
    """Hold simulated time at the end of the step that is being computed.

    A run that does not simulate yet pauses as soon as it does. UsageError where it has ended or
    ends before.
    """
    _must_go_on(folder)
    asked_in = None
    for now in _looks(folder):
        yield now
        if now.phase == "paused":
            return
        if now.phase != asked_in:
            # One asked while models join may not have been there yet when simulated time began.
            asked_in = now.phase
            control.send(folder, Request("pause"))
    raise _ended(folder, "paused")


def resume(folder: RunFolder) -> Iterator[RunState]:
    """Let a paused run go on; the last state is "paused" where it paused again before the next
    look, as a run does that is to pause at a time. UsageError where it is not paused.
    """
    _must_go_on(folder)
    paused_since = None
    for now in _looks(folder):
        if paused_since is None and now.phase not in ("paused", "ended"):
            raise UsageError(f"{folder.run_id} is not paused, it is {now.phase}")
        yield now
        if now.phase != "paused" or paused_since not in (None, now.since):
            return
        if paused_since is None:
            paused_since = now.since
            control.send(folder, Request("resume"))


def stop(folder: RunFolder, *, at_once: bool = False) -> Iterator[RunState]:
    """End the run; its models write what they have, unless `at_once`.

    A run that has ended already is left as it is. SupervisorLost where nobody owns it.
    """
    if registry.verdict(folder) is None:
        if registry.state(folder).phase == "lost":
            raise lost(folder)
        control.send(folder, Request("stop", now=at_once))
    yield from _looks(folder)


@dataclass(frozen=True)
class TornDown:
    """What `teardown` found of one run."""

    run_id: str
    was_running: bool
    processes: int
    """Processes that were left without an owner."""
    containers: int = 0
    """Containers that were removed."""


@dataclass(frozen=True)
class NotTornDown:
    """A run of which something may still be there, and why."""

    run_id: str
    why: DotsError | OSError


def needs_teardown(folder: RunFolder) -> bool:
    """Whether anything of that run may still be there."""
    unended = registry.verdict(folder) is None or registry.is_alive(folder)
    return unended or containers.may_have_some(folder)


def teardown_all(folders: Iterable[RunFolder]) -> Iterator[RunState | TornDown | NotTornDown]:
    """`teardown` of one run after the other; what one of them fails in keeps no other waiting."""
    for folder in folders:
        try:
            yield from teardown(folder)
        except (DotsError, OSError) as error:
            yield NotTornDown(folder.run_id, error)


def teardown(folder: RunFolder) -> Iterator[RunState | TornDown]:
    """End the run politely, then remove whatever is left of it; the last item says what that was.

    Folder, logs and results stay. A run that lost its supervisor has a verdict afterwards.
    EnvironmentFailure where processes cannot be ended, or containers not removed.
    """
    alive = registry.is_alive(folder) or registry.may_start(folder)
    if alive:
        yield from _end_within(folder, Request("stop"), POLITE)
        if registry.is_alive(folder):
            yield from _end_within(folder, Request("stop", now=True), AT_ONCE)
        _wait_until_gone(folder)
    count = leftovers.end_leftovers(folder)
    if left := leftovers.find_leftovers(folder):
        pids = ", ".join(map(str, left))
        raise EnvironmentFailure(
            f"processes of {folder.run_id} cannot be ended: {pids}", "End them by hand."
        )
    if registry.verdict(folder) is None:
        guard.write_verdict(folder.path, _MESSAGE)
    removed = containers.remove(folder)
    yield TornDown(folder.run_id, alive, count, removed)


def wait_until_released(folder: RunFolder, seconds: float = _RELEASE) -> bool:
    """Wait for a supervisor that has left its verdict to end; whether it has."""
    deadline = time.monotonic() + seconds
    while registry.is_alive(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL / 2)
    return True


def _end_within(folder: RunFolder, request: Request, seconds: float) -> Iterator[RunState]:
    if registry.verdict(folder) is None:
        control.send(folder, request)
    deadline = time.monotonic() + seconds
    with contextlib.suppress(SupervisorLost):
        yield from _looks(folder, deadline)
    wait_until_released(folder, max(0.0, min(_RELEASE, deadline - time.monotonic())))


def _wait_until_gone(folder: RunFolder) -> None:
    """Supervisor and guard need a moment to end after the lock is free."""
    deadline = time.monotonic() + _RELEASE
    while leftovers.find_leftovers(folder) and time.monotonic() < deadline:
        if registry.is_alive(folder):
            return
        time.sleep(POLL)


def _looks(folder: RunFolder, deadline: float = float("inf")) -> Iterator[RunState]:
    """The state at every look, until there is a verdict or nobody owns the run."""
    follower = Follower(folder, with_logs=False)
    state = registry.planned_state(folder)
    while True:
        for event in follower.poll():
            if isinstance(event, Event):
                state = advance(state, event)
        if follower.more:
            continue  # what it was long ago is of no interest
        yield state
        if follower.verdict is not None or time.monotonic() > deadline:
            return
        time.sleep(POLL)


def _must_go_on(folder: RunFolder) -> None:
    state = registry.state(folder)
    if state.verdict is not None:
        words = state.verdict.verdict.replace("_", " ")
        raise UsageError(f"{folder.run_id} has ended already: {words}")
    if state.phase == "lost":
        raise lost(folder)


def _ended(folder: RunFolder, before: str) -> UsageError:
    verdict = registry.verdict(folder)
    words = verdict.verdict.replace("_", " ") if verdict else "no verdict"
    return UsageError(f"{folder.run_id} ended before it was {before}: {words}")
