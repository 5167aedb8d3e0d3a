"""`dots validate`: every problem of a scenario and its definition, and what they cover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from dots_cli.commands import options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dots_cli.errors import Problem
    from dots_cli.plan.coverage import Coverage


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def validate(
        scenario: options.Scenario,
        services: options.Services = None,
        as_json: options.AsJson = False,
    ) -> None:
        """Check a scenario and its service definition; report every problem.

        Shows which service would simulate what, and which objects have none.
        """
        from dots_cli.definition import read
        from dots_cli.errors import InputError
        from dots_cli.output import console
        from dots_cli.output.pages import coverage_page
        from dots_cli.plan.coverage import coverage_of

        try:
            found, definition = read(scenario, services)
        except InputError as failure:
            if not as_json:
                raise
            console.print_json(_as_data(False, failure.problems, None))
            raise typer.Exit(failure.exit_code) from None
        coverage = coverage_of(found, definition.services)
        if as_json:
            console.print_json(_as_data(True, definition.warnings, coverage))
            return
        console.print_problems(definition.warnings)
        for line in coverage_page(coverage, console.window()):
            console.print_result(line)
        console.say(f"{scenario} and {definition.path} can be run.")


def _as_data(valid: bool, problems: Iterable[Problem], coverage: Coverage | None) -> dict[str, Any]:
    from dataclasses import asdict

    data: dict[str, Any] = {
        "valid": valid,
        "problems": [{**asdict(p), "file": str(p.file)} for p in problems],
        "coverage": None,
    }
    if coverage is not None:
        data["coverage"] = {
            "services": [asdict(service) for service in coverage.services],
            "without_service": dict(coverage.without_service),
        }
    return data
