"""Who of the planned models is there, from the names of the federates that have joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RollCall:
    """Models whose federates are all there, those that miss some, and names nobody planned."""

    joined: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Exactly the planned federates, no fewer and no others."""
        return not self.missing and not self.unexpected


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
        model = name.split("/", 1)[0]
        if "/" not in name or model not in there:
            unexpected.append(name)
        else:
            there[model].append(name)
    for model, federates in there.items():
        if len(federates) > expected[model]:
            unexpected.extend(federates)
    return RollCall(
        joined=tuple(m for m, federates in there.items() if len(federates) == expected[m]),
        missing=tuple(m for m, federates in there.items() if len(federates) < expected[m]),
        unexpected=tuple(unexpected),
    )
