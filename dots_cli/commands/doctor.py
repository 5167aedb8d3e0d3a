"""`dots doctor`: what of this machine runs need, and how it is."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def doctor(
        json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    ) -> None:
        """Look at what runs need of this machine; each with what to do.

        The exit code is 4 where something would make a run fail, else 0.
        """
        from dots_cli.errors import ExitCode
        from dots_cli.output.doctoring import print_data, print_findings
        from dots_cli.runs.doctor import look
        from dots_cli.runs.findings import any_problem

        found = list(look())
        if json:
            print_data(found, well=not any_problem(found))
        else:
            print_findings(found)
        if any_problem(found):
            raise typer.Exit(ExitCode.ENVIRONMENT)
