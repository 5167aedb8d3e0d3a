"""The published calculation services that `dots init` knows, read from catalogue.yaml."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

_FILE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True)
class Published:
    """A published service; what its fields mean is said at the top of catalogue.yaml."""

    name: str
    esdl_type: str
    repository: str
    image: str
    dialect: Literal["old", "new"] | None = None
    calculations: int | None = None
    python: str | None = None
    system_packages: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    inputs_from: tuple[str, ...] = ()
    notes: str = ""


def read_catalogue(file: Path = _FILE) -> dict[str, tuple[Published, ...]]:
    """The published services by the ESDL class that they simulate; empty without a catalogue."""
    import yaml

    if not file.is_file():
        return {}
    data = yaml.safe_load(file.read_text(encoding="utf-8-sig")) or {}
    found: dict[str, tuple[Published, ...]] = {}
    for item in data.get("services") or ():
        entry = _published(item)
        found[entry.esdl_type] = (*found.get(entry.esdl_type, ()), entry)
    return found


def _published(item: dict[str, Any]) -> Published:
    known = {f.name for f in fields(Published)}
    values = {key: value for key, value in item.items() if value is not None and key in known}
    for key in ("system_packages", "command", "inputs_from"):
        given = values.get(key, ())
        words = shlex.split(given) if isinstance(given, str) else given
        values[key] = tuple(str(word) for word in words)
    if "python" in values:
        values["python"] = str(values["python"])
    return Published(**values)
