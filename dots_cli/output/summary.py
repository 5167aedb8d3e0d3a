"""How a run ended: the verdict and its results on stdout, where to look next on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dots_cli.definition.shell import command
from dots_cli.errors import DotsError, ExitCode
from dots_cli.output import console
from dots_cli.output.logs import clean, shorten
from dots_cli.output.words import date, number, plural, span, whole_span
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs.logs import LogLines, last_lines
from dots_cli.runs.state import RunState

if TYPE_CHECKING:
    from dots_cli.runtime.events import VerdictReached

LAST_LINES = 20

_LOG_OF_CAUSE = {"conductor": "conductor", "store": "store", "bug": "supervisor"}


def print_summary(folder: RunFolder, state: RunState) -> None:
    """Verdict, how long, points per ESDL type; for a failure the last lines of who failed."""
    verdict = state.verdict
    assert verdict is not None
    failed = verdict.verdict not in ("succeeded", "stopped")
    if failed:
        _print_last_words(folder, verdict)
    _print_verdict(state, verdict)
    sys.stdout.flush()
    succeeded = verdict.verdict == "succeeded"
    with_results = _may_have_results(state) and print_points(folder, expected=succeeded)
    sys.stdout.flush()
    _print_where_next(folder, verdict, with_results)


def verdict_line(state: RunState, verdict: VerdictReached) -> str:
    """`two-houses-ab12cd succeeded after 12 s, 24 h simulated`."""
    words = verdict.verdict.replace("_", " ")
    took = span(max(0.0, verdict.at - state.created)) if state.created else ""
    line = f"{state.run_id} {words}" + (f" after {took}" if took else "")
    if verdict.verdict == "succeeded":
        return f"{line}: {_simulated(state)}"
    reached = f" (simulated until {date(state.date)})" if state.date and state.simulated else ""
    first, *hints = verdict.message.split("\n")
    return "\n".join([f"{line}: {first}{reached}", *(f"  {hint}" for hint in hints)])


def print_points(folder: RunFolder, *, expected: bool = False) -> bool:
    """The table of points per ESDL type; whether there are any.

    That there are none is said where they were `expected`.
    """
    try:
        rows = points(folder)
    except DotsError as error:
        console.warn(error.message, error.hint)
        return False
    if not rows:
        if expected:
            console.say(
                "No results: no model has written any; the simulated time may be shorter than"
                " their steps."
            )
        return False
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("ESDL type", overflow="fold")
    for name in ("objects", "points"):
        table.add_column(name, justify="right", no_wrap=True)
    for esdl_type, objects, count in rows:
        table.add_row(esdl_type, number(objects), number(count))
    console.result().print(table)
    return True


def points(folder: RunFolder) -> list[tuple[str, int, int]]:
    """(ESDL type, simulated objects, points) of a run, sorted by type; empty without any point.

    A type that was simulated and has no points is there too. StoreFailure where the store cannot
    be read.
    """
    from dots_cli.results.opening import open_results, read_plan

    plan = read_plan(folder)
    with open_results(folder, plan) as results:
        counts = results.counts()
    if not any(counts.values()):
        return []
    objects: dict[str, set[str]] = {name: set() for name in counts}
    for model in plan.models:  # of two services each may simulate the same objects
        objects.setdefault(model.esdl_type, set()).update(item.id for item in model.objects)
    return [(name, len(ids), counts.get(name, 0)) for name, ids in sorted(objects.items())]


def _may_have_results(state: RunState) -> bool:
    """Whether a model was started: a store that is not there is no news before that."""
    return any(process.role == "model" for process in state.processes) or bool(state.external)


def _print_verdict(state: RunState, verdict: VerdictReached) -> None:
    line = verdict_line(state, verdict)
    style = {"succeeded": "bold green", "stopped": "bold yellow"}.get(verdict.verdict, "bold red")
    console.result().print(line, style=style, soft_wrap=True)
    if sys.stderr.isatty() and not sys.stdout.isatty():
        console.say(line, style)


def _print_last_words(folder: RunFolder, verdict: VerdictReached) -> None:
    name = verdict.model or _LOG_OF_CAUSE.get(verdict.cause)
    if name is None or verdict.cause == "definition":  # the message says it all
        return
    path = folder.log(name)
    data = last_lines(path, LAST_LINES)
    if not data.strip():
        console.say(f"{name} has written nothing to its log")
        return
    lines = list(LogLines(name, data if data.endswith(b"\n") else data + b"\n").texts())
    console.say(f"The last {plural(len(lines), 'line')} of {name}:", "bold")
    for line in lines:
        console.say(f"  {shorten(clean(line, colours=False), path)}")


def _print_where_next(folder: RunFolder, verdict: VerdictReached, with_results: bool) -> None:
    run = folder.run_id
    rows = [("logs", str(folder.logs))]
    if verdict.exit_code == ExitCode.MODEL and verdict.model:
        rows.append(("more", command("logs", verdict.model, "--run", run)))
    if with_results:
        if _is_in_grafana(folder):
            rows.append(("Grafana", command("open", run)))
        rows.append(("values", command("results", run)))
        rows.append(("as CSV", command("export", run, "-o", "FOLDER")))
    for label, text in rows:
        console.say(f"{label:<7} {text}")


def _is_in_grafana(folder: RunFolder) -> bool:
    """Whether Grafana of the platform shows the run."""
    containers = folder.read_json(folder.plan).get("containers", [])
    return any(container.get("role") == "grafana" for container in containers)


def _simulated(state: RunState) -> str:
    if state.duration is None:
        return "simulated to the end"
    whole = f"{whole_span(state.duration)} simulated"
    if state.start is None or state.date is None:
        return whole
    return f"{whole}, {date(state.start)} to {date(state.date)}"
