"""A federation of a conductor and quick models for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.conductor.rig import Rig
from tests.contract.conductor.rig import rig as new_rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with new_rig(tmp_path) as made:
        yield made
