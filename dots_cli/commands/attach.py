"""`dots attach`: what `dots run` shows, of a run that was started before."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands.options import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def attach(
        run: Run = None,
        json: Annotated[
            bool, typer.Option("--json", help="Print what happens as JSON lines.")
        ] = False,
    ) -> None:
        """Show a run as `dots run` does, from any terminal; ends with the run's exit code.

        Without RUN the newest. Of what models said before only the last lines are shown. As in
        `dots run`, Ctrl-C stops the run; to leave it running press Ctrl-\\ (on Windows, close the
        window).
        """
        from dots_cli.output.live import show_run
        from dots_cli.runs import registry

        raise typer.Exit(show_run(registry.find(run, living=True), json=json, from_start=False))
