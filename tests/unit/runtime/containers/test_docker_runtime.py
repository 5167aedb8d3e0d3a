"""The runtime of containers, as far as it can be seen without an engine."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from dots_cli.plan import serialise
from dots_cli.plan.model import ContainerSpec
from dots_cli.runtime.base import RunOptions
from dots_cli.runtime.containers.docker_runtime import STARTERS, DockerRuntime, _Running
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.logs import LogFollower
from dots_cli.runtime.containers.streams import Attached
from dots_cli.runtime.guard_line import GuardLine
from tests.support.acting import make_run


class Signalled:
    """An engine of which nothing is wanted but signals."""

    def __init__(self) -> None:
        self.came = threading.Event()

    def signal(self, ident: str, name: str) -> None:
        """Take note."""
        self.came.set()


@pytest.mark.usefixtures("dots_home")
def test_a_signal_does_not_wait_behind_ends_that_the_engine_does_not_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = make_run()
    plan = serialise.from_json(folder.plan.read_text(encoding="utf-8"))
    runtime = DockerRuntime(folder, plan, lambda _: None, RunOptions(), cast("GuardLine", object()))
    engine, told = Signalled(), threading.Event()
    spec = ContainerSpec("pv-1", "model", "pv:1")
    runtime._running["id"] = _Running(
        spec, cast("Attached", object()), cast("LogFollower", object())
    )
    monkeypatch.setattr(runtime, "_engine", cast("Engine", engine))
    monkeypatch.setattr(runtime, "_tell_end", lambda ident: told.wait(60))
    try:
        for _ in range(STARTERS + 1):
            runtime._ended("id")
        runtime.kill(["pv-1"])
        assert engine.came.wait(10)
    finally:
        told.set()
        runtime._enders.shutdown()
        runtime._signallers.shutdown()
