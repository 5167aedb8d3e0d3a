"""Commands as a person types them into a shell: for headers, hints and next steps."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path


def command(*words: str | Path) -> str:
    """`dots run 'my folder/scenario.esdl'`: the words behind `dots`, quoted where they must be."""
    return f"dots {' '.join(quoted(word) for word in words)}"


def quoted(word: str | Path) -> str:
    """A word for a shell of this machine: bash and the like, or cmd and PowerShell."""
    text = str(word)
    return subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)
