"""Git sources, cloned by the `git` program into the cache and kept.

One bare repository per URL, and beside it one checkout per commit. Both are made under a lock and
appear under their names only when they are whole: a second run waits for the first one's clone,
and one that was cut off is made again. Git asks nobody for a password: private repositories need
what git itself knows (a credential helper, an SSH agent).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dots_cli.definition.git_source import GitSource
from dots_cli.errors import DotsError, EnvironmentFailure, InputError
from dots_cli.runtime import os_processes

Tell = Callable[[str], None]

_LOOK_AGAIN = 0.2
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_STALLED = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60")
_FETCH = (
    *("fetch", "--quiet", "--prune", "--tags", "--force"),
    *("origin", "+refs/heads/*:refs/heads/*"),
)
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never"}
_DROPPED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")
_UNREACHABLE = (
    *("Could not resolve host", "Failed to connect", "Connection refused", "Connection timed out"),
    *("Network is unreachable", "unable to access", "Could not read from remote", "timed out"),
)
_REFUSED = ("could not read Username", "Authentication failed", "Permission denied", "terminal pr")


@dataclass(frozen=True)
class Checkout:
    """A commit of a repository as a folder of files; `folder` is the service's part of it."""

    folder: Path
    commit: str


class Checkouts:
    """Keeps repositories below `cache`. `offline` uses only what is there."""

    def __init__(self, cache: Path, *, offline: bool = False) -> None:
        self._cache = cache
        self._offline = offline

    def ensure(self, source: GitSource, tell: Tell) -> Checkout:
        """The checkout of a source; cloned where needed, `tell` says so in words.

        InputError where the repository has no such tag, commit or folder; EnvironmentFailure where
        git, the network, the rights or the disk is the reason.
        """
        name = f"{_slug(source.url)}-{hashlib.sha256(source.url.encode()).hexdigest()[:12]}"
        repository = self._cache / "git" / f"{name}.git"
        try:
            repository.parent.mkdir(parents=True, exist_ok=True)
            with _locked(repository.with_suffix(".lock"), source, tell):
                commit = self._commit(repository, source, tell)
                whole = self._cache / "sources" / f"{name}-{commit[:12]}"
                if not whole.is_dir():
                    self._check_out(repository, commit, whole)
        except OSError as error:
            raise EnvironmentFailure(
                f"cannot keep the source {source}: {error.strerror or error}",
                f"free space or fix the rights of {repository.parent}",
            ) from error
        folder = whole / source.subdirectory
        if not folder.is_dir():
            raise InputError(
                f"{source.url} has no folder {source.subdirectory} at {source.ref}",
                "correct the name after #subdirectory=",
            )
        return Checkout(folder, commit)

    def _commit(self, repository: Path, source: GitSource, tell: Tell) -> str:
        """The commit that is meant. A tag or commit that is here is final, a branch moves on."""
        fresh = not repository.is_dir()
        if fresh:
            self._clone(repository, source, tell)
        found, final = _resolved(repository, source.ref)
        if not fresh and not final and not self._offline:
            tell(f"fetching {source.ref} of {source.url}")
            _git(source, "-C", str(repository), *_FETCH)
            found, final = _resolved(repository, source.ref)
        if found is None:
            hint = "Check the tag or commit after the last @."
            if self._offline:
                raise EnvironmentFailure(
                    f"{source.ref} of {source.url} is not in the cache", "run without --offline"
                )
            raise InputError(f"{source.url} has no tag or commit {source.ref}", hint)
        return found

    def _clone(self, repository: Path, source: GitSource, tell: Tell) -> None:
        if self._offline:
            raise EnvironmentFailure(
                f"the source {source} is not in the cache", "run once without --offline"
            )
        tell(f"cloning {source.url}")
        draft = repository.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            _git(source, "clone", "--quiet", "--bare", "--", source.url, str(draft))
            draft.rename(repository)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _check_out(self, repository: Path, commit: str, whole: Path) -> None:
        # A clone, and no bare tree, for some packages take their version from Git.
        draft = whole.with_name(f".{whole.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        whole.parent.mkdir(parents=True, exist_ok=True)
        try:
            _git(None, "clone", "--quiet", "--shared", "--no-checkout", str(repository), str(draft))
            _git(None, "-C", str(draft), "checkout", "--quiet", "--detach", commit)
            draft.rename(whole)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _resolved(repository: Path, ref: str) -> tuple[str | None, bool]:
    """The commit of a ref in a repository, and whether it can never mean another one."""
    kinds = [(f"refs/tags/{ref}", True)]
    if _COMMIT.fullmatch(ref):
        kinds.append((ref, True))
    for name, final in [*kinds, (f"refs/heads/{ref}", False)]:
        with contextlib.suppress(_GitFailedError):
            said = _run("-C", str(repository), "rev-parse", "--verify", f"{name}^{{commit}}")
            return said.strip(), final
    return None, False


class _GitFailedError(Exception):
    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def _git(source: GitSource | None, *arguments: str) -> str:
    try:
        return _run(*_STALLED, *arguments)
    except _GitFailedError as failure:
        raise _explain(failure.said, source) from failure


def _run(*arguments: str) -> str:
    try:
        process = os_processes.spawn(
            ["git", *arguments],
            env={k: v for k, v in os.environ.items() if k not in _DROPPED} | _QUIET,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        raise EnvironmentFailure(
            "git is not on this machine: a `source:` that is a Git URL needs it",
            "install git, or clone the repository elsewhere and name the folder",
        ) from None
    try:
        out, err = (said.decode("utf-8", "replace") for said in process.communicate())
    except BaseException:  # Ctrl-C: git leads a group of its own and would go on
        os_processes.kill(process.pid)
        process.wait()
        raise
    if process.returncode != 0:
        raise _GitFailedError(err.strip() or out.strip())
    return out


def _explain(said: str, source: GitSource | None) -> DotsError:
    last = "\n".join(said.splitlines()[-6:])
    what = source.url if source else "the checkout"
    if "No space left" in said:
        return EnvironmentFailure(
            f"the disk is full while fetching {what}",
            "free space, or set DOTS_CACHE to a folder on another disk",
        )
    if any(word in said for word in _REFUSED):
        return EnvironmentFailure(
            f"{what} cannot be read without a password, or does not exist:\n{last}",
            "give git your credentials (a credential helper, or an SSH key in an agent); dots "
            "never asks for them",
        )
    if "not found" in said or "does not exist" in said or "does not appear to be" in said:
        return InputError(f"there is no Git repository at {what}:\n{last}", "Check the URL.")
    if any(word in said for word in _UNREACHABLE):
        return EnvironmentFailure(
            f"{what} cannot be reached:\n{last}",
            "check the network and proxy; what was cloned once runs without a network",
        )
    return EnvironmentFailure(f"{what} cannot be fetched:\n{last}", "the lines above are git's")


@contextlib.contextmanager
def _locked(lock: Path, source: GitSource, tell: Tell) -> Iterator[None]:
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    waits = False
    while not held.is_locked:
        try:
            held.acquire(timeout=_LOOK_AGAIN)
        except Timeout:
            if not waits:
                tell(f"waiting for another run that clones {source.url}")
            waits = True
    try:
        yield
    finally:
        held.release()


def _slug(url: str) -> str:
    name = url.rstrip("/").removesuffix(".git").rpartition("/")[2]
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "source"
