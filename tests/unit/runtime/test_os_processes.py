"""Ending processes that lead no group of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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


def test_a_lock_that_may_not_be_looked_at_counts_as_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "supervisor.lock"
    assert not os_processes.is_locked(lock)
    lock.touch()
    assert not os_processes.is_locked(lock)

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    # Nobody may refuse root, whom tests may run as.
    monkeypatch.setattr(os, "open", refuse)
    assert os_processes.is_locked(lock)
