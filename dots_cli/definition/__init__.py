"""What the user wrote, checked: the scenario and its service definition."""

from __future__ import annotations

from pathlib import Path

from dots_cli.definition.model import (
    Definition,
    EsdlObject,
    LimitSettings,
    Overrides,
    Scenario,
    Service,
    StoreSettings,
)

__all__ = [
    "Definition",
    "EsdlObject",
    "LimitSettings",
    "Overrides",
    "Scenario",
    "Service",
    "StoreSettings",
    "read",
]


def read(
    scenario_path: Path,
    services_path: Path | None = None,
    overrides: Overrides | None = None,
) -> tuple[Scenario, Definition]:
    """Read and check a scenario and its service definition.

    `services_path` None looks beside the scenario. Raises `InputError` with every problem of both
    files, `UsageError` where an override is wrong.
    """
    from dots_cli.definition.check import read_both

    return read_both(scenario_path, services_path, overrides or Overrides())
