"""Texts that must not change unseen: compared with a file, rewritten on request.

`DOTS_UPDATE_GOLDEN=1` writes the files instead; look at what git shows of it afterwards.
"""

from __future__ import annotations

import os
import re
from pathlib import Path


def check(file: Path, text: str) -> None:
    """The text must be what the file holds, byte for byte."""
    if os.environ.get("DOTS_UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    assert text == file.read_text(encoding="utf-8")


def without_digests(text: str) -> str:
    """The text with the digests in images' names taken out: they tell where the checkout lies."""
    return re.sub(r"(dots-(?:service/[\w-]+|conductor)):[\w.-]+", r"\1:<digest>", text)
