"""The folder that a model of a published service runs in: the container's files, laid out here.

A Dockerfile copies files to where the program looks for them. Without Docker each model gets that
layout as a folder of its own, so the program finds what it reads, and what it writes meets neither
another model nor the source.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from dots_cli.errors import EnvironmentFailure
from dots_cli.render.sources import Dockerignore

_NEVER = {".git", "__pycache__", ".venv", "venv", "node_modules", ".pytest_cache", ".mypy_cache"}


def lay_out(
    root: Path,
    source: Path,
    files: Iterable[tuple[str, str]],
    workdir: str = "/",
    go_on: Callable[[], None] = lambda: None,
) -> Path:
    """Copy files of a source folder below `root`; returns the working directory there.

    `files` are (path in the source, absolute path in the container), later ones over earlier
    ones; a folder brings all that is in it. `go_on` is called before each file, and may raise what
    is no OSError to break off. EnvironmentFailure where they cannot be copied.
    """
    try:
        return _copied(root, source, files, workdir, go_on)
    except OSError as error:
        listed = error.args[0] if isinstance(error, shutil.Error) else None
        why = listed[0][2] if listed else f"{error.filename or root}: {error.strerror or error}"
        raise EnvironmentFailure(
            f"cannot copy the files of {source} for a model: {why}",
            "check who may read them, and that there is space for the run's folder",
        ) from error


def _copied(
    root: Path,
    source: Path,
    files: Iterable[tuple[str, str]],
    workdir: str,
    go_on: Callable[[], None],
) -> Path:
    def copy(origin: str | Path, place: str | Path) -> None:
        go_on()
        shutil.copy2(origin, place)

    shutil.rmtree(root, ignore_errors=True)
    left_out = _left_out(source)
    for inside, target in files:
        origin, place = source / inside, below(root, target)
        if origin.is_dir():
            shutil.copytree(origin, place, ignore=left_out, dirs_exist_ok=True, copy_function=copy)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            copy(origin, place)
    cwd = below(root, workdir)
    cwd.mkdir(parents=True, exist_ok=True)
    return cwd


def below(root: Path, path: str) -> Path:
    """Where an absolute path of the container lies below `root`."""
    return root.joinpath(*PurePosixPath(path).parts[1:])


def translated(words: Sequence[str], root: Path) -> list[str]:
    """Words in which absolute paths of the container that exist below `root` are those here."""
    return [_here(word, root) for word in words]


def translated_values(variables: Mapping[str, str], root: Path) -> dict[str, str]:
    """Variables whose values may hold such paths, with colons between them."""
    return {name: _translated_list(value, root) for name, value in variables.items()}


def _translated_list(value: str, root: Path) -> str:
    parts = value.split(":")
    here = [_here(part, root) for part in parts]
    return value if parts == here else os.pathsep.join(here)


def _here(word: str, root: Path) -> str:
    if not word.startswith("/") or word.strip("/") == "" or ".." in word.split("/"):
        return word
    place = below(root, word)
    return str(place) if place.exists() else word


def _left_out(source: Path) -> Callable[[str, list[str]], set[str]]:
    """What its .dockerignore names, what is never part of a program, and what cannot be copied:
    sockets, links to nowhere or to a folder around them.
    """
    ignore = Dockerignore(source)

    def ignored(path: Path) -> bool:
        inside = PurePosixPath(path.relative_to(source).as_posix())
        return ignore.leaves_all_out(inside) if path.is_dir() else ignore.leaves_out(inside)

    def choose(folder: str, names: list[str]) -> set[str]:
        paths = {name: Path(folder) / name for name in names}
        return {n for n, p in paths.items() if n in _NEVER or not _can_be_copied(p) or ignored(p)}

    return choose


def _can_be_copied(path: Path) -> bool:
    if path.is_symlink() and path.is_dir():
        return not path.parent.resolve().is_relative_to(path.resolve())
    return path.is_file() or path.is_dir()
