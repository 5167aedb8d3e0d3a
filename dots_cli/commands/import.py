"""`dots import`: a DOTS request becomes a scenario and a service definition."""

# ruff: noqa: N999  the module of a verb is called as the verb

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("import")
    def import_(
        request: Annotated[Path, typer.Argument(help="The DOTS request, a JSON file.")],
        output: Annotated[
            Path, typer.Option("--output", "-o", metavar="FOLDER", help="The folder to write to.")
        ],
        esdl: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="The ESDL file of a request that does not hold it."),
        ] = None,
        force: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Turn a DOTS request into a scenario and a service definition.

        Writes scenario.esdl and services.yaml, and says what cannot be carried over. `dots run
        REQUEST` does the same and runs it.
        """
        from dataclasses import asdict

        from dots_cli.definition import Overrides
        from dots_cli.definition.check import read_both
        from dots_cli.definition.shell import command
        from dots_cli.errors import InputError, Problem, UsageError
        from dots_cli.output import console
        from dots_cli.output.pages import coverage_page
        from dots_cli.plan.coverage import coverage_of
        from dots_cli.render.imported import write_imported
        from dots_cli.render.target import writing

        scenario, definition = read_both(request, None, Overrides(), esdl)
        if scenario.request is None:
            what = "the file is no DOTS request"
            hint = "A request is a JSON file; an ESDL file is run as it is: `dots run FILE`."
            raise InputError("1 problem", problems=[Problem(request, 0, what, hint)])
        with writing(output):
            names = ("scenario.esdl", "services.yaml")
            taken = [name for name in names if (output / name).exists()]
            if taken and not force:
                hint = "Name another folder, or replace them with `--force`."
                raise UsageError(f"{output} holds {' and '.join(taken)} already", hint)
            own = output / "scenario.services.yaml"
            if own.exists():
                hint = "Name another folder, or move that file away."
                raise UsageError(f"{own} is there, and would be taken before services.yaml", hint)
            written = write_imported(output, scenario, definition)
        console.print_problems(definition.warnings)
        coverage = coverage_of(scenario, definition.services)
        if as_json:
            services = [asdict(service) for service in coverage.services]
            without = dict(coverage.without_service)
            console.print_json(
                {
                    "written": [str(path) for path in written],
                    "coverage": {"services": services, "without_service": without},
                }
            )
            return
        console.print_result(f"Written: {' and '.join(str(path) for path in written)}")
        for line in coverage_page(coverage):
            console.print_result(line)
        console.say(f"Look it through, then: {command('run', written[0])}")
