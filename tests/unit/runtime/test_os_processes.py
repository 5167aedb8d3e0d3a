"""Ending processes that lead no group of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from dots_cli.runtime import os_processes

WAITS = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process in the group of the tests."""
    popen = subprocess.Popen(WAITS, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert popen.stdout is not None and popen.stdout.readline()
        yield popen
    finally:
        popen.kill()
        popen.communicate()


def test_a_process_that_nobody_waits_for_counts_as_ended(child: subprocess.Popen[bytes]) -> None:
    assert os_processes.end_processes([child.pid], 10) == []
    assert child.wait(10) == -9


def test_ending_waits_for_the_processes_and_not_for_their_groups(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    monkeypatch.setattr(psutil.Process, "kill", lambda process: None)  # It takes its time.
    assert os_processes.end_processes([child.pid], 0.05) == [child.pid]
