"""Texts that must not change unseen: compared with a file, rewritten on request.

`DOTS_UPDATE_GOLDEN=1` writes the files instead; look at what git shows of it afterwards.
"""

from __future__ import annotations

import os
from pathlib import Path


def check(file: Path, text: str) -> None:
    """The text must be what the file holds, byte for byte."""
    if os.environ.get("DOTS_UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    assert text == file.read_text(encoding="utf-8")
