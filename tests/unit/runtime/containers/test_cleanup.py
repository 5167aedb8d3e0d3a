"""What is done where the engine does not let go. It cannot be made to do that: a stand-in does."""

from __future__ import annotations

from typing import cast

import pytest

from dots_cli.runtime.containers import cleanup
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Container, Taken


class Holding:
    """An engine that holds on to its network."""

    def __init__(self, *, empty: bool) -> None:
        self.empty = empty
        self.asked = 0

    def containers(self, **labels: str) -> list[object]:
        return []

    def networks(self, **labels: str) -> list[str]:
        return ["dots-village_run"]

    def volumes(self, **labels: str) -> list[str]:
        return []

    def remove(self, ident: str) -> None:
        raise AssertionError("it has no containers")

    def remove_network(self, name: str) -> None:
        self.asked += 1
        raise Taken(f"network {name} has active endpoints")

    def addresses(self, name: str) -> dict[str, str]:
        return {} if self.empty else {"other": "172.18.0.2"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "LEAVES", 0.2)
    monkeypatch.setattr(cleanup, "LOOK", 0.01)


def test_an_empty_network_that_the_engine_holds_on_to_is_left_to_it() -> None:
    engine = Holding(empty=True)
    assert cleanup.remove_run(cast("Engine", engine), "village") == 0
    assert engine.asked > 1


def test_a_network_that_others_are_on_is_an_error() -> None:
    with pytest.raises(Taken):
        cleanup.remove_run(cast("Engine", Holding(empty=False)), "village")


class Late:
    """An engine on which containers appear one after the other, each when one was killed."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.killed = 0

    def containers(self, **labels: str) -> list[Container]:
        return [Container("1", "pv-1", "running", "pv")] if self.left else []

    def signal(self, ident: str, signal: str) -> None:
        if signal == "SIGKILL":
            self.killed += 1
            self.left -= 1


def test_containers_that_are_started_while_others_end_are_ended_too() -> None:
    engine = Late(4)
    cleanup.end_run(cast("Engine", engine), "village", 0)
    assert (engine.left, engine.killed) == (0, 4)


def test_one_that_cannot_be_ended_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "KILLED", 0.05)
    engine = Late(1_000_000)
    cleanup.end_run(cast("Engine", engine), "village", 0)
    assert engine.killed > 0
