"""Who of the planned models is there, from the names of the federates that have joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RollCall:
    """Who is there.

    `joined`: models whose federates are all there; `missing`: those that miss some; `partial`: how
    many of how many are there where it is some; `unexpected`: names of federates nobody planned;
    `surplus`: models with more federates than planned, and their names.
    """

    joined: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    partial: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    unexpected: tuple[str, ...] = ()
    surplus: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Exactly the planned federates, no fewer and no others."""
        return not (self.missing or self.unexpected or self.surplus)


def model_of(federate: str) -> str:
    """The model of a federate: `pv-1` of `pv-1/irradiance`; a model's own name stays."""
    return federate.partition("/")[0]


def gone(states: Mapping[str, str]) -> list[str]:
    """Names of the federates that have left, from the state of each."""
    return [name for name, state in states.items() if state == "disconnected"]


def of_models(names: Iterable[str], expected: Iterable[str], own: Iterable[str]) -> RollCall:
    """Phase 1: one federate per model, with the model's id as its name."""
    wanted = list(expected)
    there = set(names) - set(own)
    return RollCall(
        joined=tuple(model for model in wanted if model in there),
        missing=tuple(model for model in wanted if model not in there),
        unexpected=tuple(sorted(there.difference(wanted))),
    )


def of_calculations(
    names: Iterable[str], expected: Mapping[str, int], own: Iterable[str]
) -> RollCall:
    """Phase 2: `expected` federates per model, named `<model>/<calculation>`."""
    there: dict[str, list[str]] = {model: [] for model in expected}
    unexpected = []
    for name in sorted(set(names) - set(own)):
        model, slash, _ = name.partition("/")
        if slash and model in there:
            there[model].append(name)
        else:
            unexpected.append(name)
    return RollCall(
        joined=tuple(m for m, found in there.items() if len(found) == expected[m]),
        missing=tuple(m for m, found in there.items() if len(found) < expected[m]),
        partial={m: (len(f), expected[m]) for m, f in there.items() if 0 < len(f) < expected[m]},
        unexpected=tuple(unexpected),
        surplus={m: tuple(found) for m, found in there.items() if len(found) > expected[m]},
    )
