"""`dots teardown`: end runs and remove what they started."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands import completing


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def teardown(
        run: Annotated[
            str | None,
            typer.Argument(
                help="Its id, the beginning of it, or its name.",
                autocompletion=completing.runs,
            ),
        ] = None,
        volumes: Annotated[
            bool,
            typer.Option("--volumes", help="The data of the platform too; none is kept yet."),
        ] = False,
        json: Annotated[bool, typer.Option("--json", help="Print what was ended as JSON.")] = False,
    ) -> None:
        """End a run politely and remove its processes; folder, logs and results stay.

        Without RUN this ends every run of this user.
        """
        from dots_cli.output.steering import tear_down
        from dots_cli.runs import registry, steer

        if run is not None:
            folders = [registry.find(run)]
        else:
            folders = [folder for folder in registry.runs() if steer.needs_teardown(folder)]
        tear_down(folders, json=json)
