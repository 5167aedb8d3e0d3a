"""What the tests of faults share: runs of local processes, and who owns them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.contract.conftest import Runs
from tests.support import processes


@pytest.fixture
def runs(
    dots_home: Path, run_dots: Callable[..., Any], start_dots: Callable[..., Any]
) -> Iterator[Runs]:
    """Runs by local processes: what is killed here are their pids."""
    yield Runs("process", dots_home, run_dots, start_dots)


def owner(home: Path, module: str = "supervise") -> psutil.Process:
    """The supervisor, or the `guard`, of the only run."""
    name = f"dots_cli.runtime.{module}"
    (found,) = [p for p in processes.of_home(home) if name in p.cmdline()]
    return found
