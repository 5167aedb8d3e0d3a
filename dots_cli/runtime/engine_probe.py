"""Finds out in less than half a second whether a Docker engine answers.

Uses the standard library alone: the SDK takes longer to import than an engine to answer, and it
waits for minutes where nobody does. Which engine is meant is decided as by the Docker CLI:
`DOCKER_HOST`, else `DOCKER_CONTEXT`, else the current context of its settings, else the system's
socket (https://docs.docker.com/engine/manage-resources/contexts/).
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 0.4
"""Seconds that an engine has for its answer."""

_PING = b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"
_SSH_PORT = 22
_PIPE = "npipe:////./pipe/docker_engine"
_SOCKET = "unix:///var/run/docker.sock"


@dataclass(frozen=True)
class Address:
    """Where the Docker CLI would look for its engine, and what says so, in words.

    `context` is the name of the Docker context that says so; empty without one. `tls` is the folder
    of its certificates, `ca.pem`, `cert.pem` and `key.pem` as far as there are; None without one.
    """

    url: str
    told_by: str = ""
    context: str = ""
    tls: Path | None = None
    verifies: bool = True
    """Whether the engine has to have a certificate that `ca.pem` vouches for."""


@dataclass(frozen=True)
class Answer:
    """Whether an engine answers at that address; `why_not` in words where it does not."""

    address: Address
    why_not: str = ""

    @property
    def answers(self) -> bool:
        """Whether it can be used."""
        return not self.why_not


def probe(variables: Mapping[str, str] | None = None, patience: float = PATIENCE) -> Answer:
    """Ask the engine that the Docker CLI would take; never waits longer than `patience`."""
    address = where_to_ask(os.environ if variables is None else variables)
    if not address.url:
        return Answer(address, f"{address.told_by} does not exist")
    said: list[str] = []

    def ask() -> None:
        said.append(_ask(address.url, patience))

    # In a thread, for neither a name's look-up nor a pipe knows a time limit.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(patience)
    why_not = said[0] if said else f"no answer within {patience:g} s"
    if not why_not:
        return Answer(address)
    told_by = f" ({address.told_by})" if address.told_by else ""
    return Answer(address, f"{address.url}{told_by}: {why_not}")


def where_to_ask(variables: Mapping[str, str]) -> Address:
    """The address of the engine; an empty one where a context is named that does not exist."""
    if host := variables.get("DOCKER_HOST", "").strip():
        return Address(host if "://" in host else f"tcp://{host}", "DOCKER_HOST")
    settings = Path(variables.get("DOCKER_CONFIG") or Path.home() / ".docker")
    context = variables.get("DOCKER_CONTEXT", "").strip()
    context = context or str(_json(settings / "config.json").get("currentContext") or "")
    if not context or context == "default":
        return Address(_PIPE if sys.platform == "win32" else _SOCKET)
    known, name = settings / "contexts", hashlib.sha256(context.encode()).hexdigest()
    endpoints = _json(known / "meta" / name / "meta.json").get("Endpoints")
    docker = endpoints.get("docker") if isinstance(endpoints, dict) else None
    docker = docker if isinstance(docker, dict) else {}
    tls = known / "tls" / name / "docker"
    return Address(
        str(docker.get("Host") or ""),
        f"the Docker context {context!r}",
        context,
        tls if tls.is_dir() else None,
        not docker.get("SkipTLSVerify"),
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _ask(url: str, patience: float) -> str:
    """Why the engine at an address does not answer; empty where it does."""
    try:
        parts = urlsplit(url)
        match parts.scheme:
            case "unix":
                return _ask_socket(parts.path, patience)
            case "npipe":
                return _ask_pipe(parts.path)
            case "tcp" | "http" | "https":
                return _ask_tcp(parts.hostname or "", parts.port or 2375, patience)
            case "ssh":
                # Who answers there is known only after logging in, which takes seconds.
                with socket.create_connection(
                    (parts.hostname or "", parts.port or _SSH_PORT), patience
                ):
                    return ""
            case _:
                return "this is no address of an engine"
    except PermissionError:
        return "permission denied"
    except (FileNotFoundError, ConnectionRefusedError):
        return "nothing listens there"
    except TimeoutError:
        return f"no answer within {patience:g} s"
    except (OSError, ValueError) as error:
        return str(error)


def _ask_socket(path: str, patience: float) -> str:
    if sys.platform == "win32":
        return "there are no such sockets on Windows"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.settimeout(patience)
        stream.connect(path)
        stream.sendall(_PING)
        return _judge(stream.recv(256))


def _ask_tcp(host: str, port: int, patience: float) -> str:
    with socket.create_connection((host, port), patience) as stream:
        stream.sendall(_PING)
        # Behind TLS nothing understands this; that somebody is there has to do.
        answer = stream.recv(256)
        return _judge(answer) if answer.startswith(b"HTTP/") and b" 400" not in answer[:16] else ""


def _ask_pipe(path: str) -> str:
    with Path(path.replace("/", "\\")).open("r+b", buffering=0) as pipe:
        pipe.write(_PING)
        return _judge(pipe.read(256) or b"")


def _judge(answer: bytes) -> str:
    first = answer.partition(b"\r\n")[0].decode("latin-1")
    if first.startswith("HTTP/") and first.split(" ")[1:2] == ["200"]:
        return ""
    return f"it answers {first!r}" if first else "it hangs up"
