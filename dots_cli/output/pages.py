"""What `validate` and `plan` show a person: aligned plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dots_cli.definition import Definition, Scenario
from dots_cli.definition.durations import as_text
from dots_cli.definition.git_source import parse as parse_git_url
from dots_cli.plan.coverage import Coverage
from dots_cli.plan.model import ContainerSpec, Plan


def columns(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> Iterator[str]:
    """Rows as lines, each column as wide as its longest cell; `right` are those of numbers."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))] if rows else []
    numbers = set(right)
    for row in rows:
        cells = [
            cell.rjust(width) if n in numbers else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def coverage_page(coverage: Coverage) -> Iterator[str]:
    """Which service starts what, and what nobody simulates."""
    rows = [("SERVICE", "ESDL TYPE", "OBJECTS", "MODELS")]
    rows += [
        (s.name, s.esdl_type, str(s.objects), model_range(s.models)) for s in coverage.services
    ]
    yield from (
        columns(rows, right=[2]) if coverage.services else ["No service simulates any of it."]
    )
    yield from _uncovered(coverage)


def plan_page(
    plan: Plan, scenario: Scenario, definition: Definition, coverage: Coverage
) -> Iterator[str]:
    """A plan on one page."""
    simulation, limits = plan.simulation, plan.limits
    calculations = plan.federation.declared_calculations
    yield f"{scenario.path} with {definition.path}"
    yield from columns(
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
    )
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
    yield from columns(rows, right=[2, 4])
    yield from _uncovered(coverage)
    if plan.variables:
        yield ""
        yield f"Variables of your environment: {', '.join(plan.variables)}"


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


def _uncovered(coverage: Coverage) -> Iterator[str]:
    if coverage.without_service:
        listed = ", ".join(f"{name} ({count})" for name, count in coverage.without_service)
        yield ""
        yield f"Without a service: {listed}"
