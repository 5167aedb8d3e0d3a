"""The one place that imports the Docker SDK: opens a connection, turns its errors into ours."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import docker.errors
import docker.tls

from dots_cli.runtime.containers import failures
from dots_cli.runtime.containers.facts import OLDEST_API, EngineFailure
from dots_cli.runtime.engine_probe import Address, where_to_ask

CONNECT = 15.0
"""Seconds for the first answer."""
ANSWER = 120.0
"""Seconds that a busy engine may take for any other."""
CONNECTIONS = 100


def open_connection() -> tuple[Any, str]:
    """The SDK's client for the engine that the Docker CLI would use, and its address.

    EngineFailure says why none answers, or that it is too old.
    """
    asked = where_to_ask(os.environ)
    if not asked.url:
        hint = "See which there are: docker context ls"
        raise EngineFailure(f"there is no Docker context {asked.context}", hint)
    address, given = asked.url, asked.told_by and f"from {asked.told_by}"
    try:
        api = _client(asked).api
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


def _client(address: Address) -> docker.DockerClient:
    """The SDK reads `DOCKER_HOST` and its TLS settings itself.

    Contexts it finds only beside a `config.json`, which the Docker CLI does without.
    """
    if not address.context and address.told_by:
        return docker.from_env(timeout=CONNECT, max_pool_size=CONNECTIONS)
    tls = _certificates(address.tls, address.verifies) if address.tls else False
    return docker.DockerClient(
        base_url=address.url, tls=tls, timeout=CONNECT, max_pool_size=CONNECTIONS
    )


def _certificates(folder: Path, verifies: bool) -> docker.tls.TLSConfig:
    ca, cert, key = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    return docker.tls.TLSConfig(
        client_cert=(str(cert), str(key)) if cert.is_file() else None,
        ca_cert=str(ca) if ca.is_file() else None,
        verify=verifies,
    )
