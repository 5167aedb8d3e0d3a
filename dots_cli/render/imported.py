"""An imported DOTS request as files: the scenario and the service definition beside it."""

from __future__ import annotations

from pathlib import Path

from dots_cli.definition import Definition, Scenario
from dots_cli.render.editor import put_schema, with_schema
from dots_cli.render.run_folder import write_atomically


def write_imported(folder: Path, scenario: Scenario, definition: Definition) -> tuple[Path, Path]:
    """Write scenario.esdl, byte for byte, and services.yaml; returns both paths.

    OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    esdl, services = folder / "scenario.esdl", folder / "services.yaml"
    draft = esdl.with_name(f".{esdl.name}.new")
    try:
        draft.write_bytes(scenario.content)
        draft.replace(esdl)
    finally:
        draft.unlink(missing_ok=True)
    write_atomically(services, with_schema(definition.content.decode("utf-8")))
    put_schema(folder)
    return esdl, services
