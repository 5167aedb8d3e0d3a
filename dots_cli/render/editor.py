"""The JSON schema beside a service definition, for editors that complete and check YAML with it.

The first line of what `dots` writes names it, as the YAML language server of VS Code, Neovim and
others wants it. The name is a relative path to a copy that is written beside the definition, to be
committed with it: a path into the installed package would be right on one machine only, and an
address on the web would be that of another version. `dots init --force` renews the copy.
"""

from __future__ import annotations

from pathlib import Path

from dots_cli.render.run_folder import write_atomically
from dots_cli.resources import SCHEMA

BESIDE = Path(".dots") / SCHEMA.name
SCHEMA_LINE = f"# yaml-language-server: $schema={BESIDE.as_posix()}"


def with_schema(text: str) -> str:
    """A definition whose first line names the schema; one that does so already stays."""
    return text if "yaml-language-server:" in text else f"{SCHEMA_LINE}\n{text}"


def put_schema(folder: Path) -> None:
    """Write the schema below a folder that holds a definition; OSError where that cannot be."""
    target = folder / BESIDE
    target.parent.mkdir(exist_ok=True)
    write_atomically(target, SCHEMA.read_text(encoding="utf-8"))
