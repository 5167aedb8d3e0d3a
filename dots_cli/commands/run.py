"""`dots run`: from the files to a verdict."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands import completing, options


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def run(
        scenario: options.Scenario,
        services: options.Services = None,
        start: options.Start = None,
        duration: options.Duration = None,
        log_level: Annotated[
            str | None, typer.Option(help="What models log: debug, info, warning or error.")
        ] = None,
        name: Annotated[
            str | None, typer.Option(help="A name to find the run by, beside its id.")
        ] = None,
        variables: options.Variables = None,
        external: Annotated[
            list[str] | None,
            typer.Option(
                "--external",
                metavar="MODEL",
                help="A model that you start yourself, in a debugger for instance; repeatable.",
                autocompletion=completing.planned_models,
            ),
        ] = None,
        until: Annotated[
            str | None, typer.Option(help="Pause when this much time is simulated, `12h`.")
        ] = None,
        limit_join: Annotated[
            str | None, typer.Option(help="How long models may take to join.")
        ] = None,
        limit_step: Annotated[
            str | None, typer.Option(help="How long simulated time may stand still.")
        ] = None,
        limit_run: Annotated[
            str | None, typer.Option(help="How long the whole run may take.")
        ] = None,
        runtime: options.Runtime = "auto",
        grafana: options.Grafana = True,
        offline: options.Offline = False,
        detach: Annotated[
            bool, typer.Option("--detach", "-d", help="Start the run, print its id and return.")
        ] = False,
        json: Annotated[
            bool, typer.Option("--json", help="Print what happens as JSON lines.")
        ] = False,
    ) -> None:
        """Run a scenario and show how it goes; ends with the run's exit code.

        The run outlives its terminal: Ctrl-C stops it, closing the window does not.
        """
        from dots_cli.commands.starting import Wishes, start_run
        from dots_cli.definition import Overrides
        from dots_cli.output import console
        from dots_cli.output.interrupts import Interrupts
        from dots_cli.output.live import show_run

        overrides = Overrides(
            start=start,
            duration=duration,
            log_level=log_level,
            join=limit_join,
            step=limit_step,
            run=limit_run,
            variables=tuple(variables or ()),
        )
        wishes = Wishes(
            *(services, overrides, name, until, runtime, offline),
            external=tuple(external or ()),
            grafana=grafana,
        )
        signals = Interrupts()
        folder = start_run(scenario, wishes, None if detach else signals)
        if not detach:
            raise typer.Exit(show_run(folder, json=json, interrupts=signals))
        if json:
            console.print_json({"run_id": folder.run_id, "folder": str(folder.path)})
        else:
            console.print_result(folder.run_id)
