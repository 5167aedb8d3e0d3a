"""What `pause`, `resume`, `stop` and `teardown` say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from dots_cli.definition.shell import command
from dots_cli.output import console, run_tables
from dots_cli.output.progress import moment
from dots_cli.output.summary import verdict_line
from dots_cli.output.waiting import Waiting
from dots_cli.output.words import plural
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs.platform import Removed
from dots_cli.runs.state import RunState
from dots_cli.runs.steer import NotTornDown, TornDown


def wait(what: str, looks: Iterable[RunState]) -> RunState:
    """Go through the looks, saying what the run does meanwhile; the last of them."""
    state: RunState | None = None
    with Waiting(what) as waiting:
        for state in looks:
            waiting.look(state)
    assert state is not None
    return state


def print_moment(folder: RunFolder, state: RunState, what: str, *, json: bool) -> None:
    """The run is paused, or goes on, at a simulated time."""
    if json:
        console.print_json(run_tables.to_data(folder, state))
    elif state.verdict is not None:
        console.print_result(verdict_line(state, state.verdict))
    else:
        console.print_result(f"{state.run_id} {what} at {moment(state)}")
        if state.phase == "paused":
            console.say(f"Go on with: {command('resume', state.run_id)}")


def print_end(folder: RunFolder, state: RunState, *, json: bool) -> None:
    """The run has ended."""
    assert state.verdict is not None
    if json:
        console.print_json(run_tables.to_data(folder, state))
    else:
        console.print_result(verdict_line(state, state.verdict))


def watch_teardown(
    looks: Iterable[RunState | TornDown | NotTornDown], *, json: bool
) -> tuple[list[TornDown], list[NotTornDown]]:
    """Go through the looks at one run after the other, saying what there was of each.

    Returns those of which nothing is left, and the others, of which nothing is said yet.
    """
    done, failed = [], []
    for run_id, of_one in groupby(looks, lambda look: look.run_id):
        with Waiting(f"ending {run_id}") as waiting:
            for item in of_one:
                match item:
                    case RunState():
                        waiting.look(item)
                    case TornDown():
                        done.append(item)
                    case NotTornDown():
                        failed.append(item)
        if not json and done and done[-1].run_id == run_id:
            console.print_result(_torn_down(done[-1]))
    return done, failed


def print_torn_down(done: Sequence[TornDown], removed: Removed | None, *, json: bool) -> None:
    """All of it for a program: runs first, then the platform if that was removed; for a person
    only that there was nothing."""
    if json:
        keys = ("run_id", "was_running", "processes", "containers")
        data: list[object] = [{key: getattr(item, key) for key in keys} for item in done]
        if removed is not None and removed.anything:
            told = {"containers": removed.containers, "volumes": list(removed.volumes)}
            data.append({"platform": removed.project} | told)
        console.print_json(data)
    elif not done and removed is None:
        console.say("Nothing is running.")


def _torn_down(item: TornDown) -> str:
    words = []
    if item.was_running:
        words.append("ended")
    if item.processes:
        words.append(f"ended {plural(item.processes, 'process', 'processes')} left without owner")
    if item.containers:
        words.append(f"removed {plural(item.containers, 'container', 'containers')}")
    return f"{item.run_id}: {', '.join(words) or 'nothing was left of it'}"
