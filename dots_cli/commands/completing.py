"""What a shell offers for a half-typed word: runs, models, services and examples.

Called by Typer at every press of the Tab key, so nothing heavy is imported, nothing is checked, and
whatever goes wrong means that nothing is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from dots_cli.definition.glance import Glimpse

_Offer = Callable[[typer.Context, str], Iterable[str]]
_OTHERS = ("conductor", "store", "supervisor")


def _quiet(offer: _Offer) -> Callable[[typer.Context, str], list[str]]:
    """The offers that begin with what was typed; none where looking for them fails."""

    @wraps(offer)
    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return [word for word in offer(ctx, incomplete) if word.startswith(incomplete)]
        except Exception:  # a traceback in the middle of a command line helps nobody
            return []

    return complete


@_quiet
def runs(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Ids and names of runs, the newest first; a name once, though several runs may have it."""
    from dots_cli.runs import registry

    known = registry.runs()
    names = dict.fromkeys(name for run in known if (name := registry.name(run)))
    return [*(run.run_id for run in known), *names]


@_quiet
def models(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Models of the run that the command line names, or of the newest, and what else has a log."""
    from dots_cli.runs import registry

    folder = registry.find(ctx.params.get("run"))
    planned = folder.read_json(folder.plan).get("models", [])
    return [*(model["id"] for model in planned), *_OTHERS]


@_quiet
def variables(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """`SERVICE.` of each service of the definition, then its variables, `SERVICE.VAR=`."""
    services = _services(ctx)
    chosen = [s for s in services if incomplete.startswith(f"{s.name}.")]
    if not chosen:
        return [f"{service.name}." for service in services]
    return [f"{s.name}.{variable}=" for s in chosen for variable in s.variables]


@_quiet
def planned_models(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Models that a run of the scenario would have, as far as the definition alone tells."""
    return [model for service in _services(ctx) for model in service.models]


@_quiet
def examples(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The examples that come with the tool."""
    from dots_cli.resources import shipped

    return sorted(path.parent.name for path in shipped("examples").glob("*/*.esdl"))


def _services(ctx: typer.Context) -> list[Glimpse]:
    from dots_cli.definition.glance import find_services, glimpse

    given = ctx.params.get("services")
    # While the value of an option is missing, Typer leaves the arguments before it in `ctx.args`.
    scenario = ctx.params.get("scenario") or next(iter(ctx.args), None)
    if given is None and scenario is not None and not str(scenario).endswith(".json"):
        given = find_services(Path(scenario))
    path = given or scenario  # a DOTS request holds its services itself
    return [] if path is None else glimpse(Path(path))
