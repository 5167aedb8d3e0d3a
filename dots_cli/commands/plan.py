"""`dots plan`: every decision about a run, before anything starts."""

from __future__ import annotations

import typer

from dots_cli.commands import choosing, options


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def plan(
        scenario: options.Scenario,
        services: options.Services = None,
        runtime: options.Runtime = "auto",
        start: options.Start = None,
        duration: options.Duration = None,
        settings: options.Variables = None,
        offline: options.Offline = False,
        as_json: options.AsJson = False,
    ) -> None:
        """Show what a run would start, without starting it."""
        import os

        from dots_cli.commands.sources import taken_from_sources, with_sources
        from dots_cli.definition import Overrides, read
        from dots_cli.output import console
        from dots_cli.plan import names
        from dots_cli.plan.build import build
        from dots_cli.plan.containers import Stack
        from dots_cli.render.conductor_image import conductor_image

        overrides = Overrides(start=start, duration=duration, variables=tuple(settings or ()))
        found, definition = read(scenario, services, overrides)
        choice = choosing.choose(runtime, found, definition, starts=False)
        chosen = choice.runtime
        definition = with_sources(found, definition, chosen, offline=offline)
        run_id = names.run_id(found.name, os.urandom(8))
        stack = Stack(conductor_image())
        planned = build(found, definition, run_id=run_id, runtime=chosen, stack=stack)
        console.print_problems(definition.warnings)
        if choice.why:
            console.say(f"Planned {choice.why}.")
        if as_json:
            from dots_cli.plan.serialise import to_data

            console.print_json(to_data(planned))
            return
        from dots_cli.output.pages import plan_page, wrapped
        from dots_cli.plan.coverage import coverage_of

        window = console.window()
        coverage = coverage_of(found, definition.services)
        for line in plan_page(planned, found, definition, coverage, window):
            console.print_result(line)
        taken = list(taken_from_sources(definition, found, chosen))
        for line in ["", "From the sources:", *(f"  {line}" for line in taken)] if taken else []:
            for part in wrapped(line, window, indent="    "):
                console.print_result(part)
