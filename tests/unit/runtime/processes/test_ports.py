"""Port blocks that never overlap."""

from __future__ import annotations

import itertools
import socket

import pytest

from dots_cli.errors import EnvironmentFailure
from dots_cli.runtime.processes import ports


def listening(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(1)
    return sock


def test_blocks_that_are_held_never_overlap() -> None:
    blocks = [ports.reserve(10) for _ in range(20)] + [ports.reserve(200) for _ in range(2)]
    try:
        taken = sorted((block.base, block.base + block.size) for block in blocks)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(taken))
    finally:
        for block in blocks:
            block.release()


def test_a_block_in_which_somebody_listens_is_not_given() -> None:
    first = ports.reserve(1)
    first.release()
    with listening(first.base + 7), pytest.MonkeyPatch.context() as patch:
        patch.setattr(ports, "ZONES", (ports.Zone(first.base, first.base + 99, 100),))
        with pytest.raises(EnvironmentFailure, match="no block of 100 free ports"):
            ports.reserve(1)


def test_a_released_block_can_be_had_again() -> None:
    first = ports.reserve(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ports, "ZONES", (ports.Zone(first.base, first.base + 99, 100),))
        with pytest.raises(EnvironmentFailure):
            ports.reserve(1)
        first.release()
        ports.reserve(1).release()


def test_the_phases_have_ports_of_their_own_for_every_federate() -> None:
    for federates in (1, 40, 41, 400):
        block = ports.reserve(federates)
        block.release()
        assert block.second_phase - block.first_phase >= federates
        assert block.base + block.size - 1 - block.second_phase >= federates
        assert block.base + block.size <= 32_768


def test_a_federation_too_large_for_one_machine_is_refused_with_what_to_do() -> None:
    with pytest.raises(EnvironmentFailure) as caught:
        ports.reserve(5000)
    assert "models: n" in caught.value.hint
