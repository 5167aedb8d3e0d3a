"""Asks before runs are deleted, and says what is gone."""

from __future__ import annotations

from collections.abc import Sequence

from dots_cli.output import console
from dots_cli.output.asking import confirmed
from dots_cli.output.words import clock, plural, size
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs import disposal, registry

_LISTED = 20


def confirm(folders: Sequence[RunFolder]) -> bool:
    """Show what would be deleted and ask; UsageError where nobody answers."""
    for folder in folders[:_LISTED]:
        made = clock(registry.created(folder))
        called = f" ({name})" if (name := registry.name(folder)) else ""
        console.say(f"{folder.run_id}{called}  {made}  {size(disposal.size(folder))}")
    if len(folders) > _LISTED:
        console.say(f"and {len(folders) - _LISTED} more")
    which = "this run" if len(folders) == 1 else f"these {plural(len(folders), 'run')}"
    return confirmed(
        f"Delete {which} with all results?",
        "Add --yes to delete without being asked.",
        "Nothing was deleted.",
    )


def print_deleted(deleted: Sequence[tuple[RunFolder, int]], *, json: bool) -> None:
    """What is gone, and how much room that makes."""
    if json:
        console.print_json([{"run_id": f.run_id, "bytes": count} for f, count in deleted])
        return
    for folder, count in deleted:
        console.print_result(f"deleted {folder.run_id} ({size(count)})")
    if not deleted:
        console.say("There is nothing to delete.")
