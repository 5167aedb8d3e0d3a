"""The variables of a stack: random secrets, and the file `.env` that Compose reads them from.

The notation of the file is the one of Compose:
https://docs.docker.com/reference/compose-file/interpolation/ and its "Env file syntax".
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

VARIABLES = ".env"
"""The name of the file, in the folder of a stack."""

MODELS_USER = "models"
"""Who writes to the store, and to nothing else."""

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,-]*")
_LINE = re.compile(r'(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?:"(?P<quoted>.*)"|(?P<plain>.*))')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r"}
_ESCAPED = {escaped: letter for letter, escaped in _ESCAPES.items()}


def random_secrets() -> dict[str, str]:
    """Every secret of a stack by the name under which a plan refers to it, and the store's user.

    192 random bits each, as letters and digits that no shell and no query has to quote.
    """
    names = (
        "BROKER_KEY",
        "STORE_PASSWORD",
        "STORE_ADMIN_PASSWORD",
        "STORE_READER_PASSWORD",
        "GRAFANA_ADMIN_PASSWORD",
    )
    return {"STORE_USER": MODELS_USER} | {name: secrets.token_hex(24) for name in names}


def write_variables(path: Path, variables: Mapping[str, str]) -> None:
    """Replace the file as a whole; at no moment can anybody but its owner read it.

    OSError where it cannot be written, ValueError for a value that no environment can hold.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    text = "".join(f"{name}={_quoted(name, value)}\n" for name, value in variables.items())
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def read_variables(path: Path) -> dict[str, str]:
    """What `write_variables` wrote; OSError where it cannot be read, ValueError if it is not it."""
    variables = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"{path}:{number}: not NAME=value")
        variables[found["name"]] = found["plain"] or _unquoted(found["quoted"] or "")
    return variables


def _quoted(name: str, value: str) -> str:
    if "\0" in value:
        raise ValueError(f"{name} holds a NUL")
    if _PLAIN.fullmatch(value):
        return value
    return '"' + "".join(_ESCAPES.get(letter, letter) for letter in value) + '"'


def _unquoted(text: str) -> str:
    return re.sub(r"\\.", lambda m: _ESCAPED.get(m[0], m[0]), text)
