"""The end of a supervisor, where something fails in it."""

from __future__ import annotations

import pytest

from dots_cli.runs import registry
from dots_cli.runtime import os_processes
from dots_cli.runtime.supervise import Supervisor
from tests.support.acting import make_run


@pytest.mark.usefixtures("dots_home")
def test_a_verdict_is_recorded_although_the_runtime_cannot_be_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run()
    supervisor = Supervisor(folder)
    guard = supervisor._guard
    try:

        def fail() -> None:
            raise RuntimeError("the engine is confused")

        monkeypatch.setattr(supervisor._runtime, "close", fail)
        supervisor._judge.stop_requested("stopped")
        supervisor._finish()
        verdict = registry.verdict(folder)
        assert verdict is not None
        assert (verdict.verdict, verdict.exit_code) == ("stopped", 10)
        assert "the engine is confused" in capsys.readouterr().err
        # It ends what may be left.
        assert os_processes.group_is_there(guard.pid)
    finally:
        guard.dismiss()
