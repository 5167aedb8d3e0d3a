"""What a source folder says about how its service is run, where the definition does not say it.

Read are the Dockerfile, pyproject.toml and requirements.txt of the folder. Nothing is guessed: what
is taken carries the place where it stands.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dots_cli.definition.dockerfile import Copy, Recipe, read_dockerfile

LAST_OLD_DIALECT = (1, 0, 3)
"""The last dots-infrastructure whose services cannot say how many calculations they have."""

_NAME_AND_PIN = re.compile(r"dots[-_.]infrastructure\s*={2,3}\s*(\d+(?:\.\d+)*)", re.IGNORECASE)
_BUILD_ONLY = frozenset({"DEBIAN_FRONTEND", "PATH", "HOME"})


@dataclass(frozen=True)
class SourceFacts:
    """What was found in a source folder; empty or None where it says nothing.

    command    how the service is started, `command_from` where that stands
    files      what the Dockerfile copies: (path in the source, absolute path in the container);
               with it `workdir`, the container's working directory. Both are empty where the
               command is run in the source folder itself.
    variables  the Dockerfile's ENV
    python     the version that the Dockerfile builds on, `python_from` where it stands
    requires_python  as pyproject.toml has it: `>=3.8`
    packages   Debian packages that the Dockerfile installs
    infrastructure   the version of dots-infrastructure that is pinned
    problem    why there is no command
    """

    command: tuple[str, ...] = ()
    command_from: str = ""
    workdir: str = ""
    files: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    python: str | None = None
    python_from: str = ""
    requires_python: str | None = None
    packages: tuple[str, ...] = ()
    infrastructure: str | None = None
    problem: str = ""

    @property
    def is_old_dialect(self) -> bool:
        """Whether its models are known to report no number of calculations."""
        if self.infrastructure is None:
            return False
        version = tuple(int(part) for part in self.infrastructure.split("."))
        return version <= LAST_OLD_DIALECT


def facts_of(folder: Path) -> SourceFacts:
    """What the folder's files say; never fails, an unreadable file says nothing."""
    dockerfile = _text(folder / "Dockerfile")
    recipe = read_dockerfile(dockerfile) if dockerfile is not None else Recipe()
    project = _project(folder)
    command, command_from, files, problem = _start(folder, recipe, project)
    if not command and dockerfile is None:
        problem = f"there is no Dockerfile, and {problem}"
    requires = project.get("requires-python")
    return SourceFacts(
        command=command,
        command_from=command_from,
        workdir=recipe.workdir if files else "",
        files=files,
        variables=tuple((n, v) for n, v in recipe.variables if n not in _BUILD_ONLY),
        python=recipe.python,
        python_from=f"Dockerfile:{recipe.python_line}" if recipe.python else "",
        requires_python=requires if isinstance(requires, str) else None,
        packages=recipe.packages,
        infrastructure=_infrastructure(folder, project),
        problem=problem,
    )


_Start = tuple[tuple[str, ...], str, tuple[tuple[str, str], ...], str]


def _start(folder: Path, recipe: Recipe, project: dict[str, object]) -> _Start:
    """Command, where it stands, the files to lay out for it; or why there is none."""
    why = "its Dockerfile has no CMD or ENTRYPOINT"
    if recipe.command:
        files = tuple(_layout(folder, recipe.copies))
        place = f"Dockerfile:{recipe.command_line}"
        script = _script(recipe.command)
        if script is None or _is_laid_out(folder, files, recipe.workdir, script):
            return recipe.command, place, files, ""
        if not posixpath.isabs(script) and (folder / script).is_file():
            return recipe.command, place, (), ""
        why = f"{place} starts {script}, which no COPY of the Dockerfile brings"
    scripts = project.get("scripts")
    names = list(scripts) if isinstance(scripts, dict) else []
    if len(names) == 1:
        return (names[0],), "[project.scripts] in pyproject.toml", (), ""
    packages = list(_runnable_packages(folder))
    if len(packages) == 1:
        name, place = packages[0]
        return ("python", "-m", name), place, (), ""
    if len(names) > 1 or len(packages) > 1:
        several = ", ".join(names or [name for name, _ in packages])
        why += f", and which of its programs to run is not known: {several}"
    else:
        why += ", pyproject.toml has no [project.scripts], and no package has a __main__.py"
    return (), "", (), why


def _script(command: tuple[str, ...]) -> str | None:
    """The file that a command runs; None where it is no file, or cannot be told."""
    first, *rest = command
    if first == "python":
        words = [word for word in rest if not re.fullmatch(r"-[uOBEIsSbdv]+", word)]
        return words[0] if words and not words[0].startswith("-") else None
    if first in ("sh", "bash", "/bin/sh", "/bin/bash"):
        return rest[0] if rest and not rest[0].startswith("-") else None
    return first if "/" in first and not first.startswith(("/usr/", "/bin/")) else None


def _layout(folder: Path, copies: tuple[Copy, ...]) -> Iterator[tuple[str, str]]:
    """What each COPY brings, as (path in the source, path in the container), in order.

    A folder stands for all that is in it; what the folder does not have is left out.
    """
    folders = {"/"}
    for copy in copies:
        for given in copy.sources:
            for found in _matching(folder, given):
                inside = found.relative_to(folder).as_posix()
                if found.is_dir():
                    folders.add(copy.target)
                    yield inside, copy.target
                else:
                    into = copy.into or copy.target in folders
                    yield inside, posixpath.join(copy.target, found.name) if into else copy.target


def _matching(folder: Path, given: str) -> Iterator[Path]:
    name = posixpath.normpath(given.lstrip("/") or ".")
    if name.startswith(".."):
        return
    try:
        if any(sign in name for sign in "*?["):
            yield from sorted(folder.glob(name))
        elif (folder / name).exists():
            yield folder / name
    except (ValueError, OSError):
        return  # no pattern and no name that a file can have


def _is_laid_out(
    folder: Path, files: tuple[tuple[str, str], ...], workdir: str, script: str
) -> bool:
    at = posixpath.normpath(posixpath.join(workdir, script))
    for inside, target in files:
        if target == at:
            return True
        relative = posixpath.relpath(at, target)
        if not relative.startswith("..") and (folder / inside / relative).is_file():
            return True
    return False


def _runnable_packages(folder: Path) -> Iterator[tuple[str, str]]:
    for around in (folder / "src", folder):
        for main in sorted(around.glob("*/__main__.py")):
            if main.parent.name.isidentifier():
                yield main.parent.name, main.relative_to(folder).as_posix()


def _project(folder: Path) -> dict[str, object]:
    text = _text(folder / "pyproject.toml")
    try:
        project = tomllib.loads(text or "").get("project", {})
    except tomllib.TOMLDecodeError:
        return {}  # uv says what is wrong with it, and where
    return project if isinstance(project, dict) else {}


def _infrastructure(folder: Path, project: dict[str, object]) -> str | None:
    listed = project.get("dependencies")
    lines = [str(line) for line in listed] if isinstance(listed, list) else []
    lines += (_text(folder / "requirements.txt") or "").splitlines()
    pins = [found[1] for line in lines if (found := _NAME_AND_PIN.match(line.strip()))]
    return pins[0] if pins else None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return None
