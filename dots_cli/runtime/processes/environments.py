"""One Python environment per source folder and interpreter, built by `uv` and kept.

An environment is keyed by what it was built from. It is built at its final place (environments
cannot be moved) under a lock, and counts only when the file `complete.json` lies in it: a second
run waits for the first one's build, and one that was cut off is built again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dots_cli.errors import DotsError, EnvironmentFailure, InputError
from dots_cli.runtime import os_processes
from dots_cli.runtime.processes.interpreters import (
    Interpreter,
    Interpreters,
    PreparationStopped,
    Tell,
    UvCannotRun,
)

ENVIRONMENT_FORMAT = 2
_IGNORED = {".git", "__pycache__", ".venv", "venv", ".pytest_cache", "dist", "build"}
_READ_BY_UV = frozenset("#;[]$")
"""What `uv` takes for a fragment, a marker, extras or a variable where it is told a folder."""

_BUILD_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in", ".python-version")

_LOOK_AGAIN = 0.2
"""Seconds between two looks whether another run has built what this one waits for."""


class Witness(Protocol):
    """Who hears of every process group that is started, and of its end."""

    def started(self, pid: int, role: str) -> None:
        """A process group was started."""

    def ended(self, pid: int) -> None:
        """A process group has ended."""


@dataclass(frozen=True)
class Environment:
    """A ready environment: its folder, its interpreter, and what is installed in it."""

    folder: Path
    python: Path
    packages: tuple[str, ...]
    digest: str
    """SHA-256 of what it was built from."""
    cached: bool

    @property
    def scripts(self) -> Path:
        """Where the commands of the environment lie."""
        return self.python.parent


class Environments:
    """Builds environments below `cache`; `cancel` ends what is being built, from any thread."""

    def __init__(
        self, cache: Path, *, offline: bool = False, witness: Witness | None = None
    ) -> None:
        self._cache = cache
        self._offline = offline
        self._witness = witness
        self._cancelled = threading.Event()
        self._running: set[int] = set()
        self._interpreters = Interpreters(self._uv, offline=offline)
        self._lock = threading.Lock()

    def ensure(
        self,
        source: Path,
        python: str | None,
        tell: Tell,
        requires: str | None = None,
        explain: Tell | None = None,
    ) -> Environment:
        """The environment for a source folder; built if needed, `tell` says so in words.

        `python` is the version to use. With `requires` (as `>=3.8,<3.13`) it is a wish: where it is
        not on this machine, the nearest one here that fulfils `requires` is taken; `explain`, else
        `tell`, says so.
        InputError where the folder cannot be installed, EnvironmentFailure where the interpreter,
        the package index or the disk is the reason.
        """
        with _reading(source):
            requirements = _what_to_install(source)
        interpreter = self._interpreters.choose(python, requires, tell, explain or tell)
        with _reading(source):
            digest = _digest(source, interpreter, editable=os.access(source, os.W_OK))
        folder = self._cache / "environments" / f"{_slug(source.name)}-{digest[:16]}"
        ready = _read(folder, digest)
        if ready:
            return ready
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with self._locked(folder.with_suffix(".lock"), source, tell):
                ready = _read(folder, digest)
                if ready:
                    return ready
                tell(f"building the environment of {source.name} with Python {interpreter.version}")
                return self._build(folder, source, requirements, interpreter, digest)
        except OSError as error:
            raise EnvironmentFailure(
                f"cannot write the environment of {source.name}: {error.strerror or error}",
                f"free space or fix the rights of {folder.parent}",
            ) from error

    def cancel(self) -> None:
        """End every `uv` that runs; `ensure` then raises EnvironmentFailure."""
        self._cancelled.set()
        with self._lock:
            for pid in self._running:
                os_processes.kill(pid)

    @contextlib.contextmanager
    def _locked(self, lock: Path, source: Path, tell: Tell) -> Iterator[None]:
        """Hold a lock; waiting for another run that holds it can be cancelled."""
        from filelock import FileLock, Timeout

        held = FileLock(lock)
        waits = False
        while not held.is_locked:
            self._unless_cancelled()
            try:
                held.acquire(timeout=_LOOK_AGAIN)
            except Timeout:
                if not waits:
                    tell(f"waiting for another run that builds the environment of {source.name}")
                waits = True
        try:
            yield
        finally:
            held.release()

    def _unless_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise PreparationStopped("the preparation was stopped")

    def _build(
        self,
        folder: Path,
        source: Path,
        requirements: tuple[str, ...],
        interpreter: Interpreter,
        digest: str,
    ) -> Environment:
        shutil.rmtree(folder, ignore_errors=True)
        self._uv("venv", "--quiet", "--python", str(interpreter.path), str(folder))
        python = _python_in(folder)
        into = ("--python", str(python.absolute()))
        beside = source if _for_uv(source) == "." else None
        self._uv("pip", "install", "--quiet", *into, *requirements, about=source, cwd=beside)
        packages = self._uv("pip", "freeze", "--quiet", "--python", str(python)).splitlines()
        made = {"format": ENVIRONMENT_FORMAT, "python": interpreter.version, "packages": packages}
        draft = folder / "complete.json.new"
        draft.write_text(json.dumps(made, indent=1), encoding="utf-8")
        draft.replace(folder / "complete.json")
        return Environment(folder, python, tuple(packages), digest, cached=False)

    def _uv(
        self,
        *arguments: str,
        about: Path | None = None,
        cwd: Path | None = None,
        downloads: bool = False,
    ) -> str:
        command = [uv_program(), "--system-certs", "--no-progress"]
        if self._offline:
            command.append("--offline")
        if not downloads:
            command.append("--no-python-downloads")
        with self._lock:
            self._unless_cancelled()
            try:
                process = os_processes.spawn(
                    [*command, *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=_uv_environment(),
                    cwd=cwd,
                )
            except OSError as error:
                raise _no_uv(command[0], error.strerror or str(error)) from error
            self._running.add(process.pid)
            if self._witness:
                self._witness.started(process.pid, "builder")
        try:
            out, err = (said.decode("utf-8", "replace") for said in process.communicate())
        finally:
            with self._lock:
                self._running.discard(process.pid)
            if self._witness:
                self._witness.ended(process.pid)
        self._unless_cancelled()
        if process.returncode != 0:
            said = err.strip() or out.strip() or f"uv ended with code {process.returncode}"
            if downloads:
                raise EnvironmentFailure(said)
            raise _explain(said, about, offline=self._offline)
        return out


@contextlib.contextmanager
def _reading(source: Path) -> Iterator[None]:
    """InputError where a file of the source folder cannot be read."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot read {error.filename or source}: {error.strerror or error}",
            f"it belongs to the source folder {source}",
        ) from error


_FINDING_UV = threading.Lock()


def uv_program() -> str:
    """The path of `uv`. EnvironmentFailure where it is not installed."""
    import uv

    # Services are made ready side by side, and `sysconfig`, which is asked here, gives a second
    # thread half of its table while the first one fills it (Python 3.11, python/cpython#92452).
    with _FINDING_UV:
        try:
            return uv.find_uv_bin()
        except FileNotFoundError as error:
            raise _no_uv("uv", str(error)) from error


def _no_uv(program: str, why: str) -> UvCannotRun:
    return UvCannotRun(
        f"{program} cannot be started: {why.strip()}",
        "it builds the environments of services: install dots-cli again, or see what the machine "
        "lacks",
    )


def digest_of(source: Path) -> str:
    """SHA-256 over the names and contents of a source folder, for the record of a run."""
    return _hash(source, list(_files(source)))


def _what_to_install(source: Path) -> tuple[str, ...]:
    requirements = source / "requirements.txt"
    listed = ("--requirement", str(requirements)) if requirements.is_file() else ()
    pyproject = source / "pyproject.toml"
    project = pyproject.is_file() and "[project]" in _text(pyproject)
    if project or (source / "setup.py").is_file():
        folder = _for_uv(source)
        itself = ("--editable", folder) if os.access(source, os.W_OK) else (folder,)
        # Most published services keep what they need in requirements.txt only.
        return itself if project and _has_dependencies(pyproject) else (*listed, *itself)
    if listed:
        return listed
    raise InputError(
        f"nothing to install from in {source}",
        "a source folder needs a pyproject.toml with [project], or a requirements.txt",
    )


def _for_uv(source: Path) -> str:
    """How `uv` is told the folder: from within it where it would read its path as more than one."""
    return "." if _READ_BY_UV & set(str(source)) else str(source)


def _has_dependencies(pyproject: Path) -> bool:
    try:
        project = tomllib.loads(_text(pyproject)).get("project", {})
    except tomllib.TOMLDecodeError:
        return False  # uv says what is wrong with it, and where
    return bool(project.get("dependencies")) or "dependencies" in project.get("dynamic", ())


def _digest(source: Path, interpreter: Interpreter, *, editable: bool) -> str:
    if editable:
        # The code is used where it lies, so only what decides the dependencies counts.
        files = [source / name for name in _BUILD_FILES] + sorted(source.glob("*requirements*.txt"))
        files = [file for file in files if file.is_file()]
    else:
        files = list(_files(source))
    seed = json.dumps(
        [ENVIRONMENT_FORMAT, str(source), str(interpreter.path), interpreter.version, editable]
    )
    return hashlib.sha256((seed + _hash(source, files)).encode()).hexdigest()


def _hash(source: Path, files: list[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(file.relative_to(source).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _files(source: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(source):
        names[:] = sorted(n for n in names if n not in _IGNORED and not n.endswith(".egg-info"))
        named = (Path(folder) / file for file in sorted(files) if not file.endswith(".pyc"))
        yield from (file for file in named if file.is_file())  # no socket, no dangling link


def _read(folder: Path, digest: str) -> Environment | None:
    try:
        made = json.loads((folder / "complete.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    python = _python_in(folder)
    if made.get("format") != ENVIRONMENT_FORMAT or not python.exists():
        return None
    return Environment(folder, python, tuple(made["packages"]), digest, cached=True)


def _python_in(folder: Path) -> Path:
    if sys.platform == "win32":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def _uv_environment() -> dict[str, str]:
    # An active virtual environment or a uv project around us must not decide for the service.
    dropped = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT")
    return {name: value for name, value in os.environ.items() if name not in dropped}


def _explain(said: str, about: Path | None, *, offline: bool) -> DotsError:
    whose = f" of {about.name}" if about else ""
    where = f" (source {about})" if about else ""
    last = "\n".join(said.splitlines()[-12:])
    if "No space left" in said or "os error 28" in said:
        return EnvironmentFailure(
            f"the disk is full while building the environment{whose}",
            "free space, or set DOTS_CACHE to a folder on another disk",
        )
    if offline and ("network was disabled" in said or "--offline" in said):
        return EnvironmentFailure(
            f"the environment{whose} needs packages that are not in uv's cache:\n{last}",
            "run once without --offline",
        )
    unreachable = ("error sending request", "dns error", "Failed to fetch", "client error")
    if any(word in said for word in unreachable):
        return EnvironmentFailure(
            f"the package index cannot be reached for the environment{whose}:\n{last}",
            "check the network and proxy (HTTPS_PROXY, UV_DEFAULT_INDEX); what was built once "
            "runs without a network",
        )
    return EnvironmentFailure(
        f"the environment{whose} cannot be built{where}:\n{last}",
        "the lines above are uv's; check the dependencies and `python:` of the service",
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig", errors="replace")


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name.lower()) or "service"


def timed(action: Callable[[], Environment]) -> tuple[Environment, float]:
    """The environment and how many seconds it took to have it."""
    begin = time.monotonic()
    environment = action()
    return environment, time.monotonic() - begin
