"""One block of TCP ports on 127.0.0.1 for a run, held for as long as the run lives.

A HELICS broker hands ports out upwards from a start without looking whether they are free, so two
runs on one machine need blocks that never overlap and that lie below the ephemeral range of the
system (Linux: from 32768; macOS and Windows: from 49152). Blocks of one size share a zone.
"""

from __future__ import annotations

import random
import socket
import sys
from dataclasses import dataclass

from dots_cli.errors import EnvironmentFailure

RESERVED = 10
"""Ports at the start of a block that are not handed out: front door and brokers."""


@dataclass(frozen=True)
class Zone:
    """A range of ports cut into blocks of `size`."""

    first: int
    last: int
    size: int

    @property
    def federates(self) -> int:
        """How many federates fit: each may need a port in each phase, from halves of their own."""
        return (self.size - 2 * RESERVED) // 2


ZONES = (Zone(20_000, 27_999, 100), Zone(28_000, 32_699, 940))


@dataclass(frozen=True)
class PortBlock:
    """Ports `base` to `base + size - 1`; a socket bound to the last one keeps others out."""

    base: int
    size: int
    holder: socket.socket

    @property
    def first_phase(self) -> int:
        """Where the broker of phase 1 starts to hand out ports."""
        return self.base + RESERVED

    @property
    def second_phase(self) -> int:
        """Where the broker of phase 2 starts; sockets of phase 1 may still be closing."""
        return self.base + self.size // 2

    def release(self) -> None:
        """Let another run have the block."""
        self.holder.close()


def reserve(federates: int) -> PortBlock:
    """A block of free ports for that many federates in the larger of the two phases.

    EnvironmentFailure where the machine has none left or the federation is too large.
    """
    zones = [zone for zone in ZONES if federates <= zone.federates]
    for zone in zones:
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
            f"{federates} federates are more than one machine's ports are laid out for "
            f"(at most {ZONES[-1].federates})",
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
