"""Commands as a person types them into a shell: for headers, hints and next steps."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path


def command(*words: str | Path) -> str:
    """What to type here: `dots run 'my folder/scenario.esdl'`, quoted where it must be.

    Begins with the path of this program, as it was called, where `dots` alone would not find it.
    """
    return written(*words, program=_program())


def written(*words: str | Path, program: str = "dots") -> str:
    """The same for a file, which others read elsewhere: it begins with `dots` alone."""
    return " ".join(quoted(word) for word in (program, *words))


def _program() -> str:
    called = Path(sys.argv[0])
    if called.stem != "dots":  # python -m dots_cli
        return "dots"
    found = shutil.which("dots")
    # Windows leaves the suffix out.
    if found and any(_same(path, Path(found)) for path in (called, called.with_suffix(".exe"))):
        return "dots"
    return str(called) if len(called.parts) > 1 else os.path.join(os.curdir, called)  # noqa: PTH118


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def quoted(word: str | Path) -> str:
    """A word for a shell of this machine: bash and the like, or cmd and PowerShell."""
    text = str(word)
    return subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)
