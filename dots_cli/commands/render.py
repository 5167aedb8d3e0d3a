"""`dots render`: the whole container stack of a run as a folder for `docker compose`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dots_cli.commands import options

if TYPE_CHECKING:
    from dots_cli.plan.model import Plan

_PORTS = 100
"""So many ports of the machine may be tried, from the first free one on."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def render(
        scenario: options.Scenario,
        output: Annotated[
            Path,
            typer.Option("--output", "-o", help="The folder to write.", show_default=False),
        ],
        services: options.Services = None,
        start: options.Start = None,
        duration: options.Duration = None,
        settings: options.Variables = None,
        grafana: options.Grafana = True,
        offline: options.Offline = False,
        as_json: options.AsJson = False,
    ) -> None:
        """Write the container stack of a run, for `docker compose`.

        A stack that was rendered into the folder before is replaced.
        """
        import os

        from dots_cli.commands.sources import with_sources
        from dots_cli.definition import Overrides, read
        from dots_cli.output import console
        from dots_cli.plan import names
        from dots_cli.plan.build import build
        from dots_cli.plan.containers import Stack, project_name
        from dots_cli.render.conductor_image import conductor_image
        from dots_cli.render.stack import rendered_run, write_stack

        before = rendered_run(output)
        if before is None:
            _require_empty(output)
        overrides = Overrides(start=start, duration=duration, variables=tuple(settings or ()))
        found, definition = read(scenario, services, overrides)
        definition = with_sources(found, definition, "docker", offline=offline)
        planned = build(
            found,
            definition,
            run_id=names.run_id(found.name, os.urandom(8)),
            runtime="docker",
            stack=Stack(conductor_image(), grafana),
        )
        console.print_problems(definition.warnings)
        write_stack(output, planned, found.content, _variables(planned))
        if before:
            console.say(
                "Replaced the stack that was there. If that was started, remove it with:"
                f" docker compose -p {project_name(before)} down --volumes"
            )
        if as_json:
            console.print_json({"run_id": planned.run_id, "folder": str(output.absolute())})
            return
        console.print_result(f"Written: {output}")
        console.say("Start it there with: docker compose up --detach")


def _require_empty(folder: Path) -> None:
    from dots_cli.errors import UsageError

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder} is there already, and no stack of dots", "Name a new folder with -o."
        )


def _variables(plan: Plan) -> dict[str, str]:
    """What the stack's references stand for: its secrets, ports, the caller's variables."""
    import os

    from dots_cli.plan.containers import GRAFANA_PORT, STORE_PORT
    from dots_cli.render.secrets import random_secrets
    from dots_cli.runtime.containers.shared import free_ports

    # The engine takes the first that no container has when the stack starts. A program's port it
    # does not pass over: so much is looked for here.
    known_ports = {"INFLUXDB_PORT": STORE_PORT, "GRAFANA_PORT": GRAFANA_PORT}
    ports = {name: next(free_ports(known, known)) for name, known in known_ports.items()}
    return {
        **{name: os.environ[name] for name in plan.variables},
        **random_secrets(),
        **{name: f"{first}-{first + _PORTS - 1}" for name, first in ports.items()},
    }
