"""Volumes of a container, as a Compose file has them: `name:/path` or `folder:/path`, then `:ro`.

Format: https://docs.docker.com/reference/compose-file/services/#short-syntax-5
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

_MODE = re.compile(r"[A-Za-z]+(,[A-Za-z]+)*")


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


def parse_volume(text: str) -> Volume:
    """The parts of a volume, whose source may hold the colon of a Windows drive; ValueError."""
    source, _, target = text.rpartition(":")
    mode = "rw"
    if not target.startswith("/") and _MODE.fullmatch(target):
        mode = target
        source, _, target = source.rpartition(":")
    if not source or not target.startswith("/"):
        raise ValueError(f"'{text}' is no volume; write it like ./data:/data or name:/data:ro")
    return Volume(source, target, mode)


def with_folder(text: str, folder: Path) -> str:
    """The volume with its source as a whole path, a relative one being below `folder`."""
    volume = parse_volume(text)
    if volume.is_named or re.match(r"[A-Za-z]:", volume.source):
        return text
    source = os.path.abspath(folder / Path(volume.source).expanduser())  # noqa: PTH100  keeps links
    return f"{source}{text[len(volume.source) :]}"
