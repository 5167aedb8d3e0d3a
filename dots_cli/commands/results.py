"""`dots results`: a run's results in figures."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands.options import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def results(
        run: Run = None,
        json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    ) -> None:
        """Show a run's results per ESDL type and field: how many, from when to when, how large.

        Without RUN the newest. Works during a run too.
        """
        from dots_cli.output import console
        from dots_cli.output import results as output
        from dots_cli.results.opening import open_results, read_plan, scope
        from dots_cli.runs import registry

        folder = registry.find(run)
        going_on = registry.is_alive(folder)
        plan = read_plan(folder)
        with open_results(folder, plan, console.say) as found:
            summary = found.summary()
        state = registry.glance(folder)
        if json:
            console.print_json(output.summary_data(summary, scope(plan), state))
        elif summary.fields:
            output.print_summary(summary)
            if going_on:
                output.print_going_on(plan)
            else:
                output.print_how_it_ended(state)
        else:
            output.print_nothing_yet(plan, going_on)
            output.print_left_out(summary)
