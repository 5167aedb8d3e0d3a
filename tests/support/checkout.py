"""Copies of the checkout as somebody else would get it: no built files, no local environment."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support import ROOT


def tracked_files() -> list[Path]:
    """The files of the project, relative to the checkout: in git, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode("utf-8")
    paths = (Path(name) for name in sorted(set(listed.split("\0"))) if name)
    return [path for path in paths if (ROOT / path).is_file()]


def fresh_copy(folder: Path) -> Path:
    """The project's files as they are now, in a new folder: what a clone would have."""
    for path in tracked_files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    return folder


def clone_source(folder: Path) -> Path:
    """A bare repository with the project's files as they are now, to be cloned from."""
    tree = fresh_copy(folder / "tree")
    bare = folder / "dots.git"
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    for command in (
        ("init", "--quiet"),
        ("add", "--all"),
        (*who, "commit", "--quiet", "--message", "As it is"),
        ("clone", "--quiet", "--bare", ".", str(bare)),
    ):
        subprocess.run(["git", *command], cwd=tree, check=True)
    return bare


def without_environment(**added: str | Path) -> Mapping[str, str]:
    """The variables of this process without those that tie a Python to an environment."""
    ties = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PIP_CONSTRAINT", "PYTEST_CURRENT_TEST"}
    kept = {key: value for key, value in os.environ.items() if key not in ties}
    return kept | {key: str(value) for key, value in added.items()}
