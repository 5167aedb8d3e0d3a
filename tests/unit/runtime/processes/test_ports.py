"""Port blocks that never overlap."""

from __future__ import annotations

import itertools
import socket

import pytest

from dots_cli.conductor.failure import Failure
from dots_cli.conductor.phase2 import check_ports
from dots_cli.conductor.settings import Model
from dots_cli.errors import EnvironmentFailure
from dots_cli.runtime.processes import ports
from tests.unit.conductor import made


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


@pytest.mark.parametrize("models", [1, 13, 30, 31, 200])
@pytest.mark.parametrize("size", [100, 940])
def test_as_many_ports_are_reserved_as_the_conductor_needs(models: int, size: int) -> None:
    told = made.settings(*(Model(f"pv-{n}", "pv", "PV", 1) for n in range(models)), ports=size)
    base = ports.needed(models, 0)
    if base <= size:
        check_ports(told, size - base)
    with pytest.raises(Failure):
        check_ports(told, max(0, size - base) + 1)


@pytest.mark.parametrize("calculations", [[4] * 11, [None] * 3, [None, 37]])
def test_a_federation_that_fits_into_a_small_block_takes_no_large_one(
    calculations: list[int | None],
) -> None:
    block = ports.reserve_for(calculations)
    block.release()
    assert block.size == 100


def test_undeclared_calculations_get_ports_for_many_as_long_as_there_are() -> None:
    undeclared = [None] * 13
    large = ports.reserve_for(undeclared)
    try:
        assert large.size >= ports.needed(13, 13 * 4)
        with pytest.MonkeyPatch.context() as patch:
            taken = ports.Zone(large.base, large.base + large.size - 1, large.size)
            patch.setattr(ports, "ZONES", (ports.ZONES[0], taken))
            small = ports.reserve_for(undeclared)
            small.release()
            assert ports.needed(13, 13) <= small.size < large.size
    finally:
        large.release()


@pytest.mark.parametrize("wanted", [0, 100, 101, 5000])
def test_no_block_is_larger_than_it_has_to_be(wanted: int) -> None:
    block = ports.reserve(100, wanted)
    block.release()
    assert block.size == (100 if wanted <= 100 else 940)
    assert block.base + block.size <= 32_768


def test_a_federation_too_large_for_one_machine_is_refused_with_what_to_do() -> None:
    with pytest.raises(EnvironmentFailure) as caught:
        ports.reserve(5000)
    assert "models: n" in caught.value.hint
