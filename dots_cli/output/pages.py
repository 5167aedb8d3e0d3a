"""What `validate` and `plan` show a person: aligned plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from dots_cli.definition import Definition, Scenario
from dots_cli.definition.durations import as_text
from dots_cli.definition.git_source import parse as parse_git_url
from dots_cli.plan.coverage import Coverage
from dots_cli.plan.model import ContainerSpec, Plan

_LABELS = len("  federation  ")
_INDENT = "  "
_NARROWEST = 20
"""Letters that a line needs to hold words."""


def columns(
    rows: Sequence[Sequence[str]], right: Iterable[int] = (), window: int | None = None
) -> Iterator[str]:
    """Rows as lines, each column as wide as its longest cell; `right` are those of numbers.

    What does not fit into `window` letters comes below its row, with the name that the first row
    gives it: as many of the last columns as need be.
    """
    numbers, count = set(right), len(rows[0]) if rows else 0
    whole = list(_aligned(rows, numbers))
    if window is None or _widest(whole) <= window:
        yield from whole
        return
    parts = {n: list(_aligned([row[:n] for row in rows], numbers)) for n in range(1, count)}
    kept = max((n for n, lines in parts.items() if _widest(lines) <= window), default=1)
    names = [name.lower() for name in rows[0]]
    rest = [
        [f"{names[n]} {cell}" for n, cell in enumerate(row) if cell and n >= kept]
        for row in rows[1:]
    ]
    together = [["  ".join(each)] for each in rest]
    if _widest(line for (line,) in together) + len(_INDENT) <= window:
        rest = together
    for line, below in zip(parts[kept], [[], *rest], strict=True):
        yield line
        yield from (f"{_INDENT}{text}" for text in below if text)


def wrapped(text: str, window: int | None, indent: str = _INDENT) -> Iterator[str]:
    """A sentence as lines of at most `window` letters; no word is broken."""
    if window is None or len(text) <= window or window - len(indent) < _NARROWEST:
        yield text
        return
    yield from textwrap.wrap(
        text, window, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _widest(lines: Iterable[str]) -> int:
    return max(map(len, lines), default=0)


def _aligned(rows: Sequence[Sequence[str]], right: Collection[int]) -> Iterator[str]:
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = [
            cell.rjust(width) if n in right else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def coverage_page(coverage: Coverage, window: int | None = None) -> Iterator[str]:
    """Which service starts what, and what nobody simulates, `window` letters wide where it can."""
    rows = [("SERVICE", "ESDL TYPE", "OBJECTS", "MODELS")]
    rows += [
        (s.name, s.esdl_type, str(s.objects), model_range(s.models)) for s in coverage.services
    ]
    yield from (
        columns(rows, [2], window) if coverage.services else ["No service simulates any of it."]
    )
    yield from _uncovered(coverage, window)


def plan_page(
    plan: Plan,
    scenario: Scenario,
    definition: Definition,
    coverage: Coverage,
    window: int | None = None,
) -> Iterator[str]:
    """A plan on one page, `window` letters wide where it can."""
    simulation, limits = plan.simulation, plan.limits
    calculations = plan.federation.declared_calculations
    yield from wrapped(f"{scenario.path} with {definition.path}", window)
    for line in columns(
        [
            (
                "  simulated",
                f"{as_text(simulation.duration)} from {simulation.start}"
                f" (log level {simulation.log_level})",
            ),
            (
                "  limits",
                f"{as_text(limits.join)} to join, {as_text(limits.step)} for a step,"
                f" {as_text(limits.run)} for the run",
            ),
            ("  runtime", plan.runtime),
            ("  store", plan.store.url or "of dots itself"),
            (
                "  federation",
                f"{len(plan.models)} models, "
                + (
                    f"{calculations} calculations"
                    if calculations is not None
                    else "which report how many calculations they have where a ? stands"
                ),
            ),
        ]
    ):
        yield from wrapped(line, window, indent=" " * _LABELS)
    yield ""
    started = {c.name: c for c in plan.containers}
    rows = [("SERVICE", "ESDL TYPE", "OBJECTS", "MODELS", "CALCULATIONS", "FROM")]
    for service, covered in zip(definition.services, coverage.services, strict=True):
        spec = started[covered.models[0]] if covered.models else None
        rows.append(
            (
                service.name,
                service.esdl_type,
                str(covered.objects),
                model_range(covered.models),
                "?" if service.calculations is None else str(service.calculations),
                _origin(spec, plan, definition),
            )
        )
    yield from columns(rows, [2, 4], window)
    yield from _uncovered(coverage, window)
    if plan.variables:
        yield ""
        yield from wrapped(f"Variables of your environment: {', '.join(plan.variables)}", window)


def _origin(spec: ContainerSpec | None, plan: Plan, definition: Definition) -> str:
    """The image or folder that a model comes from, seen from the definition's folder."""
    if spec is None:
        return ""
    if plan.runtime == "docker" and spec.image and not spec.build:
        return spec.image
    if spec.git:
        return parse_git_url(spec.git).short
    folder, around = Path(spec.source or ""), definition.path.absolute().parent
    return str(folder.relative_to(around)) if folder.is_relative_to(around) else str(folder)


def model_range(models: Sequence[str]) -> str:
    """`none`, `pv-1`, `pv-1 and pv-2`, `pv-1 to pv-7 (7)`."""
    if not models:
        return "none"
    if len(models) <= 2:
        return " and ".join(models)
    return f"{models[0]} to {models[-1]} ({len(models)})"


def _uncovered(coverage: Coverage, window: int | None) -> Iterator[str]:
    if left := coverage.without_service:
        # No line ends between a name and its count.
        listed = ", ".join(f"{name}\N{NO-BREAK SPACE}({count})" for name, count in left)
        yield ""
        for line in wrapped(f"Without a service: {listed}", window):
            yield line.replace("\N{NO-BREAK SPACE}", " ")
