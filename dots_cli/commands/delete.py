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
        keep_results: Annotated[
            bool,
            typer.Option("--keep-results", help="Leave what is in an InfluxDB where it is."),
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print what was deleted.")] = False,
    ) -> None:
        """Remove the folder and results of a run, or of all old ones; asks first.

        A run that has not ended is never deleted.
        """
        from dots_cli.definition.durations import parse_duration
        from dots_cli.errors import DotsError, UsageError, all_in_one
        from dots_cli.output import console
        from dots_cli.output.deleting import confirm, print_deleted
        from dots_cli.results.removal import remove_results
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
        deleted, errors = [], list[Exception]()
        for folder in folders:
            try:
                if not keep_results:
                    remove_results(folder, console.say)
                deleted.append((folder, disposal.delete(folder)))
            except (DotsError, OSError) as error:
                errors.append(error)
        if json or deleted or not errors:
            print_deleted(deleted, json=json)
        if errors:
            raise all_in_one(errors, "runs are not deleted")
