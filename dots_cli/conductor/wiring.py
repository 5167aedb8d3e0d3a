"""Whether every input of phase 2 has a source, and the units of everything that is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .failure import Failure
from .roll_call import model_of
from .settings import Settings


def missing_publications(flow: Mapping[str, Any], unknown: Iterable[str]) -> dict[str, list[str]]:
    """Which federates have inputs without a source, and the keys that nobody publishes.

    `flow` is the broker's `data_flow_graph`. It does not tell which of the keys an input wants, so
    every federate with a hole is listed with all keys.
    """
    keys = sorted(set(unknown))
    holes = [name for name, inputs in _inputs(flow) if any(not i.get("sources") for i in inputs)]
    return dict.fromkeys(sorted(holes), keys) if keys else {}


def holes(settings: Settings, missing: Mapping[str, list[str]]) -> Failure:
    """Somebody needs what nobody publishes: who, what, and which ESDL type it should come from."""
    keys = sorted({key for wanted in missing.values() for key in wanted})
    models = sorted({model_of(name) for name in missing})
    services = sorted({settings.model(m).service for m in models if _planned(settings, m)})
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
        f"{', '.join(models)} ({_named('service', services)}) {need} what nobody publishes: "
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
    services = sorted({settings.model(m).service for m in models if _planned(settings, m)})
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


def _inputs(flow: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for core in flow.get("cores", ()):
        for federate in core.get("federates", ()):
            yield federate["attributes"]["name"], federate.get("inputs", [])


def _planned(settings: Settings, model_id: str) -> bool:
    return any(model.id == model_id for model in settings.models)


def _named(what: str, names: list[str]) -> str:
    return f"{what}{'' if len(names) == 1 else 's'} {', '.join(names)}"
