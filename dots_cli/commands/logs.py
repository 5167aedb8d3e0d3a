"""`dots logs`: what the models of a run say."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands import completing


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def logs(
        model: Annotated[
            str | None,
            typer.Argument(
                help="One model, or conductor, store, supervisor. Default: all models.",
                autocompletion=completing.models,
            ),
        ] = None,
        run: Annotated[
            str | None,
            typer.Option(
                "--run",
                help="The run's id, the beginning of it, its name.",
                autocompletion=completing.runs,
            ),
        ] = None,
        follow: Annotated[
            bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")
        ] = False,
        tail: Annotated[
            int | None, typer.Option("--tail", "-n", min=0, help="Only the last lines of each.")
        ] = None,
        timestamps: Annotated[
            bool,
            typer.Option("--timestamps", "-t", help="When each was said; in containers only."),
        ] = False,
        json: Annotated[
            bool, typer.Option("--json", help="Print every line as a JSON object.")
        ] = False,
    ) -> None:
        """Show what the models of a run say, every line of it.

        Without --run the newest run. Several models have their names before each line; the log of
        one alone is printed as it is.
        """
        from dots_cli.output.log_listing import print_logs
        from dots_cli.runs import registry

        folder = registry.find(run)
        print_logs(folder, model, follow=follow, tail=tail, json=json, timestamps=timestamps)
