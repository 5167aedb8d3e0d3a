"""Runs as tables for a person and as data for a program."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from dots_cli.definition.shell import command
from dots_cli.output import console
from dots_cli.output.invitations import waiting_for
from dots_cli.output.progress import known_as, phase_words
from dots_cli.output.words import clock, cut, date, plural, span, width
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs.state import ModelPhase, ModelState, RunState
from dots_cli.runtime.os_processes import describe_exit

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

SHORT_ID = 12
"""Letters of a container's id that are enough for the Docker CLI."""

_GAP = 2
"""Columns between two of a table."""

_SHORTENED = {"name", "scenario"}
_LEAST_NAME = 12
_DISPENSABLE = ("scenario", "took", "started", "name")
"""Columns that a narrow window does without, the least important first."""

_STYLES = {"succeeded": "green", "stopped": "yellow", "paused": "yellow", "lost": "red"}


def outcome(state: RunState) -> str:
    """The verdict in words, or the phase of a run that has none yet."""
    return state.verdict.verdict.replace("_", " ") if state.verdict else state.phase


def outcome_style(state: RunState) -> str:
    """The colour of `outcome`."""
    word = outcome(state)
    return _STYLES.get(word, "red" if state.verdict else "cyan")


def print_runs(states: Sequence[RunState]) -> None:
    """One line for every run; in a narrow window with short names, then without some columns."""
    now = time.time()
    rows = [_brief(state, now) for state in states]
    target = console.result()
    widths = _fitting({name: [row[name] for row in rows] for name in rows[0]}, target.width)
    table = _table(*widths)
    table.width = sum(widths.values()) + _GAP * (len(widths) - 1)
    for column in table.columns:
        column.no_wrap = True
        column.justify = "right" if column.header == "took" else "left"
    for row, state in zip(rows, states, strict=True):
        cells: list[Any] = [cut(row[name], columns) for name, columns in widths.items()]
        cells[list(widths).index("state")] = _styled(row["state"], outcome_style(state))
        table.add_row(*cells)
    target.print(table, crop=False)


def _brief(state: RunState, now: float) -> dict[str, str]:
    reached = f" {state.done:.0%}" if state.phase in ("simulating", "paused") else ""
    return {
        "run": state.run_id,
        "name": state.name or "",
        "state": outcome(state) + reached,
        "scenario": PurePath(state.scenario).name,
        "started": clock(state.created),
        "took": span(_took(state, now)),
    }


def _fitting(cells: Mapping[str, Sequence[str]], room: int) -> dict[str, int]:
    """The columns that fit into so much room, each with its width; always `run` and `state`."""
    widths = {name: max(map(width, (name, *column))) for name, column in cells.items()}
    empty = [name for name in _DISPENSABLE if not any(cells[name])]
    for dropped in ("", *empty, *_DISPENSABLE):
        widths.pop(dropped, None)
        while (over := sum(widths.values()) + _GAP * (len(widths) - 1) - room) > 0:
            longest = max(_SHORTENED & widths.keys(), key=lambda name: widths[name], default="")
            if not longest or widths[longest] <= _LEAST_NAME:
                break
            widths[longest] -= 1
        if over <= 0:
            break
    return widths


def left_over(survivors: Mapping[str, Sequence[str]]) -> str:
    """Containers that run although their run has no owner any more, and what to do."""
    count = sum(map(len, survivors.values()))
    if not count:
        return ""
    run = "runs" if count == 1 else "run"
    hint = "; ".join(command("teardown", run_id) for run_id in survivors)
    return f"{plural(count, 'container', 'containers')} without owner still {run}: {hint}"


def print_status(folder: RunFolder, state: RunState, survivors: Sequence[str] = ()) -> None:
    """What a run is doing, and its processes; `survivors` are containers without an owner."""
    now = time.time()
    rows: list[tuple[str, Any]] = [
        ("run", state.run_id + (f" ({state.name})" if state.name else "")),
        ("state", _styled(outcome(state), outcome_style(state))),
    ]
    if state.verdict:
        rows.append(("", state.verdict.message if state.verdict.exit_code else ""))
        rows.append(("exit code", str(state.verdict.exit_code)))
    else:
        rows.append(("", phase_words(state, now, where=False)))
    rows += [
        ("simulated", _simulated(state)),
        ("scenario", state.scenario),
        ("started", clock(state.created)),
        ("took", span(_took(state, now))),
        ("runtime", state.runtime),
        ("folder", str(folder.path)),
        ("left over", left_over({state.run_id: survivors})),
    ]
    facts = _table("", "", headed=False)
    for label, value in rows:
        if value:
            facts.add_row(label, value)
    console.result().print(facts)
    if state.models:
        console.print_result()
        console.result().print(_processes(state))
    for line in waiting_for(state):
        console.print_result(line)


def to_data(folder: RunFolder, state: RunState) -> dict[str, Any]:
    """A run for a program. Moments in seconds since 1970, simulated ones in seconds from `start`.

    Keys: run_id, name, state (the verdict, or the phase), phase, since, created, scenario,
    runtime, folder, start (ISO 8601), duration, simulated, models and others (name, role, state,
    code, pid), external (model, env_file, shell, launch, launch_file), preparing, joined, missing,
    holders, waiting_since, verdict.
    """
    verdict = state.verdict
    return {
        "run_id": state.run_id,
        "name": state.name,
        "state": verdict.verdict if verdict else state.phase,
        "phase": state.phase,
        "since": state.since,
        "created": state.created,
        "scenario": state.scenario,
        "runtime": state.runtime,
        "folder": str(folder.path),
        "start": state.start.isoformat(sep=" ") if state.start else None,
        "duration": state.duration,
        "simulated": state.simulated,
        "models": [asdict(state.model(model)) for model in state.models],
        "others": [asdict(_process(state, name)) for name in _others(state)],
        "external": [asdict(invitation) for invitation in state.external],
        "preparing": [asdict(preparation) for preparation in state.preparing],
        "joined": list(state.joined),
        "missing": list(state.missing),
        "holders": list(state.holders),
        "waiting_since": state.waiting_since,
        "verdict": asdict(verdict) if verdict else None,
    }


def brief_data(folder: RunFolder, state: RunState) -> Mapping[str, Any]:
    """A run of a list for a program: the keys of `to_data` that need no look into its events."""
    keys = ("run_id", "name", "state", "created", "scenario", "runtime", "folder", "verdict")
    whole = to_data(folder, state)
    return {key: whole[key] for key in keys}


def _processes(state: RunState) -> Table:
    boxed = state.runtime == "docker"
    table = _table("process", "state", "container" if boxed else "pid")
    table.columns[-1].justify = "left" if boxed else "right"
    rows = [state.model(model) for model in state.models]
    rows += [_process(state, name) for name in _others(state)]
    if boxed:  # The platform's store goes on when it is done with the run.
        rows = [row for row in rows if row.name != "store" or row.code]
    for row in rows:
        words, style = _words_of(row, over=state.phase in ("ended", "lost"))
        handle = (row.pid or "") if row.state != "exited" else ""
        table.add_row(row.name, _styled(words, style), handle[:SHORT_ID] if boxed else handle)
    return table


def _words_of(row: ModelState, *, over: bool) -> tuple[str, str]:
    """What a process does or how it ended, and the colour of that."""
    if row.code is not None:
        return describe_exit(row.code), "red" if row.code else ""
    match row.state:
        case "missing":
            return "has not joined yet", "yellow"
        case "external":
            return "external, " + ("was not started" if over else "yours to start"), "yellow"
        case "exited":
            return "ended", ""
    return row.state, ""


def _others(state: RunState) -> list[str]:
    return list(dict.fromkeys(p.name for p in state.processes if p.role != "model"))


def _process(state: RunState, name: str) -> ModelState:
    process = state.process(name)
    assert process is not None
    phase: ModelPhase = "running" if process.ended is None else "exited"
    return ModelState(known_as(name, process.role), phase, process.code, process.handle)


def _simulated(state: RunState) -> str:
    if state.duration is None:
        return ""
    whole = f"of {span(state.duration)}"
    models = f", {plural(len(state.models), 'model')}"
    if state.phase == "ended" and not state.simulated:
        return f"no progress seen {whole}{models}"  # a day can pass between two looks
    if state.date is None:
        return f"{span(state.simulated)} {whole}{models}"
    return f"{date(state.date)}, {state.done:.0%} {whole}{models}"


def _took(state: RunState, now: float) -> float:
    end = state.verdict.at if state.verdict else (state.seen if state.phase == "lost" else now)
    return max(0.0, end - state.created)


def _table(*columns: str, headed: bool = True) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=headed, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("run", "state", "pid"))
    return table


def _styled(text: str, style: str) -> Text:
    from rich.text import Text

    return Text(text, style=style)
