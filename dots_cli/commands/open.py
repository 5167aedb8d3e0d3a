"""`dots open`: a run's results in Grafana."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands.options import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("open")
    def open_run(
        run: Run = None,
        url: Annotated[
            bool, typer.Option("--url", help="Print the address; open no browser.")
        ] = False,
        json: Annotated[bool, typer.Option("--json", help="Print the address as JSON.")] = False,
    ) -> None:
        """Open Grafana at a run of containers, with the run's time range.

        Without RUN the newest. Where there is no browser the address is printed.
        """
        from dots_cli.output import console
        from dots_cli.output.browser import open_browser
        from dots_cli.results.opening import read_plan
        from dots_cli.runs import registry
        from dots_cli.runs.grafana import address

        folder = registry.find(run)
        found = address(read_plan(folder))
        if json:
            console.print_json({"run_id": folder.run_id, "url": found})
        elif not url and open_browser(found):
            console.say(f"Opened {found}")
        else:
            console.print_result(found)
