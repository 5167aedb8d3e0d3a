"""The copy of a service's source that an image is built from: what `docker build` there would see.

That is what its .dockerignore lets through. Left out besides are what the machine made for itself
(`.venv`, `__pycache__`), and the repository, which may be large, where nothing asks for it.

Rules of the file: https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

DOCKERFILE = "Dockerfile"

_IGNORE_FILES = (f"{DOCKERFILE}.dockerignore", ".dockerignore")
_NEVER = frozenset({".venv", "__pycache__"})
_REPOSITORY = ".git"
_ALWAYS = frozenset({DOCKERFILE, *_IGNORE_FILES})


def copy_source(source: Path, target: Path, leave_out: Path) -> None:
    """Copy a source folder for a build, links as links; OSError where that cannot be.

    `leave_out` is a folder that may lie in the source and is none of it: the stack itself.
    """
    target.mkdir(parents=True, exist_ok=True)
    for inside in _listed(source, leave_out.resolve()):
        copy = target / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        mode = (source / inside).lstat().st_mode
        if stat.S_ISDIR(mode):
            copy.mkdir(exist_ok=True)
            copy.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
        elif stat.S_ISREG(mode) or stat.S_ISLNK(mode):
            shutil.copy2(source / inside, copy, follow_symlinks=False)
            if sys.platform == "win32":
                copy.chmod(stat.S_IWRITE)  # what is read-only could not be removed there


class Dockerignore:
    """What the .dockerignore of a source folder leaves out of a build; paths are below it."""

    def __init__(self, source: Path) -> None:
        self._rules = _rules(source)
        self._exceptions = any(rule.keeps for rule in self._rules)

    def leaves_out(self, file: PurePosixPath) -> bool:
        """Whether a file is left out."""
        return str(file) not in _ALWAYS and _ignored(file, self._rules)

    def leaves_all_out(self, folder: PurePosixPath) -> bool:
        """Whether a folder is left out with all that is in it, as no exception may keep."""
        return not self._exceptions and _ignored(folder, self._rules)


def _listed(source: Path, leave_out: Path) -> list[PurePosixPath]:
    listed = list(_wanted(source, leave_out, _NEVER | {_REPOSITORY}))
    if _asks_for_the_repository(source, listed):
        listed = list(_wanted(source, leave_out, _NEVER))
    return listed


def _asks_for_the_repository(source: Path, listed: Iterable[PurePosixPath]) -> bool:
    """Whether the build reads it, as tools do that make a version number of its tags."""
    for inside in listed:
        sign = _READS_THE_REPOSITORY.get(inside.name)
        if sign and (source / inside).is_file():
            text = (source / inside).read_text(encoding="utf-8", errors="replace")
            if sign.search(text):
                return True
    return False


_VERSION_TOOL = re.compile(
    r"(?i)scm|vcs|versioningit|versioneer|dynamic-versioning|git-versioning|dunamai|\bpbr\b"
)
_READS_THE_REPOSITORY = {
    DOCKERFILE: re.compile(
        r"(?<![\w.])\.git(?![\w.])|\bgit\s+(describe|rev-parse|rev-list|log|show)\b"
    ),
    "pyproject.toml": _VERSION_TOOL,
    "setup.cfg": _VERSION_TOOL,
    "setup.py": _VERSION_TOOL,
}


def _wanted(source: Path, leave_out: Path, never: frozenset[str]) -> Iterator[PurePosixPath]:
    """Folders before what is in them, then files and links."""
    ignore = Dockerignore(source)
    for folder, folders, files in os.walk(source):
        here = PurePosixPath(Path(folder).relative_to(source).as_posix())
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        folders[:] = sorted(
            name
            for name in folders
            if name not in never
            and name not in links
            and (Path(folder) / name).resolve() != leave_out
            and not ignore.leaves_all_out(here / name)
        )
        yield from (inside for name in folders if not ignore.leaves_out(inside := here / name))
        for name in sorted([*files, *links]):
            if name in never:
                continue
            inside = here / name
            if not ignore.leaves_out(inside):
                yield inside


@dataclass(frozen=True)
class _Rule:
    """A line of the file; with `keeps` an exception, `!` in front of it."""

    pattern: re.Pattern[str]
    keeps: bool


def _rules(source: Path) -> list[_Rule]:
    for name in _IGNORE_FILES:
        if (source / name).is_file():
            lines = (source / name).read_text(encoding="utf-8-sig", errors="replace").splitlines()
            return [rule for line in lines if (rule := _rule(line))]
    return []


def _rule(line: str) -> _Rule | None:
    if line.startswith("#") or not line.strip():
        return None
    text = line.strip()
    keeps = text.startswith("!")
    text = os.path.normpath(text.removeprefix("!").strip()).replace(os.sep, "/").lstrip("/")
    return _Rule(re.compile(_expression(text)), keeps)


def _ignored(path: PurePosixPath, rules: Sequence[_Rule]) -> bool:
    """The last rule that fits the path or a folder around it decides.

    The source itself is none of these: a line `.` leaves nothing out.
    """
    names = [str(path), *(str(around) for around in path.parents if around.name)]
    ignored = False
    for rule in rules:
        if rule.keeps == ignored and any(rule.pattern.fullmatch(name) for name in names):
            ignored = not rule.keeps
    return ignored


_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|\\.|.", re.DOTALL)
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _expression(pattern: str) -> str:
    return "".join(_translated(found[0]) for found in _TOKEN.finditer(pattern))


def _translated(token: str) -> str:
    if token in _MEANING:
        return _MEANING[token]
    if len(token) > 2 and token.startswith("["):
        return token
    return re.escape(token[1:] if len(token) == 2 and token[0] == "\\" else token)
