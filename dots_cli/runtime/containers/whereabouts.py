"""On which engine a run has its containers: a note in its stack, for whoever removes them.

Another engine knows nothing of them, and would be believed to have none left.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dots_cli.errors import EnvironmentFailure
from dots_cli.render.run_folder import write_atomically
from dots_cli.runtime.engine_probe import Address

NOTE = "engine.json"
"""The name of the file, in the folder of the stack."""


def write_note(stack: Path, identity: str, address: Address) -> None:
    """Note the engine of a run, before it has containers; nothing where none is told from others.

    EnvironmentFailure where it cannot be written.
    """
    if not identity:
        return
    told = {"identity": identity, "address": address.url, "context": address.context}
    try:
        write_atomically(stack / NOTE, json.dumps(told, indent=1) + "\n")
    except OSError as error:
        raise EnvironmentFailure(
            f"cannot write {stack / NOTE}: {error.strerror or error}",
            "Free space or fix the rights there, or set DOTS_HOME to another folder.",
        ) from error


def require_same(stack: Path, identity: str) -> None:
    """EnvironmentFailure where the run's containers are on another engine: which, and what to do.

    Nothing where that is not known: older versions have left no note.
    """
    note = _read(stack / NOTE)
    if identity in ("", note.get("identity", identity)):
        return
    url, context = note.get("address", "?"), note.get("context", "")
    if context:
        where, way = f"{url} (the Docker context {context!r})", f"DOCKER_CONTEXT to {context}"
        way += " and leave DOCKER_HOST out"
    else:
        where, way = url, f"DOCKER_HOST to {url}"
    raise EnvironmentFailure(
        f"they are on another Docker engine, {where}, and may still run there",
        f"Set {way}, then try again. If that engine is gone for good: remove {stack / NOTE}",
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        note = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
