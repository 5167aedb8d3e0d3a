"""How ends of containers are told where the engine goes away and returns, or does not answer.

A real engine is restarted by tests/faults; it cannot be made to fail in between. A stand-in does.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import cast

import pytest

from dots_cli.runtime.containers import ends
from dots_cli.runtime.containers.ends import Ends
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Container, ContainerEvent, EngineFailure, NotThere


class Stream:
    """Events until `lose` is called."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[ContainerEvent | None] = queue.SimpleQueue()

    def die(self, ident: str) -> None:
        self._told.put(ContainerEvent(ident, "die", 0))

    def lose(self) -> None:
        self._told.put(None)

    close = lose

    def __iter__(self) -> Iterator[ContainerEvent]:
        return iter(self._told.get, None)


class Unsteady:
    """An engine whose containers have ended as `ended` says; questions fail with `failures`."""

    def __init__(self) -> None:
        self.ended: dict[str, Container] = {}
        self.failures: list[EngineFailure] = []
        self.streams: list[Stream] = []

    def end(self, ident: str) -> None:
        self.ended[ident] = Container(ident, ident, "exited", "image", exit_code=3)

    def events(self, **labels: str) -> Stream:
        self.streams.append(Stream())
        return self.streams[-1]

    def containers(self, **labels: str) -> list[Container]:
        return list(self.ended.values())

    def inspect(self, ident: str) -> Container:
        if self.failures:
            raise self.failures.pop(0)
        return self.ended[ident]


class Told:
    """`Ends` of an engine, and what it calls back."""

    def __init__(self, engine: Unsteady) -> None:
        self.ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.returned = threading.Event()
        self.ends = Ends(
            cast("Engine", engine), "run", self.ended.put, self.returned.set, lambda _: None
        )


@pytest.fixture
def engine() -> Unsteady:
    return Unsteady()


@pytest.fixture
def told(engine: Unsteady, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    monkeypatch.setattr(ends, "AGAIN", 0.01)
    made = Told(engine)
    yield made
    made.ends.close()


def patient() -> bool:
    return False


def test_only_what_had_ended_when_the_engine_returned_was_ended_with_it(
    engine: Unsteady, told: Told
) -> None:
    engine.end("pv-1")
    engine.streams[0].lose()
    assert told.ended.get(timeout=5) == "pv-1"
    assert "with the Docker engine" in told.ends.tell("pv-1", patient)[1]
    engine.end("pv-2")
    engine.streams[-1].die("pv-2")
    assert told.ended.get(timeout=5) == "pv-2"
    assert told.ends.tell("pv-2", patient) == (3, "")
    assert "with the Docker engine" in told.ends.tell("pv-1", patient)[1]


def test_an_engine_that_does_not_answer_is_asked_again_how_a_container_has_ended(
    engine: Unsteady, told: Told
) -> None:
    engine.end("pv-1")
    engine.failures = [EngineFailure("it is restarted")] * 3
    assert told.ends.tell("pv-1", patient) == (3, "")


def test_a_container_that_is_not_there_was_removed(engine: Unsteady, told: Told) -> None:
    engine.failures = [EngineFailure("it is restarted"), NotThere("no such container")]
    assert told.ends.tell("pv-1", patient) == (-9, "was removed")


@pytest.mark.parametrize("in_a_hurry", [True, False])
def test_an_end_that_the_engine_never_tells_of_is_not_made_up(
    engine: Unsteady, told: Told, monkeypatch: pytest.MonkeyPatch, in_a_hurry: bool
) -> None:
    monkeypatch.setattr(ends, "PATIENCE", 60.0 if in_a_hurry else 0.0)
    monkeypatch.setattr(ends, "LONGER", 0.05)
    engine.failures = [EngineFailure("it does not answer")] * 10_000
    code, detail = told.ends.tell("pv-1", lambda: in_a_hurry)
    assert code == 1
    assert "did not tell how" in detail
