"""`dots pause`: hold a run's simulated time."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands.options import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def pause(
        run: Run = None,
        json: Annotated[bool, typer.Option("--json", help="Print the state as JSON.")] = False,
    ) -> None:
        """Hold a run's simulated time, at the end of the step that is being computed.

        Without RUN the newest. Returns when the run is quiet; `dots resume` lets it go on.
        """
        from dots_cli.output.steering import print_moment, wait
        from dots_cli.runs import registry, steer

        folder = registry.find(run, living=True)
        state = wait(f"pausing {folder.run_id}", steer.pause(folder))
        print_moment(folder, state, "paused", json=json)
