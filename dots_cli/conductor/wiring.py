"""Whether every input of phase 2 has a source, and the units of everything that is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .failure import Failure
from .roll_call import model_of
from .settings import Settings


@dataclass(frozen=True)
class Link:
    """An input and its source: the federates at both ends, the key, and the unit at each end."""

    taker: str
    giver: str
    key: str
    taken: str
    published: str


def links(flow: Mapping[str, Any], interfaces: Mapping[str, Mapping[str, Any]]) -> list[Link]:
    """Every input with every source of it.

    `flow` is the broker's `data_flow_graph`, `interfaces` the `interface_details` of each federate.
    Both list a federate's inputs in the order in which it registered them.
    """
    givers = {
        (publication["federate"], publication["handle"]): (federate, publication["key"])
        for federate, publications in _listed(flow, "publications")
        for publication in publications
    }
    units = {
        publication["name"]: publication.get("units", "")
        for interface in interfaces.values()
        for publication in interface.get("publications", ())
    }
    found = []
    for taker, inputs in _listed(flow, "inputs"):
        details = interfaces.get(taker, {}).get("inputs", ())
        for taken, detail in zip(inputs, details, strict=False):
            for source in taken.get("sources", ()):
                giver, key = givers.get((source["federate"], source["handle"]), ("", ""))
                if key in units:
                    found.append(Link(taker, giver, key, detail.get("units", ""), units[key]))
    return found


def incompatible(settings: Settings, among: Iterable[Link], published: str, taken: str) -> Failure:
    """HELICS cannot make one unit from the other: who takes what in which, and who publishes it."""
    between = [link for link in among if (link.published, link.taken) == (published, taken)]
    if not between:
        return Failure(
            "wiring",
            f"an input is taken in {taken}, but published in {published}: {taken} cannot be made "
            f"from {published}",
            "Compare the units of inputs and outputs of the services.",
        )
    takers = sorted({model_of(link.taker) for link in between})
    givers = sorted({model_of(link.giver) for link in between})
    what = ", ".join(sorted({"/".join(link.key.split("/")[:2]) for link in between}))
    return Failure(
        "wiring",
        f"{_models(settings, takers)} take{'s' * (len(takers) == 1)} {what} in {taken}, but "
        f"{_models(settings, givers)} publish{'es' * (len(givers) == 1)} it in {published}, and "
        f"{taken} cannot be made from {published}",
        f"Let {', '.join(_services(settings, takers))} take it in {published}, or in a unit of the "
        f"same kind, or {', '.join(_services(settings, givers))} publish it in {taken}.",
        takers,
    )


def missing_publications(flow: Mapping[str, Any], unknown: Iterable[str]) -> dict[str, list[str]]:
    """Which federates have inputs without a source, and the keys that nobody publishes.

    `flow` is the broker's `data_flow_graph`. It does not tell which of the keys an input wants, so
    every federate with a hole is listed with all keys.
    """
    keys = sorted(set(unknown))
    takers = _listed(flow, "inputs")
    holes = [name for name, inputs in takers if any(not i.get("sources") for i in inputs)]
    return dict.fromkeys(sorted(holes), keys) if keys else {}


def holes(settings: Settings, missing: Mapping[str, list[str]]) -> Failure:
    """Somebody needs what nobody publishes: who, what, and which ESDL type it should come from."""
    keys = sorted({key for wanted in missing.values() for key in wanted})
    models = sorted({model_of(name) for name in missing})
    types = sorted({key.split("/", 1)[0] for key in keys})
    served = {model.esdl_type: model.service for model in settings.models}
    advice = []
    for esdl_type in types:
        if esdl_type in served:
            outputs = sorted({key.split("/")[1] for key in keys if key.startswith(f"{esdl_type}/")})
            advice.append(
                f"{served[esdl_type]} simulates {esdl_type} but does not publish "
                f"{', '.join(outputs)} for these objects: check that the versions of the services "
                "go together."
            )
        else:
            advice.append(
                f"Add a calculation service for the ESDL type {esdl_type} to the service "
                "definition."
            )
    need = "needs" if len(models) == 1 else "need"
    return Failure(
        "wiring",
        f"{_models(settings, models)} {need} what nobody publishes: "
        f"{', '.join(keys)} (would come from {_named('ESDL type', types)})",
        " ".join(advice),
        models,
    )


def published_twice(settings: Settings, key: str) -> Failure:
    """Two federates publish the same key. HELICS tells no names, but keys begin with the type."""
    esdl_type = key.split("/", 1)[0]
    suspects = [model for model in settings.models if model.esdl_type == esdl_type]
    who = ", ".join(model.id for model in suspects) or "one of the models"
    services = sorted({model.service for model in suspects})
    if len(suspects) > 2:
        who = f"two of {who}"
    hint = "Let only one calculation publish it."
    if len(services) > 1:
        hint = f"{' and '.join(services)} simulate {esdl_type}: keep one of them for each object."
    elif len(suspects) > 1:
        hint = f"Look whether an ESDL object was given to two models of {services[0]}. {hint}"
    return Failure(
        "wiring",
        f"{who} publish{'es' * (len(suspects) == 1)} {key} twice",
        hint,
        [model.id for model in suspects],
    )


def idle(settings: Settings, federates: list[str]) -> Failure:
    """Calculations with neither inputs nor a time period: they would never compute."""
    models = sorted({model_of(name) for name in federates})
    services = _services(settings, models)
    unserved = ", ".join(settings.unserved)
    return Failure(
        "idle",
        f"{', '.join(federates)} ({_named('service', services)}) would never compute: it waits for "
        "inputs, and none of the ESDL types that could give them has a calculation service"
        + (f"; without one are {unserved}" if unserved else ""),
        f"Add the calculation services that {', '.join(services)} takes inputs from to the service "
        "definition, or check that its objects are connected in the scenario.",
        models,
    )


def units(interfaces: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """`{esdl_type: {output: unit}}` from the answers to `interface_details`."""
    found: dict[str, dict[str, str]] = {}
    for interface in interfaces:
        for publication in interface.get("publications", ()):
            words = str(publication.get("name", "")).split("/", 2)
            if len(words) == 3:
                found.setdefault(words[0], {})[words[1]] = str(publication.get("units", ""))
    return {esdl_type: dict(sorted(found[esdl_type].items())) for esdl_type in sorted(found)}


def _listed(flow: Mapping[str, Any], what: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The `inputs` or `publications` of each federate by its name."""
    for core in flow.get("cores", ()):
        for federate in core.get("federates", ()):
            yield federate["attributes"]["name"], federate.get(what, [])


def _models(settings: Settings, models: list[str]) -> str:
    return f"{', '.join(models)} ({_named('service', _services(settings, models))})"


def _services(settings: Settings, models: list[str]) -> list[str]:
    return sorted({settings.model(m).service for m in models if _planned(settings, m)})


def _planned(settings: Settings, model_id: str) -> bool:
    return any(model.id == model_id for model in settings.models)


def _named(what: str, names: list[str]) -> str:
    return f"{what}{'' if len(names) == 1 else 's'} {', '.join(names)}"
