"""`dots stop`: end a run."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands.options import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def stop(
        run: Run = None,
        now: Annotated[
            bool, typer.Option("--now", help="At once; models write nothing any more.")
        ] = False,
        json: Annotated[bool, typer.Option("--json", help="Print the state as JSON.")] = False,
    ) -> None:
        """End a run; its models write what they have.

        Without RUN the newest. Returns when the run has ended; the exit code is 0 then, however
        it ended.
        """
        from dots_cli.output.steering import print_end, wait
        from dots_cli.runs import registry, steer

        folder = registry.find(run, living=True)
        state = wait(f"stopping {folder.run_id}", steer.stop(folder, at_once=now))
        print_end(folder, state, json=json)
