"""Volumes of a container, as a Compose file has them: `name:/path` or `folder:/path`, then `:ro`.

Format: https://docs.docker.com/reference/compose-file/services/#short-syntax-5
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import NamedTuple

from dots_cli.definition.wrong import WrongItems

_MODE = re.compile(r"[A-Za-z]+(,[A-Za-z]+)*")
_NAME = re.compile(r"[A-Za-z0-9_.-]{2,}")
"""Compose takes a name of one letter for the drive of a machine."""

_ANY = ({"ro", "rw"}, {"z", "Z"}, {"consistent", "cached", "delegated"})
_OF_VOLUMES = (*_ANY, {"nocopy"})
_OF_FOLDERS = (*_ANY, {"shared", "rshared", "slave", "rslave", "private", "rprivate"})
"""The words of a mode, of each of these sets one at most."""


class Volume(NamedTuple):
    """A volume's name or a folder of the machine, where it is in the container, and how: `rw`."""

    source: str
    target: str
    mode: str

    @property
    def is_named(self) -> bool:
        """Whether the source is a volume of the project, not a folder of the machine."""
        source = self.source
        return not any(sign in source for sign in "/\\:") and not source.startswith((".", "~"))

    @property
    def place(self) -> str:
        """The target as the engine knows it: what is the same place reads the same."""
        return posixpath.normpath(f"/{self.target.lstrip('/')}")


def parse_volume(text: str) -> Volume:
    """The parts of a volume, whose source may hold the colon of a Windows drive; ValueError."""
    source, _, target = text.rpartition(":")
    mode = "rw"
    if not target.startswith("/") and _MODE.fullmatch(target):
        mode = target
        source, _, target = source.rpartition(":")
    volume = Volume(source, target, mode)
    if not source or not target.startswith("/") or volume.place == "/":
        raise ValueError(f"'{text}' is no volume; write it like ./data:/data or name:/data:ro")
    if volume.is_named and not _NAME.fullmatch(source):
        raise ValueError(
            f"'{source}' is no name for a volume; use two or more letters, digits, `_`, `.` "
            "and `-`, or write ./ in front of a folder"
        )
    if not _is_mode(volume):
        raise ValueError(f"'{text}' cannot be used in that mode; write :ro to read only, or none")
    return volume


def _is_mode(volume: Volume) -> bool:
    """Whether the engine takes its mode: docs.docker.com/engine/storage/bind-mounts."""
    words = volume.mode.split(",")
    kinds = [
        kind
        for kind in (_OF_VOLUMES if volume.is_named else _OF_FOLDERS)
        if not kind.isdisjoint(words)
    ]
    return len(words) == len(kinds) and all(any(word in kind for kind in kinds) for word in words)


def with_folder(text: str, folder: Path) -> str:
    """The volume with its source as a whole path, a relative one being below `folder`."""
    volume = parse_volume(text)
    if volume.is_named or re.match(r"[A-Za-z]:", volume.source):
        return text
    source = os.path.abspath(folder / Path(volume.source).expanduser())  # noqa: PTH100  keeps links
    return f"{source}{text[len(volume.source) :]}"


def apart(texts: list[str]) -> list[str]:
    """The volumes; WrongItems where one is put where another is."""
    first: dict[str, str] = {}
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    for at, text in enumerate(texts):
        place = parse_volume(text).place
        if place in first:
            what = f"'{text}' is put where '{first[place]}' is; give each a place of its own"
            wrong.append(((at,), what))
        first.setdefault(place, text)
    if wrong:
        raise WrongItems(wrong)
    return texts
