"""The published calculation services that `dots init` knows, read from catalogue.yaml."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from dots_cli.definition.git_source import GitSource

_FILE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True)
class Published:
    """A published service; what its fields mean is said at the top of catalogue.yaml."""

    name: str
    esdl_type: str
    repository: str
    image: str
    commit: str = ""
    dialect: Literal["old", "new"] | None = None
    calculations: int | None = None
    python: str | None = None
    system_packages: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    inputs_from: tuple[str, ...] = ()
    notes: str = ""

    @property
    def git(self) -> GitSource | None:
        """Its code at the commit that the catalogue describes."""
        return GitSource(self.repository, self.commit) if self.commit else None


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


def of_image(catalogue: Mapping[str, tuple[Published, ...]], image: str | None) -> Published | None:
    """The published service that an image belongs to, whatever its tag."""
    wanted = _without_tag(image or "")
    for services in catalogue.values():
        for service in services:
            if _without_tag(service.image) == wanted:
                return service
    return None


def _without_tag(image: str) -> str:
    name = image.partition("@")[0]
    path, slash, last = name.rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"


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
