"""What the tests of faults share: runs of local processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Runs


@pytest.fixture
def runs(
    dots_home: Path, run_dots: Callable[..., Any], start_dots: Callable[..., Any]
) -> Iterator[Runs]:
    """Runs by local processes: what is killed here are their pids."""
    yield Runs("process", dots_home, run_dots, start_dots)
