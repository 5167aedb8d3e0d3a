"""Which Python a service gets: the one that is asked for, the nearest one here, or a download."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from dots_cli.errors import EnvironmentFailure

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine; `version` is `major.minor.patch`."""

    path: Path
    version: str

    @property
    def minor(self) -> int:
        """Its minor version: 13 of 3.13.0."""
        return int(self.version.split(".")[1])


class Uv(Protocol):
    """Runs `uv` with arguments; EnvironmentFailure where it fails."""

    def __call__(self, *arguments: str, downloads: bool = False) -> str:
        """What it prints; `downloads` lets it fetch interpreters."""


class Interpreters:
    """Finds interpreters; each question to `uv`, which takes half a second, is asked once."""

    def __init__(self, uv: Uv, *, offline: bool) -> None:
        self._uv = uv
        self._offline = offline
        self._lock = threading.Lock()
        self._found: dict[str, Interpreter | None] = {}
        self._here: list[Interpreter] | None = None

    def choose(
        self, wanted: str | None, requires: str | None, tell: Tell, explain: Tell
    ) -> Interpreter:
        """The interpreter to use; None is the one that runs dots.

        With `requires` (as `>=3.8,<3.13`) the wanted one is a wish: where it is not on this
        machine, the nearest one here that fulfils `requires` is taken, and `explain` says so.
        EnvironmentFailure where there is none, and none can be downloaded.
        """
        with self._lock:
            return self._choose(wanted, requires, tell, explain)

    def _choose(
        self, wanted: str | None, requires: str | None, tell: Tell, explain: Tell
    ) -> Interpreter:
        own = _own()
        if wanted is None and (requires is None or fulfils(own.version, requires)):
            return own
        found = self._find(wanted) if wanted else None
        if found is None and requires is not None:
            found = self._nearest(wanted or own.version, requires)
            if found is not None:
                why = f"Python {wanted} of its Dockerfile is not on this machine"
                if not wanted:
                    why = f"Python {own.version} does not fulfil {requires}"
                explain(f"{why}: takes {found.version}")
        return found or self._downloaded(wanted or requires or own.version, tell)

    def _downloaded(self, wanted: str, tell: Tell) -> Interpreter:
        found = None
        if not self._offline:
            tell(f"Python {wanted} is not on this machine: uv downloads it")
            try:
                # Told to be quiet, it would be silent about what went wrong, too.
                self._uv("python", "install", wanted, downloads=True)
            except (PreparationStopped, UvCannotRun):
                raise
            except EnvironmentFailure as error:
                raise EnvironmentFailure(
                    f"Python {wanted} is not on this machine and cannot be downloaded, uv says:\n"
                    f"{error.message}",
                    "install it, or change `python:` in the service definition; behind a proxy, "
                    "set HTTPS_PROXY",
                ) from error
            self._found.pop(wanted, None)
            found = self._find(wanted)
        if found is None:
            raise EnvironmentFailure(
                f"Python {wanted} is not on this machine",
                "install it, change `python:` in the service definition, or run without "
                "--offline to let uv download it",
            )
        return found

    def _nearest(self, wanted: str, requires: str) -> Interpreter | None:
        """The interpreter on this machine with the minor version nearest to the wanted one."""
        if self._here is None:
            said = self._uv("python", "list", "--only-installed", "--output-format", "json")
            self._here = [_own()] + [
                Interpreter(Path(item["path"]), item["version"])
                for item in json.loads(said)
                if item.get("implementation") == "cpython" and item.get("variant") == "default"
            ]
        minor = int(wanted.split(".")[1])
        fitting = [i for i in self._here if fulfils(i.version, requires)]
        fitting.sort(key=lambda i: (abs(i.minor - minor), -i.minor))
        for interpreter in fitting:
            if interpreter == _own():
                return interpreter
            if found := self._find(interpreter.version):
                return found
        return None

    def _find(self, wanted: str) -> Interpreter | None:
        if wanted not in self._found:
            self._found[wanted] = self._ask(wanted)
        return self._found[wanted]

    def _ask(self, wanted: str) -> Interpreter | None:
        # Not one of a virtual environment that happens to be active: an interpreter of the system.
        try:
            path = Path(self._uv("python", "find", "--system", wanted).strip())
        except (PreparationStopped, UvCannotRun):
            raise
        except EnvironmentFailure:
            return None
        command = [str(path), "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            return None  # one of another architecture, for instance
        return Interpreter(path, answer.stdout.strip()) if answer.returncode == 0 else None


class PreparationStopped(EnvironmentFailure):
    """Whoever waited for the environment wants it no more."""


class UvCannotRun(EnvironmentFailure):
    """`uv` itself is missing, or the machine cannot start it."""


def _own() -> Interpreter:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Interpreter(Path(sys.executable).resolve(), version)


def fulfils(version: str, requires: str) -> bool:
    """Whether a version fulfils a `requires-python` (packaging.python.org, "version specifiers").

    What cannot be read counts as fulfilled: the installer judges it.
    """
    try:
        return SpecifierSet(requires).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True
