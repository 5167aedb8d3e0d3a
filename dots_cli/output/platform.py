"""What is said of the platform: how it is, what was removed of it, where Grafana shows a run."""

from __future__ import annotations

from collections.abc import Iterator

from dots_cli.output import console
from dots_cli.output.asking import confirmed
from dots_cli.output.pages import columns
from dots_cli.output.words import plural
from dots_cli.runs.platform import Part, PlatformState, Removed

_STARTS = "the next run in containers starts it, and so does looking at results"


def print_platform(state: PlatformState) -> None:
    """The platform below a run's status."""
    console.print_result()
    for line in platform_lines(state):
        console.print_result(line)


def platform_lines(state: PlatformState) -> Iterator[str]:
    """The platform, a line for each of its parts."""
    if state.problem:
        yield f"platform {state.project}: {state.problem}"
        return
    if state.owner:
        yield f"platform {state.project}: belongs to {state.owner}"
    rows = [("platform", "state", "address")]
    rows += [(part.name, _words(part), part.url or "") for part in state.parts]
    yield from columns(rows)
    if not state.runs and not state.owner:
        yield f"  {_STARTS}"


def confirm_removal(state: PlatformState) -> bool:
    """Ask before the data of all runs in containers goes; UsageError where nobody answers."""
    for volume in state.volumes:
        console.say(volume)
    asked = "Delete the platform's data, the results of all runs in containers?"
    return confirmed(asked, "Add --yes to delete without being asked.", "Nothing was deleted.")


def print_removed(removed: Removed) -> None:
    """What was removed of the platform, and what was kept."""
    if removed.left_to:
        console.say(
            f"The platform {removed.project} belongs to {removed.left_to}; it is left alone."
        )
        return
    words = []
    if removed.containers:
        words.append(f"ended, {plural(removed.containers, 'container')} removed")
    if removed.volumes:
        words.append("its data deleted" if removed.kept else "its data and passwords deleted")
    nothing = "nothing was left of it"
    console.print_result(f"platform {removed.project}: {', '.join(words) or nothing}")
    if removed.kept:
        console.say(removed.kept)
    elif not removed.volumes:
        console.say("Its data is kept: `dots results` and the next run find it again.")


def _words(part: Part) -> str:
    if part.state == "removed":
        return "removed, its data is kept"
    if part.state == "running" and part.health in ("starting", "unhealthy"):
        return f"running, {part.health}"
    return part.state
