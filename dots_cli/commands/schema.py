"""`dots schema`: the JSON schema of the service definition."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def schema() -> None:
        """Print the JSON schema of the service definition.

        Editors that know JSON schema then complete and check a services.yaml while it is typed.
        """
        from dots_cli.definition.services import json_schema
        from dots_cli.output.console import print_json

        print_json(json_schema())
