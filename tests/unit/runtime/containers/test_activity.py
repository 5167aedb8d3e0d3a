from __future__ import annotations

import threading

from dots_cli.runtime.containers.activity import Activity
from dots_cli.runtime.containers.facts import EngineFailure
from tests.support.processes import wait_for


def test_nobody_waits_for_an_engine_that_takes_its_time_to_tell() -> None:
    asked: list[str] = []
    told = threading.Event()

    def ask(ident: str) -> float:
        asked.append(ident)
        told.wait(10)
        return 7.5

    activity = Activity(ask)
    assert [activity.of("a"), activity.of("b"), activity.of("a")] == [0.0, 0.0, 0.0]
    wait_for(lambda: len(asked) == 2, 5, "both are asked for")
    assert sorted(asked) == ["a", "b"]
    told.set()
    wait_for(lambda: activity.of("a") == 7.5, 5, "what was told is known")


def test_what_was_known_stays_where_the_engine_does_not_answer() -> None:
    answers = iter([3.0])

    def ask(ident: str) -> float:
        for answer in answers:
            return answer
        raise EngineFailure("the engine is away")

    activity = Activity(ask)
    wait_for(lambda: activity.of("a") == 3.0, 5, "it is known")
    assert [activity.of("a") for _ in range(50)] == [3.0] * 50
