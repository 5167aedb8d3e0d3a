"""Results as tables for a person and as data for a program."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from dots_cli.definition.shell import command
from dots_cli.output import console
from dots_cli.output.words import date, number, plural, width
from dots_cli.plan.model import Plan
from dots_cli.results.export import Exported
from dots_cli.results.interface import FieldSummary, Scope, Summary
from dots_cli.runs.state import RunState

if TYPE_CHECKING:
    from rich.table import Table

_INDENT = "  "
_GAP = 2
"""Columns between two of a table."""

_LEAST_NAME = 16
"""Columns that a folded name of a field takes at least."""


def print_summary(summary: Summary) -> None:
    """A line for every ESDL type and field; what is left out is told on stderr."""
    target = console.result()
    table = _wide(summary.fields)
    unlimited = target.options.update(width=10_000)
    if target.measure(table, options=unlimited).maximum <= target.width:
        target.print(table)
    else:
        _print_narrow(summary.fields)
    print_left_out(summary)


def _wide(fields: Sequence[FieldSummary]) -> Table:
    names = ("objects", "points", "first", "last", "min", "mean", "max")
    table = _table(("ESDL type", "field", "unit"), names)
    before = ""
    for field in fields:
        table.add_row(
            field.esdl_type if field.esdl_type != before else "",
            field.field,
            field.unit or "",
            number(field.objects),
            number(field.points),
            _moment(field.first),
            _moment(field.last),
            *_figures(field),
        )
        before = field.esdl_type
    return table


def _print_narrow(fields: Sequence[FieldSummary]) -> None:
    """What fields of a type have in common stands above them, so that 80 columns suffice.

    Names are folded where they are too long, figures never: where there is no room for a name
    beside them, each has a line of its own.
    """
    from rich.padding import Padding

    target = console.result()
    head = ("unit", "points", "min", "mean", "max")
    rows = [(field.unit or "", number(field.points), *_figures(field)) for field in fields]
    widths = [max(map(width, column)) for column in zip(head, *rows, strict=True)]
    longest = max(width(field.field) for field in fields) + len(_INDENT)
    left = target.width - sum(widths) - _GAP * len(widths)
    room = min(max(longest, len("  field")), left)
    cells = iter(rows)
    groups = groupby(fields, key=lambda f: (f.esdl_type, f.objects, f.first, f.last))
    for (esdl_type, objects, first, last), group in groups:
        span = f"{_moment(first)} to {_moment(last)}"
        heading = f"{esdl_type}: {plural(objects, 'object')}, {span}"
        target.print(heading, style="bold", soft_wrap=True)
        if room < min(longest, _LEAST_NAME):
            for field in group:
                _print_record(field.field, dict(zip(head, next(cells), strict=True)))
            continue
        table = _table(("field", "unit"), head[1:], head="dim")
        table.columns[0].width = room - len(_INDENT)
        for column, columns in zip(table.columns[1:], widths, strict=True):
            column.width = columns
        for field in group:
            table.add_row(field.field, *next(cells))
        target.print(Padding(table, (0, 0, 0, len(_INDENT)), expand=False))


def _print_record(name: str, figures: dict[str, str]) -> None:
    """A field with a line for each of its figures, for the narrowest of windows."""
    target = console.result()
    target.print(f"{_INDENT}{name}", soft_wrap=True)
    for label, figure in figures.items():
        if figure:
            target.print(f"{_INDENT * 2}{label:<6} {figure}", soft_wrap=True)


def _table(left: Sequence[str], right: Sequence[str], head: str = "bold") -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style=head)
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def print_left_out(summary: Summary) -> None:
    """How many points are in the store and are no results."""
    if summary.outside:
        console.say(f"Left out: {plural(summary.outside, 'point')} outside the simulated time.")
    if summary.others:
        console.say(f"Left out: {plural(summary.others, 'point')} of another simulation_id.")


def print_nothing_yet(plan: Plan, going_on: bool) -> None:
    """That a run has no results, and why that can be."""
    if going_on:
        console.say(f"{plan.run_id} has no results yet; most models write theirs at the end.")
    else:
        console.say(f"{plan.run_id} has no results: none of its models has written any.")
        console.say(f"  See how it ended: {command('status', plan.run_id)}")


def print_going_on(plan: Plan) -> None:
    """That more may come."""
    console.say(f"{plan.run_id} is still going on; this is what its models have written so far.")


def print_how_it_ended(state: RunState) -> None:
    """That a run did not come to its end: its results are what there was until then."""
    verdict = state.verdict
    if state.phase == "lost":
        how = "was lost: nobody knows how it ended"
    elif verdict is None or verdict.verdict == "succeeded":
        return
    else:
        how = f"{verdict.verdict.replace('_', ' ')}: {verdict.message.partition(chr(10))[0]}"
    how = how.rstrip(".")
    console.say(f"{state.run_id} {how}; this is what its models had written until then.")


def print_exported(files: Sequence[Exported]) -> None:
    """The files that were written."""
    for file in files:
        console.print_result(f"{file.path}  {plural(file.rows, 'row')}")


def summary_data(summary: Summary, scope: Scope, state: RunState) -> dict[str, Any]:
    """A summary for a program.

    Keys: run_id, state (the verdict, or the phase of a run that has none), start and end of the
    simulated time, outside, others (points left out) and results: esdl_type, field, kind, unit,
    objects, points, first, last, min, mean, max. Moments in ISO 8601 without a zone; min, mean and
    max are null for booleans and strings.
    """
    return {
        "run_id": scope.run_id,
        "state": state.verdict.verdict if state.verdict else state.phase,
        "start": scope.start.isoformat(sep=" "),
        "end": scope.end.isoformat(sep=" "),
        "outside": summary.outside,
        "others": summary.others,
        "results": [_field_data(field) for field in summary.fields],
    }


def exported_data(files: Sequence[Exported]) -> list[dict[str, Any]]:
    """The files that were written, for a program: esdl_type, path, rows."""
    return [{"esdl_type": f.esdl_type, "path": str(f.path), "rows": f.rows} for f in files]


def _field_data(field: FieldSummary) -> dict[str, Any]:
    return {
        "esdl_type": field.esdl_type,
        "field": field.field,
        "kind": field.kind,
        "unit": field.unit,
        "objects": field.objects,
        "points": field.points,
        "first": field.first.isoformat(sep=" "),
        "last": field.last.isoformat(sep=" "),
        "min": field.minimum,
        "mean": field.mean,
        "max": field.maximum,
    }


def _moment(moment: datetime) -> str:
    """A simulated moment, its seconds only where it has some."""
    return date(moment).removesuffix(":00")


def _figures(field: FieldSummary) -> list[str]:
    figures = (field.minimum, field.mean, field.maximum)
    return ["" if figure is None else f"{figure:.6g}" for figure in figures]
