"""Where the definition of a scenario lies, and a quick look at it for the completion in a shell.

Imports nothing heavy and never complains: what cannot be understood is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from dots_cli.definition.located import line_of_too_deep
from dots_cli.definition.model import sanitised

LARGEST = 1_000_000
"""Bytes of a file above which nobody can wait for it."""


@dataclass(frozen=True)
class Glimpse:
    """A service as far as it can be seen; `models` are ids that it has in most scenarios."""

    name: str
    variables: tuple[str, ...]
    models: tuple[str, ...]


def find_services(scenario: Path) -> Path | None:
    """The definition beside a scenario: `<scenario>.services.yaml`, then `services.yaml`."""
    for name in (f"{scenario.stem}.services.yaml", "services.yaml"):
        if (scenario.parent / name).is_file():
            return scenario.parent / name
    return None


def misnamed_services(scenario: Path) -> Path | None:
    """A definition beside a scenario that is not looked for: with the other ending of YAML."""
    for name in (f"{scenario.stem}.services.yml", "services.yml"):
        if (scenario.parent / name).is_file():
            return scenario.parent / name
    return None


def glimpse(path: Path) -> list[Glimpse]:
    """The services of a definition or a DOTS request; none where the file cannot be read."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if path.stat().st_size > LARGEST:
            return []
        text = path.read_text(encoding="utf-8-sig")
        if line_of_too_deep(text) is not None:
            return []
        data = yaml.load(text, loader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return []
    found = data.get("services", data.get("calculation_services")) if _is_map(data) else None
    entries = found if isinstance(found, list) else []
    return [service for entry in entries if (service := _glimpse(entry)) is not None]


def _glimpse(entry: Any) -> Glimpse | None:
    if not _is_map(entry):
        return None
    name = entry.get("name", entry.get("calc_service_name"))
    if not isinstance(name, str):
        return None
    return Glimpse(name, tuple(_variables(entry)), tuple(_models(name, entry)))


def _variables(entry: dict[str, Any]) -> list[str]:
    given = entry.get("env", entry.get("additional_environment_variables"))
    if isinstance(given, list):
        return [str(item["name"]) for item in given if _is_map(item) and "name" in item]
    return [str(name) for name in given] if _is_map(given) else []


def _models(name: str, entry: dict[str, Any]) -> list[str]:
    number = entry.get("models", entry.get("nr_of_models", 1))
    several = number if isinstance(number, int) and number > 0 else 1
    return [f"{sanitised(name)}-{n}" for n in range(1, several + 1)]


def _is_map(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)
