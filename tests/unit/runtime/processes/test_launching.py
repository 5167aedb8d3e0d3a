"""A federation is started in the background, and not at all once it is wanted no more."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar, cast

import pytest

from dots_cli.errors import EnvironmentFailure
from dots_cli.plan import serialise
from dots_cli.render import run_folder
from dots_cli.runtime.base import CouldNotGoOn, Ended, Message, PreparationDone, RunOptions, Started
from dots_cli.runtime.guard_line import GuardLine
from dots_cli.runtime.processes import ports, workplaces
from dots_cli.runtime.processes.environments import Environment, Environments
from dots_cli.runtime.processes.launching import Cancelled, Launch
from dots_cli.runtime.processes.process_runtime import ProcessRuntime
from tests.unit.plan.planning import definition_of, plan_of, scenario_of, service

PATIENCE = 20.0
M = TypeVar("M")


class NoGuard:
    """Nobody has to end what these tests start but they themselves."""

    def started(self, pid: int, role: str) -> None: ...

    def ended(self, pid: int) -> None: ...


class Prepared:
    """A runtime whose one model can be started, and what it has posted."""

    def __init__(self, folder: Path) -> None:
        source = folder / "source"
        source.mkdir()
        idle = ("python", "-c", "import time; time.sleep(60)")
        services = definition_of(service("pv", "PVInstallation", source=source, command=idle))
        plan = plan_of(scenario_of(PVInstallation=1), services)
        self.posted: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.folder = run_folder.create(
            plan.run_id, about={}, scenario=b"", definition=b"", plan=serialise.to_json(plan)
        )
        guard = cast("GuardLine", NoGuard())
        self.runtime = ProcessRuntime(self.folder, plan, self.posted.put, RunOptions(), guard)
        self.runtime._variables["STORE_PORT"] = "1"
        self.runtime.prepare()
        assert self.next(PreparationDone).error is None

    def next(self, kind: type[M]) -> M:
        """The next message of that kind."""
        while True:
            message = self.posted.get(timeout=PATIENCE)
            if isinstance(message, kind):
                return message

    def rest(self) -> list[Message]:
        """All that has been posted and not been asked for."""
        found = []
        while not self.posted.empty():
            found.append(self.posted.get())
        return found


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prepared]:
    made = Environment(tmp_path, Path(sys.executable), (), "digest", cached=True)
    monkeypatch.setattr(Environments, "ensure", lambda *_: made)
    found = Prepared(tmp_path)
    yield found
    found.runtime.close()


class Held:
    """Reserving ports takes until `go_on` is set; `begun` when it has begun."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on, self.over = (threading.Event() for _ in range(3))
        self._reserve = ports.reserve_for
        patch.setattr(ports, "reserve_for", self)

    def __call__(self, calculations: list[int | None]) -> ports.PortBlock:
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        try:
            return self._reserve(calculations)
        finally:
            self.over.set()


def test_a_federation_is_started_without_waiting_for_it(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    prepared.runtime.start_federation()
    assert held.begun.wait(PATIENCE)
    held.go_on.set()
    started = [prepared.next(Started) for _ in range(2)]
    assert [process.role for process in started] == ["conductor", "model"]
    prepared.runtime.kill([process.name for process in started])
    assert {prepared.next(Ended).role for _ in range(2)} == {"conductor", "model"}


@pytest.mark.parametrize(
    "end",
    [
        lambda runtime: runtime.kill([]),
        lambda runtime: runtime.ask_to_end([]),
        lambda runtime: runtime.tell_conductor({"command": "stop"}),
        lambda runtime: runtime.tell_conductor({"command": "disconnect"}),
    ],
)
def test_nobody_is_started_once_the_run_is_being_ended(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch, end: Callable[[ProcessRuntime], None]
) -> None:
    held = Held(monkeypatch)
    prepared.runtime.start_federation()
    assert held.begun.wait(PATIENCE)
    end(prepared.runtime)
    held.go_on.set()
    prepared.runtime.close()
    assert held.over.is_set()
    assert not [said for said in prepared.rest() if isinstance(said, Started | CouldNotGoOn)]


def test_nobody_is_started_after_a_runtime_was_closed_while_it_copied_files(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying = threading.Event()

    def start(spec: object, sounding: object, launch: Launch) -> None:
        copying.set()
        while True:  # as files are copied, one after the other
            launch.go_on()

    monkeypatch.setattr(prepared.runtime, "_start_model", start)
    prepared.runtime.start_federation()
    assert copying.wait(PATIENCE)
    begin = time.monotonic()
    prepared.runtime.close()
    assert time.monotonic() - begin < PATIENCE
    started = [said.role for said in prepared.rest() if isinstance(said, Started)]
    assert started == ["conductor"]
    assert prepared.runtime._ports is not None
    assert prepared.runtime._ports.holder.fileno() == -1


def test_what_goes_wrong_in_the_background_is_told(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = EnvironmentFailure("no ports")

    def none(_: object) -> ports.PortBlock:
        raise failure

    monkeypatch.setattr(ports, "reserve_for", none)
    prepared.runtime.start_federation()
    assert prepared.next(CouldNotGoOn).error is failure


def test_a_launch_waits_for_the_one_before_it() -> None:
    order: list[str] = []
    first_may_end = threading.Event()

    def first(_: Launch) -> None:
        assert first_may_end.wait(PATIENCE)
        order.append("first")

    failures: list[Exception] = []
    earlier = Launch(first, failures.append)
    later = Launch(lambda _: order.append("second"), failures.append, earlier)
    first_may_end.set()
    later.wait(PATIENCE)
    assert (order, failures) == (["first", "second"], [])


def test_copying_is_broken_off_between_two_files(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(5):
        (source / f"{number}.txt").write_text("x")
    asked: list[None] = []

    def go_on() -> None:
        asked.append(None)
        if len(asked) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        workplaces.lay_out(tmp_path / "root", source, [(".", "/app")], "/app", go_on)
    assert len(list((tmp_path / "root" / "app").iterdir())) == 2
