"""The guard of a run is replaced when it was killed, also where that does not work at once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dots_cli.runtime import guard_line, os_processes
from dots_cli.runtime.guard_line import GuardLine
from tests.support.processes import wait_for

PATIENCE = 30


@pytest.mark.skipif(sys.platform == "win32", reason="a folder with an open log cannot be moved")
def test_a_guard_that_cannot_be_replaced_is_told_of_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_line, "AGAIN", 0.02)
    logs, away = tmp_path / "logs", tmp_path / "away"
    logs.mkdir()
    told: list[str] = []
    line = GuardLine(tmp_path, logs / "supervisor.log", told.append)
    try:
        first = line.pid
        logs.rename(away)
        os_processes.kill(first)
        wait_for(lambda: told, PATIENCE, "the failure is told")
        assert "none can be started" in told[0]
        away.rename(logs)
        wait_for(lambda: len(told) > 1, PATIENCE, "another guard")
        assert told[1:] == ["the guard of the run was killed; another one is on watch"]
        assert line.pid != first
    finally:
        line.dismiss()
    assert not os_processes.group_is_there(line.pid)
