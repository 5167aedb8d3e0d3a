"""`dots resume`: let a paused run go on."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands.options import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def resume(
        run: Run = None,
        json: Annotated[bool, typer.Option("--json", help="Print the state as JSON.")] = False,
    ) -> None:
        """Let a paused run go on.

        Without RUN the newest. Returns when the run goes on.
        """
        from dots_cli.output.steering import print_moment, wait
        from dots_cli.runs import registry, steer

        folder = registry.find(run, living=True)
        state = wait(f"resuming {folder.run_id}", steer.resume(folder))
        word = "went on and paused again" if state.phase == "paused" else "resumed"
        print_moment(folder, state, word, json=json)
