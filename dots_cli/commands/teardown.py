"""`dots teardown`: end runs and remove what they started."""

from __future__ import annotations

from typing import Annotated

import typer

from dots_cli.commands.options import Run


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def teardown(
        run: Run = None,
        volumes: Annotated[
            bool,
            typer.Option("--volumes", help="The platform's data and passwords too; asks first."),
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print what was ended as JSON.")] = False,
    ) -> None:
        """End a run politely and remove its processes; folder, logs and results stay.

        Without RUN this ends every run of this user, and the platform that runs in containers
        share; its data stays unless --volumes says otherwise.
        """
        from dots_cli.errors import DotsError, UsageError, all_in_one
        from dots_cli.output.platform import confirm_removal, print_removed
        from dots_cli.output.steering import print_torn_down, watch_teardown
        from dots_cli.runs import platform, registry, steer

        if run is not None and volumes:
            raise UsageError(
                "--volumes removes the platform's data, which all runs share",
                "Leave RUN out; a single run's results stay in the platform.",
            )
        if run is not None:
            one = steer.teardown(registry.find(run, living=True))
            print_torn_down(watch_teardown(one, json=json)[0], None, json=json)
            return
        there = platform.look(everybody=True) if volumes else None
        if there and there.volumes and not there.owner and not yes and not confirm_removal(there):
            return
        folders = [folder for folder in registry.runs() if steer.needs_teardown(folder)]
        done, failed = watch_teardown(steer.teardown_all(folders), json=json)
        errors: list[Exception] = [item.why for item in failed]
        removed = None
        try:
            removed = platform.remove(volumes=volumes)
        except (DotsError, OSError) as error:
            errors.append(error)
        if removed is not None and not json:
            print_removed(removed)
        if json or not errors:
            print_torn_down(done, removed, json=json)
        if errors:
            raise all_in_one(errors, "things are not removed")
