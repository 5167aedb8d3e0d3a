"""What a run says whose services cannot be made ready, or that is stopped before they start."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dots_cli.errors import EnvironmentFailure
from dots_cli.plan import serialise
from dots_cli.render import run_folder
from dots_cli.render.run_folder import RunFolder
from dots_cli.runtime import control
from dots_cli.runtime.processes import ports
from dots_cli.runtime.processes.environments import Environment, Environments
from dots_cli.runtime.supervise import Supervisor
from tests.unit.plan.planning import definition_of, plan_of, scenario_of, service


@pytest.fixture
def folder() -> Iterator[RunFolder]:
    services = definition_of(service("pv", "PVInstallation"), service("grid", "EConnection"))
    plan = plan_of(scenario_of(PVInstallation=1, EConnection=1), services)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield run_folder.create(
        plan.run_id, about={}, scenario=b"", definition=b"", plan=serialise.to_json(plan)
    )
    for number, handler in handlers.items():
        signal.signal(number, handler)


def failing(patch: pytest.MonkeyPatch, **errors: Exception) -> None:
    """Let making these services ready fail."""

    def ensure(self: Environments, source: Path, *_: object) -> object:
        raise errors[source.name]

    patch.setattr(Environments, "ensure", ensure)


NO_NETWORK = EnvironmentFailure("no network")


@pytest.mark.parametrize("other", [NO_NETWORK, ValueError("ours, too")])
def test_a_bug_is_told_as_one_with_its_traceback_in_the_log(
    folder: RunFolder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    other: Exception,
) -> None:
    failing(monkeypatch, pv=ValueError("ours"), grid=other)
    verdict = Supervisor(folder).run()
    assert (verdict.cause, verdict.exit_code) == ("bug", 1)
    log = capsys.readouterr().err
    assert "Traceback" in log
    assert "in ensure" in log


def test_a_failure_of_the_system_is_one_of_the_machine(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(28, "No space left on device")
    failing(monkeypatch, pv=full, grid=full)
    verdict = Supervisor(folder).run()
    assert (verdict.cause, verdict.exit_code) == ("environment", 4)
    assert "No space left" in verdict.message


def test_one_failure_of_the_system_alone_is_one_of_the_machine_too(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> object:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("dots_cli.runtime.processes.process_runtime.ThreadPoolExecutor", missing)
    verdict = Supervisor(folder).run()
    assert (verdict.cause, verdict.exit_code) == ("environment", 4)
    assert "Too many open files" in verdict.message


def test_a_stop_is_heard_while_a_federation_is_being_started(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = Environment(tmp_path, Path(sys.executable), (), "digest", cached=True)
    monkeypatch.setattr(Environments, "ensure", lambda *_: made)
    over, given_up = threading.Event(), threading.Event()

    def reserve(_: object) -> ports.PortBlock:
        control.send(folder, control.Request("stop", reason="interrupted"))
        if not over.wait(20):
            given_up.set()
        raise EnvironmentFailure("the run has ended")

    monkeypatch.setattr(ports, "reserve_for", reserve)
    monkeypatch.setattr("dots_cli.runtime.processes.process_runtime.BROKEN_OFF", 0.05)
    try:
        verdict = Supervisor(folder).run()
        assert (verdict.verdict, verdict.exit_code) == ("stopped", 130)
        assert not given_up.is_set()
    finally:
        over.set()
    started = [line for line in folder.events.read_text().splitlines() if "process_started" in line]
    assert [line for line in started if '"store"' not in line] == []
