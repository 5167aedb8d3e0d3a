"""The engine's answers as our own types, and what it is sent as it wants it. Pure."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dots_cli.runtime.containers.facts import Container, ContainerEvent, EngineInfo

_READABLE = 0o444
_SAME_CLOCK = 0.05


def info(told: Mapping[str, Any], api_version: str, address: str) -> EngineInfo:
    """Of `GET /info`."""
    options = " ".join(told.get("SecurityOptions") or ())
    return EngineInfo(
        version=told.get("ServerVersion", ""),
        api_version=api_version,
        system=told.get("OperatingSystem", ""),
        architecture=told.get("Architecture", ""),
        rootless="name=rootless" in options,
        desktop=told.get("OperatingSystem") == "Docker Desktop",
        address=address,
        memory=int(told.get("MemTotal", 0)),
        cpus=int(told.get("NCPU", 0)),
        root=told.get("DockerRootDir", ""),
    )


def identity(told: Mapping[str, Any]) -> str:
    """What tells one engine from another, of `GET /info`; empty where it has no id.

    Engines of one machine share their id before Docker 25, but never the folder of their data.
    """
    ident, root = told.get("ID", ""), told.get("DockerRootDir", "")
    return hashlib.sha256(f"{ident} {root}".encode()).hexdigest()[:16] if ident else ""


def ahead(told: Mapping[str, Any], before: float, after: float) -> float:
    """Seconds that the engine's clock is ahead of ours; 0 where that cannot be told from nothing.

    `told` is of a `GET /info` between `before` and `after`, in seconds since 1970.
    """
    try:
        text = str(told["SystemTime"])
        theirs = datetime.fromisoformat(f"{text[:19]}+00:00").timestamp()
        theirs += float("0" + text[19 : text.index("Z")])
    except (KeyError, ValueError):
        return 0.0
    difference = theirs - (before + after) / 2
    return difference if abs(difference) > (after - before) + _SAME_CLOCK else 0.0


def listed(told: Mapping[str, Any]) -> Container:
    """One of `GET /containers/json`."""
    words = told.get("Status", "")
    health = next((w for w in ("unhealthy", "healthy", "starting") if f"({w}" in words), None)
    if "(health: starting)" in words:
        health = "starting"
    code = words[words.find("(") + 1 : words.find(")")] if words.startswith("Exited (") else ""
    return Container(
        id=told["Id"],
        name=(told.get("Names") or ["/"])[0].lstrip("/"),
        state=told.get("State", ""),
        image=told.get("Image", ""),
        labels=told.get("Labels") or {},
        ports={
            int(port["PrivatePort"]): int(port["PublicPort"])
            for port in told.get("Ports") or ()
            if "PublicPort" in port
        },
        exit_code=int(code) if code.lstrip("-").isdigit() else None,
        health=health,
    )


def inspected(told: Mapping[str, Any]) -> Container:
    """Of `GET /containers/NAME/json`."""
    state = told.get("State", {})
    settings = told.get("Config", {})
    ports = {
        int(inside.partition("/")[0]): int(bound[0]["HostPort"])
        for inside, bound in (told.get("NetworkSettings", {}).get("Ports") or {}).items()
        if bound
    }
    ended = state.get("Status") in ("exited", "dead")
    return Container(
        id=told["Id"],
        name=told.get("Name", "").lstrip("/"),
        state=state.get("Status", ""),
        image=settings.get("Image", ""),
        labels=settings.get("Labels") or {},
        ports=ports,
        exit_code=int(state.get("ExitCode", 0)) if ended else None,
        health=(state.get("Health") or {}).get("Status"),
        out_of_memory=bool(state.get("OOMKilled")),
        memory_limit=int(told.get("HostConfig", {}).get("Memory") or 0),
        error=state.get("Error", ""),
    )


def event(told: Mapping[str, Any]) -> ContainerEvent:
    """One line of `GET /events`."""
    actor = told.get("Actor", {})
    code = actor.get("Attributes", {}).get("exitCode", "")
    return ContainerEvent(
        id=actor.get("ID", ""),
        action=told.get("Action", ""),
        at=int(told.get("timeNano", 0)),
        exit_code=int(code) if code.lstrip("-").isdigit() else None,
    )


def archive(files: Mapping[str, bytes]) -> bytes:
    """A tar archive of files by their absolute paths, readable by whoever runs in a container."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(content), _READABLE
            tar.addfile(entry, io.BytesIO(content))
    return made.getvalue()
