"""The note of a run that says which engine has its containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.errors import EnvironmentFailure
from dots_cli.runtime.containers.whereabouts import NOTE, require_same, write_note
from dots_cli.runtime.engine_probe import Address

LAB = Address("ssh://me@lab", "the Docker context 'lab'", "lab")
SOCKET = Address("unix:///var/run/docker.sock")


@pytest.mark.parametrize(
    ("address", "way"),
    [
        (LAB, "Set DOCKER_CONTEXT to lab and leave DOCKER_HOST out"),
        (SOCKET, "Set DOCKER_HOST to unix:///var/run/docker.sock,"),
    ],
)
def test_another_engine_is_told_with_the_way_to_it(
    tmp_path: Path, address: Address, way: str
) -> None:
    write_note(tmp_path, "one", address)
    require_same(tmp_path, "one")
    with pytest.raises(
        EnvironmentFailure, match=f"on another Docker engine, {address.url}"
    ) as told:
        require_same(tmp_path, "other")
    assert told.value.hint.startswith(way)
    assert str(tmp_path / NOTE) in told.value.hint


@pytest.mark.parametrize("text", [None, "", "[]", "{}"])
def test_a_run_without_a_note_is_anybodys(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / NOTE).write_text(text)
    require_same(tmp_path, "one")


def test_an_engine_that_is_not_told_from_others_is_not_noted(tmp_path: Path) -> None:
    write_note(tmp_path, "", SOCKET)
    assert list(tmp_path.iterdir()) == []
    write_note(tmp_path, "one", SOCKET)
    require_same(tmp_path, "")
