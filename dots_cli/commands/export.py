"""`dots export`: a run's results as CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dots_cli.commands.options import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def export(
        output: Annotated[
            Path, typer.Option("--output", "-o", help="The folder to write to; made if missing.")
        ],
        run: Run = None,
        json: Annotated[
            bool, typer.Option("--json", help="Print the list of files as JSON.")
        ] = False,
    ) -> None:
        """Write a run's results as CSV, one file per ESDL type with a column per output.

        Without RUN the newest. The same results give the same bytes.
        """
        from dots_cli.output import console
        from dots_cli.output import results as shown
        from dots_cli.output.words import plural
        from dots_cli.results.export import export as write
        from dots_cli.results.export import others
        from dots_cli.results.opening import open_results, read_plan
        from dots_cli.runs import registry

        folder = registry.find(run)
        going_on = registry.is_alive(folder)
        plan = read_plan(folder)
        with open_results(folder, plan, console.say) as results:
            files = write(results, output)
        left = others(output, files)
        if json:
            console.print_json(shown.exported_data(files))
        elif files:
            shown.print_exported(files)
            if going_on:
                shown.print_going_on(plan)
        else:
            shown.print_nothing_yet(plan, going_on)
        if files and not going_on:
            shown.print_how_it_ended(registry.glance(folder))
        if left:
            names = ", ".join(left[:3]) + (", ..." if len(left) > 3 else "")
            what = plural(len(left), "other CSV file")
            console.say(f"Not of this export: {what} in {output} ({names})")
