"""`dots delete`: remove the folders and results of runs."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from dots_cli.commands.options import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def delete(
        run: Run = None,
        older_than: Annotated[
            str | None,
            typer.Option("--older-than", metavar="AGE", help="Every ended run older than `30d`."),
        ] = None,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print what was deleted.")] = False,
    ) -> None:
        """Remove the folder and results of a run, or of all old ones; asks first.

        A run that has not ended is never deleted.
        """
        from dots_cli.definition.durations import parse_duration
        from dots_cli.errors import UsageError
        from dots_cli.output.deleting import confirm, print_deleted
        from dots_cli.runs import disposal

        if (run is None) == (older_than is None):
            raise UsageError("which run?", "Give a RUN, or --older-than 30d.")
        if run is not None:
            folders = [disposal.choose(run)]
        else:
            older_than = str(older_than).strip()
            if re.fullmatch(r"\d[\d.]*", older_than):
                hint = f"Write --older-than {older_than}d for days, or use `h`, `m`, `s` or `w`."
                raise UsageError(f"--older-than {older_than}: in which unit?", hint)
            try:
                age = float(parse_duration(older_than))
            except ValueError as error:
                raise UsageError(f"--older-than: {error}") from error
            folders = disposal.older_than(age)
        if folders and not yes and not confirm(folders):
            return
        print_deleted([(folder, disposal.delete(folder)) for folder in folders], json=json)
