"""The failures of an engine in words: what is wrong, and what to do about it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from dots_cli.runtime.containers.facts import EngineFailure, NoNetworkLeft, NotThere, Taken

NO_DAEMON = "Start Docker (Docker Desktop, or `sudo systemctl start docker`), then try again."
NO_PERMISSION = (
    "Let your user use it: `sudo usermod -aG docker $USER`, then log in again; "
    "or use rootless Docker."
)
WRONG_ADDRESS = "Correct DOCKER_HOST (or unset it), or choose a context: `docker context use ...`."
FULL_SAID = "no space left on device"
FULL = "Free space (`docker system df` shows who uses it), then try again."
NETWORKS = (
    "Remove networks that nobody uses (`docker network ls`), or widen "
    "`default-address-pools` in the engine's daemon.json."
)


def cannot_connect(error: BaseException, address: str, given: str) -> EngineFailure:
    """No engine answers at that address, which `given` says who has named."""
    where = f"{address} ({given})" if given else address
    causes = list(chain(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return EngineFailure(f"Docker refuses this user: no permission on {where}", NO_PERMISSION)
    if any(isinstance(cause, FileNotFoundError | ConnectionRefusedError) for cause in causes):
        hint = f"{NO_DAEMON} {WRONG_ADDRESS}" if given else NO_DAEMON
        return EngineFailure(f"no Docker engine answers at {where}", hint)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return EngineFailure(f"there is no such host: {where}", WRONG_ADDRESS)
    if any(isinstance(cause, TimeoutError) for cause in causes) or "timed out" in str(error):
        return EngineFailure(f"the Docker engine at {where} does not answer", NO_DAEMON)
    return EngineFailure(f"no Docker engine can be reached at {where}: {error}", WRONG_ADDRESS)


def too_old(version: str, api: str) -> EngineFailure:
    """The engine lacks what a run needs."""
    return EngineFailure(
        f"this Docker engine is too old: {version} (API {api})",
        "Install Docker 20.10 (API 1.41) or newer.",
    )


def refused(what: str, status: int, said: str) -> EngineFailure:
    """The engine answered with an error. `what` it was to do, `said` in its own words."""
    said = said.strip()
    message = f"cannot {what}: {said}"
    if FULL_SAID in said.lower():
        return EngineFailure(message, FULL)
    if "address pool" in said or "non-overlapping" in said:
        return NoNetworkLeft(f"{message}: every address range for networks is in use", NETWORKS)
    if status == 404:
        return NotThere(message)
    if "port is already allocated" in said or "address already in use" in said:
        return Taken(message, "End what uses that port, then try again.")
    if status == 409 or "has active endpoints" in said:
        return Taken(message)
    return EngineFailure(message)


def lost(what: str, error: BaseException) -> EngineFailure:
    """The connection broke, or there was no answer in time."""
    return EngineFailure(f"cannot {what}: the Docker engine does not answer ({error})", NO_DAEMON)


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it came from; libraries hide causes in arguments, too."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [
            cause
            for cause in (
                current.__cause__,
                current.__context__,
                getattr(current, "reason", None),
                *current.args,
            )
            if isinstance(cause, BaseException)
        ]
