"""What a Dockerfile says about running a service, without Docker.

Read is what decides how the program is started: the last stage's base, working directory, copied
files, variables, packages of the system and command (docs.docker.com/reference/dockerfile). What
else a RUN does is not followed.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

_VARIABLE = re.compile(
    r"\\\$|\$(?:\{(?P<braced>\w+)(?::(?P<sign>[-+])(?P<other>[^}]*))?\}|(?P<plain>\w+))"
)
_PYTHON_IMAGE = re.compile(r"(?:^|/)python:(3\.\d+)")
_SHELL_SIGNS = re.compile(r"[|&;<>()$`*?\[\]#~{}\n]")
_WRAPPERS = (("uv", "run"), ("poetry", "run"), ("pipenv", "run"), ("pdm", "run"))


@dataclass(frozen=True)
class Copy:
    """A COPY or ADD of files of the source folder; `target` is absolute in the container.

    `into` says that `target` is a folder into which files go under their own names.
    """

    sources: tuple[str, ...]
    target: str
    into: bool
    line: int


@dataclass(frozen=True)
class Recipe:
    """The last stage of a Dockerfile. `command` is empty where it has none.

    `python` is the minor version of the Python image that it builds on; `packages` are those of
    the system that it installs by apt. A `..._line` is where it stands, 0 where it does not.
    """

    command: tuple[str, ...] = ()
    command_line: int = 0
    workdir: str = "/"
    copies: tuple[Copy, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    python: str | None = None
    python_line: int = 0
    packages: tuple[str, ...] = ()


@dataclass
class _Stage:
    """One stage while it is read; `entrypoint` and `cmd` are shell text or a list of words."""

    recipe: Recipe = Recipe()
    entrypoint: str | list[str] | None = None
    entrypoint_line: int = 0
    cmd: str | list[str] | None = None
    cmd_line: int = 0
    arguments: dict[str, str] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        return self.arguments | dict(self.recipe.variables)


def read_dockerfile(text: str) -> Recipe:
    """What a Dockerfile's last stage says. Never fails: what is not understood is left out."""
    stages: dict[str, _Stage] = {}
    before: dict[str, str] = {}
    stage = _Stage()
    for line, word, rest in _instructions(text):
        if word == "FROM":
            stage = _new_stage(line, _substituted(rest, before), stages)
        elif word == "ARG" and not stages:
            before |= _argument(rest, before)
        elif step := _STEPS.get(word):
            step(stage, line, rest)
    return _finished(stage)


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, instruction and the rest of it, continued lines joined, comments left out."""
    escape = "\\"
    if found := re.match(r"#\s*escape\s*=\s*(\S)", text):
        escape = found[1]
    lines = enumerate(text.removeprefix("\ufeff").splitlines(), start=1)
    for number, first in lines:
        whole = first.strip()
        if not whole or whole.startswith("#"):
            continue
        while whole.endswith(escape):
            more = next((more for _, more in lines if not _is_idle(more)), "")
            whole = f"{whole.removesuffix(escape).rstrip()} {more.strip()}".rstrip()
        word, _, rest = whole.partition(" ")
        if word.upper() in ("RUN", "COPY", "ADD"):
            for mark in re.findall(r"<<-?[\"']?(\w+)", rest):
                for _, inside in lines:
                    if inside.strip() == mark:
                        break
                    rest += f"\n{inside.strip()}"
        yield number, word.upper(), rest.strip()


def _is_idle(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _new_stage(line: int, rest: str, stages: dict[str, _Stage]) -> _Stage:
    words = [word for word in rest.split() if not word.startswith("--")]
    image = words[0] if words else ""
    if image.lower() in stages:
        base = stages[image.lower()]
        stage = replace(base, arguments={})
    else:
        python = _PYTHON_IMAGE.search(image)
        stage = _Stage(Recipe(python=python[1], python_line=line) if python else Recipe())
    name = words[2].lower() if len(words) > 2 and words[1].lower() == "as" else ""
    stages[name or str(len(stages))] = stage
    return stage


def _arg(stage: _Stage, line: int, rest: str) -> None:
    stage.arguments |= _argument(rest, stage.variables())


def _argument(rest: str, known: dict[str, str]) -> dict[str, str]:
    name, _, value = rest.partition("=")
    return {name.strip(): _substituted(_unquoted(value), known)}


def _env(stage: _Stage, line: int, rest: str) -> None:
    known = stage.variables()
    if re.match(r"[^\s=]+=", rest):
        pairs = [word.partition("=") for word in _words(rest)]
        found = {name: _substituted(value, known) for name, sign, value in pairs if sign}
    else:
        name, _, value = rest.partition(" ")
        found = {name: _substituted(value.strip(), known)}
    variables = dict(stage.recipe.variables) | found
    stage.recipe = replace(stage.recipe, variables=tuple(variables.items()))


def _workdir(stage: _Stage, line: int, rest: str) -> None:
    folder = _substituted(_unquoted(rest), stage.variables())
    at = posixpath.normpath(posixpath.join(stage.recipe.workdir, folder))
    stage.recipe = replace(stage.recipe, workdir=at)


def _copy(stage: _Stage, line: int, rest: str) -> None:
    words = rest.split("\n", 1)[0].split()
    flags = [word for word in words if word.startswith("--")]
    plain = rest.split("\n", 1)[0]
    for flag in flags:
        plain = plain.replace(flag, "", 1)
    listed = _exec_form(plain.strip())
    given = listed if listed is not None else _words(plain)
    given = [_substituted(word, stage.variables()) for word in given]
    here = [word for word in given[:-1] if "://" not in word and not word.startswith("<<")]
    if any(flag.startswith("--from=") for flag in flags) or not here:
        return
    target = given[-1]
    into = len(given) > 2 or target.endswith("/") or posixpath.basename(target) in (".", "..")
    at = posixpath.normpath(posixpath.join(stage.recipe.workdir, target))
    into = into or at == stage.recipe.workdir
    made = Copy(tuple(here), at, into, line)
    stage.recipe = replace(stage.recipe, copies=(*stage.recipe.copies, made))


def _run(stage: _Stage, line: int, rest: str) -> None:
    listed = _exec_form(rest)
    text = " ".join(listed) if listed is not None else rest
    found = dict.fromkeys([*stage.recipe.packages, *_apt_packages(text, stage.variables())])
    stage.recipe = replace(stage.recipe, packages=tuple(found))


def _entrypoint(stage: _Stage, line: int, rest: str) -> None:
    listed = _exec_form(rest)
    stage.entrypoint, stage.entrypoint_line = (rest if listed is None else listed), line
    stage.cmd = None


def _cmd(stage: _Stage, line: int, rest: str) -> None:
    listed = _exec_form(rest)
    stage.cmd, stage.cmd_line = (rest if listed is None else listed), line


_STEPS = {
    "ARG": _arg,
    "ENV": _env,
    "WORKDIR": _workdir,
    "COPY": _copy,
    "ADD": _copy,
    "RUN": _run,
    "ENTRYPOINT": _entrypoint,
    "CMD": _cmd,
}


def _finished(stage: _Stage) -> Recipe:
    first, then = stage.entrypoint, stage.cmd
    line = stage.entrypoint_line or stage.cmd_line
    if not first:
        words, line = _as_words(then or []), stage.cmd_line
    elif isinstance(first, str):
        words = _as_words(first)  # the shell form of ENTRYPOINT takes no CMD
    else:
        words = [*first, *(["/bin/sh", "-c", then] if isinstance(then, str) else then or [])]
    return replace(stage.recipe, command=tuple(_plain(words)), command_line=line if words else 0)


def _as_words(form: str | list[str]) -> list[str]:
    """The words of a command; a shell is kept only where the text needs one."""
    if isinstance(form, list):
        return form
    text = form.strip().removeprefix("exec ")
    words = _words(text)
    if not words or _SHELL_SIGNS.search(text) or "=" in words[0]:
        return ["sh", "-c", text] if text else []
    return words


def _plain(words: list[str]) -> list[str]:
    """The command without what only stands for "in the image's environment"."""
    for wrapper in _WRAPPERS:
        if tuple(words[:2]) == wrapper:
            words = words[2:]
            while words and words[0].startswith("--"):
                words = words[1:]
    if words and re.fullmatch(r"(/\S*/)?python(3(\.\d+)?)?", words[0]):
        return ["python", *words[1:]]
    return words


def _apt_packages(text: str, variables: dict[str, str]) -> Iterator[str]:
    for command in re.split(r"&&|\|\||[;\n]", text):
        words = command.split()
        if not {"apt-get", "apt"} & set(words) or "install" not in words:
            continue
        skip = False
        for word in words[words.index("install") + 1 :]:
            name = _substituted(word, variables).partition("=")[0]
            if skip or word.startswith("-"):
                skip = word in ("-t", "--target-release", "-o", "--option")
            elif re.fullmatch(r"[a-z0-9][a-z0-9+.-]+(:\w+)?", name):
                yield name


def _substituted(text: str, variables: dict[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        if not name:
            return "$"
        value = variables.get(name, "")
        if match["sign"] == "-":
            return value or match["other"]
        if match["sign"] == "+":
            return match["other"] if value else ""
        return value

    return _VARIABLE.sub(one, text)


def _exec_form(text: str) -> list[str] | None:
    if not text.startswith("["):
        return None
    try:
        words = json.loads(text)
    except ValueError:
        return None
    return words if isinstance(words, list) and all(isinstance(w, str) for w in words) else None


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _unquoted(text: str) -> str:
    words = _words(text)
    return words[0] if len(words) == 1 else text
