"""One block of TCP ports on 127.0.0.1 for a run, held for as long as the run lives.

A HELICS broker hands ports out upwards from a start without looking whether they are free, so two
runs on one machine need blocks that never overlap and that lie below the ephemeral range of the
system (Linux: from 32768; macOS and Windows: from 49152). Blocks of one size share a zone.
"""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from dots_cli.errors import EnvironmentFailure

MANY_CALCULATIONS = 10
"""What a model that has not said how many calculations it has may turn out to have."""


@dataclass(frozen=True)
class Zone:
    """A range of ports cut into blocks of `size`."""

    first: int
    last: int
    size: int


ZONES = (Zone(20_000, 23_999, 100), Zone(24_000, 32_459, 940))


@dataclass(frozen=True)
class PortBlock:
    """Ports `base` to `base + size - 1`; a socket bound to the last one keeps others out."""

    base: int
    size: int
    holder: socket.socket

    def release(self) -> None:
        """Let another run have the block."""
        self.holder.close()


def needed(models: int, calculations: int) -> int:
    """How many ports a federation takes of its block, as the conductor lays them out.

    `conductor.phase2` counts the same; it may import nothing of ours, so a test ties the two.
    """
    return max(50, models + 20) + calculations + 3


def reserve_for(calculations: Sequence[int | None]) -> PortBlock:
    """A block for models with so many calculations each, None where nobody has declared them.

    A large one, as long as there is one, where the undeclared ones may be too many for a small one.
    EnvironmentFailure as for `reserve`.
    """
    fewest, many = (
        needed(len(calculations), sum(guess if n is None else n for n in calculations))
        for guess in (1, MANY_CALCULATIONS)
    )
    return reserve(fewest, many)


def reserve(fewest: int, wanted: int = 0) -> PortBlock:
    """A block of at least `fewest` free ports, and of `wanted` where one that large can be had.

    EnvironmentFailure where the machine has none left or the federation is too large.
    """
    zones = sorted((zone for zone in ZONES if fewest <= zone.size), key=lambda z: z.size)
    small = [zone for zone in zones if zone.size < wanted]
    for zone in (*(zone for zone in zones if zone not in small), *reversed(small)):
        bases = list(range(zone.first, zone.last - zone.size + 2, zone.size))
        random.shuffle(bases)
        for base in bases:
            holder = _hold(base + zone.size - 1)
            if holder is None:
                continue
            if all(_is_free(port) for port in range(base, base + zone.size - 1)):
                return PortBlock(base, zone.size, holder)
            holder.close()
    if not zones:
        raise EnvironmentFailure(
            f"the federation needs {fewest} ports, more than one machine has laid out for a run "
            f"(at most {max(zone.size for zone in ZONES)})",
            "let fewer models simulate the objects: `models: n` in the service definition",
        )
    raise EnvironmentFailure(
        f"no block of {zones[0].size} free ports on 127.0.0.1 "
        f"between {zones[0].first} and {zones[-1].last}",
        "end other runs with `dots teardown`, or the programs that use these ports",
    )


def _hold(port: int) -> socket.socket | None:
    holder = _new_socket()
    try:
        holder.bind(("127.0.0.1", port))
        holder.listen(1)
    except OSError:
        holder.close()
        return None
    return holder


def _is_free(port: int) -> bool:
    holder = _hold(port)
    if holder is None:
        return False
    holder.close()
    return True


def _new_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform == "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        # Without it a port counts as taken for a minute after a connection on it was closed.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock
