"""The one place that imports the Docker SDK: opens a connection, turns its errors into ours."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
import docker.context
import docker.errors

from dots_cli.runtime.containers import failures
from dots_cli.runtime.containers.facts import OLDEST_API, EngineFailure

CONNECT = 15.0
"""Seconds for the first answer."""
ANSWER = 120.0
"""Seconds that a busy engine may take for any other."""
CONNECTIONS = 100


def open_connection() -> tuple[Any, str]:
    """The SDK's client for the engine that the Docker CLI would use, and its address.

    EngineFailure says why none answers, or that it is too old.
    """
    address, given = _address()
    try:
        api = docker.from_env(timeout=CONNECT, max_pool_size=CONNECTIONS).api
    except docker.errors.InvalidVersion as error:
        raise failures.too_old("unknown version", str(error)) from error
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise failures.cannot_connect(error, address, given) from error
    version = str(api.api_version)
    if api_version(version) < OLDEST_API:
        with failing("ask the engine about itself"):
            told = api.version(api_version=False)
        api.close()
        raise failures.too_old(str(told.get("Version", "unknown version")), version)
    api.timeout = ANSWER
    return api, address


def api_version(text: str) -> tuple[int, ...]:
    """`1.41` as numbers that compare."""
    return tuple(int(part) for part in text.split("."))


@contextmanager
def failing(what: str, whom: Callable[[], str] = str) -> Iterator[None]:
    """Turns what the SDK raises into an EngineFailure that says what was to be done.

    `whom` completes it; it is asked only then.
    """
    try:
        yield
    except docker.errors.APIError as error:
        status = error.response.status_code if error.response is not None else 0
        raise failures.refused(what + whom(), status, said_by(error)) from error
    except (docker.errors.DockerException, ValueError) as error:
        raise EngineFailure(f"cannot {what}{whom()}: {error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise failures.lost(what + whom(), error) from error


def said_by(error: docker.errors.APIError) -> str:
    """The engine's own words."""
    explained = error.explanation
    text = explained.decode("utf-8", "replace") if isinstance(explained, bytes) else explained
    return str(text or error)


def raise_told(what: str, line: Mapping[str, Any]) -> None:
    """The failure that a line of a long answer tells of, if it does."""
    if said := line.get("error"):
        status = 404 if _is_missing(str(said)) else 500
        raise failures.refused(what, status, str(said))


def _is_missing(said: str) -> bool:
    return any(words in said for words in ("not found", "manifest unknown", "access denied"))


def _address() -> tuple[str, str]:
    """Where the engine should be, and who says so; EngineFailure for a context that is not."""
    if host := os.environ.get("DOCKER_HOST"):
        return host, "from DOCKER_HOST"
    named = os.environ.get("DOCKER_CONTEXT")
    try:
        context = docker.context.ContextAPI.get_context(named)
    except (docker.errors.DockerException, OSError, ValueError, KeyError) as error:
        raise EngineFailure(f"the Docker context cannot be read: {error}") from error
    if context is None:
        hint = "See which there are: docker context ls"
        raise EngineFailure(f"there is no Docker context {named or 'of that name'}", hint)
    known = "" if context.Name == "default" else f"from the Docker context {context.Name}"
    return str(context.Host or "the machine's own socket"), known
