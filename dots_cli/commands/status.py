"""`dots status`: how far a run is and who takes part."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands.options import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def status(
        run: Run = None,
        json: Annotated[bool, typer.Option("--json", help="Print the state as JSON.")] = False,
    ) -> None:
        """Show how far a run is, whom it waits for, and its processes.

        Without RUN the newest. Below it the platform, which runs in containers share.
        """
        from dots_cli.output import console, run_tables
        from dots_cli.output.platform import print_platform
        from dots_cli.runs import containers, leftovers, platform, registry
        from dots_cli.runs.state import without_gone

        there = platform.look()
        if there is not None and run is None and not registry.runs():
            if json:
                console.print_json({"platform": platform.as_data(there)})
            else:
                print_platform(there)
            return
        folder = registry.find(run)
        state = registry.state(folder)
        survivors = containers.survivors([folder]).get(folder.run_id, [])
        if state.phase in ("ended", "lost") and not registry.is_alive(folder):
            state = without_gone(state, [*survivors, *leftovers.still_there(folder, state)])
        if json:
            data = run_tables.to_data(folder, state) | {"left_over": survivors}
            console.print_json(data | {"platform": there and platform.as_data(there)})
            return
        run_tables.print_status(folder, state, survivors)
        if there is not None:
            print_platform(there)
