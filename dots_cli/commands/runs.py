"""`dots runs`: list the runs."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def runs(
        json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    ) -> None:
        """List the runs, the newest first."""
        from dots_cli.definition.shell import command
        from dots_cli.output import console, run_tables
        from dots_cli.runs import containers
        from dots_cli.runs.registry import glance
        from dots_cli.runs.registry import runs as all_runs

        seen = [(folder, glance(folder)) for folder in all_runs()]
        if json:
            console.print_json([run_tables.brief_data(folder, state) for folder, state in seen])
        elif seen:
            run_tables.print_runs([state for _, state in seen])
            if left := run_tables.left_over(containers.survivors([folder for folder, _ in seen])):
                console.say(left)
        else:
            console.say(f"There are no runs yet. Start one with: {command('run', 'scenario.esdl')}")
