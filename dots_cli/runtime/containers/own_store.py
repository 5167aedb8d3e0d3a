"""Whether a server of the user's own, on the engine's machine, lets containers in."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from dots_cli.errors import StoreFailure
from dots_cli.plan.containers import MACHINE
from dots_cli.plan.model import ContainerSpec
from dots_cli.runtime.containers.engine import Engine

_LOCAL = "127.0.0.1"
_PATIENCE = 1.0


def require_open(engine: Engine, specs: Sequence[ContainerSpec]) -> None:
    """StoreFailure where models are to write to a server that only this machine itself can reach.

    They would find out when they write, after the simulation. Asked only where the engine's
    network ends on this machine: elsewhere (Docker Desktop, a remote engine) nobody can tell.
    """
    port = _port_here(specs)
    gateway = engine.default_gateway() if port else None
    if port is None or gateway is None or not _is_ours(gateway):
        return
    if _answers(_LOCAL, port) and not _answers(gateway, port):
        raise StoreFailure(
            f"`store.url` names port {port} of this machine, where a server listens on {_LOCAL} "
            "only: containers cannot reach it",
            f"Let it listen on {gateway}, too (InfluxDB 1: `bind-address` in the section [http]), "
            "or use `--runtime process`.",
        )


def _port_here(specs: Sequence[ContainerSpec]) -> int | None:
    for spec in specs:
        variables = dict(spec.environment)
        if variables.get("INFLUXDB_HOST") == MACHINE:
            return int(variables["INFLUXDB_PORT"])
    return None


def _is_ours(address: str) -> bool:
    try:
        with socket.socket() as trial:
            trial.bind((address, 0))
    except OSError:
        return False
    return True


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=_PATIENCE):
            return True
    except OSError:
        return False
