"""Both files of the user, read and checked together."""

from __future__ import annotations

from pathlib import Path

from dots_cli.definition.model import Definition, Overrides, Scenario


def read_both(
    scenario_path: Path, services_path: Path | None, overrides: Overrides
) -> tuple[Scenario, Definition]:
    """The scenario and its definition; see `definition.read`."""
    raise NotImplementedError
