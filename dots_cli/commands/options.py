"""Arguments and options that several commands have, each with one meaning and one text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dots_cli.commands import choosing, completing

Run = Annotated[
    str | None,
    typer.Argument(
        help="Its id, the beginning of it, or its name.", autocompletion=completing.runs
    ),
]
Scenario = Annotated[Path, typer.Argument(help="The ESDL file.", show_default=False)]
Services = Annotated[
    Path | None,
    typer.Option(
        "--services", help="The service definition; default: the one beside the scenario."
    ),
]
Start = Annotated[
    str | None, typer.Option(help="Start of the simulated time, `2024-01-01 00:00:00`, no zone.")
]
Duration = Annotated[
    str | None, typer.Option(help="Simulated time: `60h`, `15m`, `7d` or seconds.")
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SERVICE.VAR=VALUE",
        help="A variable of a service.",
        autocompletion=completing.variables,
    ),
]
Runtime = Annotated[str, typer.Option(envvar=choosing.VARIABLE, help=choosing.HELP)]
Grafana = Annotated[
    bool, typer.Option("--grafana/--no-grafana", help="Have a Grafana beside InfluxDB in Docker.")
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Download nothing; use what is on this machine.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
