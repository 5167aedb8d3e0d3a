from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from dots_cli.errors import SupervisorLost
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs import follow as following
from dots_cli.runs import logs
from dots_cli.runs.follow import POLL, Follower
from dots_cli.runs.logs import LogLines
from dots_cli.runtime.events import (
    Event,
    Executing,
    ProcessEnded,
    Progress,
    Stopping,
    VerdictReached,
)
from tests.support.acting import MODELS, Actor, make_run


def follow(folder: RunFolder) -> Iterator[Event | LogLines]:
    """Everything as it comes, until the verdict."""
    follower = Follower(folder)
    while follower.verdict is None:
        yield from follower.poll()
        if follower.verdict is None and not follower.more:
            time.sleep(POLL)


def texts(items: list[Event | LogLines]) -> list[tuple[str, str]]:
    return [
        (item.model, text) for item in items if isinstance(item, LogLines) for text in item.texts()
    ]


def test_no_line_is_lost_or_doubled_while_models_write_in_pieces() -> None:
    folder = make_run()
    chance = random.Random(3)

    def play() -> None:
        with Actor(folder) as actor:
            written = dict.fromkeys(MODELS, b"")
            for number in range(400):
                model = chance.choice(MODELS)
                written[model] += b"%d of %s %s\n" % (number, model.encode(), b"x" * (number * 7))
                at = chance.randint(0, len(written[model]))
                actor.say(model, written[model][:at])
                written[model] = written[model][at:]
                if number % 40 == 0:
                    actor.tell(Progress(simulated=float(number)))
                    time.sleep(0.03)
            for model, rest in written.items():
                actor.say(model, rest[:-1])  # no newline at the end of the file
            actor.end()

    thread = threading.Thread(target=play)
    thread.start()
    items = list(follow(folder))
    thread.join()
    assert isinstance(items[-1], VerdictReached)
    said = texts(items)
    assert Counter(int(text.split()[0]) for _, text in said) == Counter(range(400))
    for model in MODELS:
        numbers = [int(text.split()[0]) for name, text in said if name == model]
        assert numbers == sorted(numbers)


def test_what_a_model_said_comes_before_its_end() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.say("pv-1", "last words without an end")
        actor.tell(ProcessEnded(name="pv-1", role="model", code=1))
        items = Follower(folder).poll()
    kinds = [type(item).__name__ for item in items]
    assert kinds == ["RunStarted", "LogLines", "ProcessEnded"]


def test_why_a_run_ends_comes_before_what_models_say_to_that() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.tell(Stopping(reason="stopped on request"))
        actor.say("pv-1", "HelicsException: [-6]\n")
        actor.tell(ProcessEnded(name="pv-1", role="model", code=1))
        items = Follower(folder).poll()
    kinds = [type(item).__name__ for item in items]
    assert kinds == ["RunStarted", "Stopping", "LogLines", "ProcessEnded"]


def test_the_last_words_of_a_model_for_which_a_run_ends_come_before_that() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.say("pv-1", "ValueError\n")
        actor.tell(Stopping(reason="pv-1 left", model="pv-1"))
        items = Follower(folder).poll()
    assert [type(item).__name__ for item in items] == ["LogLines", "RunStarted", "Stopping"]


def test_the_verdict_is_the_last_of_all_however_much_is_left_to_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "CHUNK", 5000)
    folder = make_run()
    with Actor(folder) as actor:
        actor.say("pv-1", b"".join(b"line %d\n" % n for n in range(10_000)))
        actor.say("pv-2", b"no end")
        actor.tell(ProcessEnded(name="pv-1", role="model", code=0))
        actor.end()
    items = list(follow(folder))
    assert isinstance(items[-1], VerdictReached)
    assert sum(isinstance(item, VerdictReached) for item in items) == 1
    said = texts(items)
    assert [text for model, text in said if model == "pv-1"] == [f"line {n}" for n in range(10_000)]
    assert ("pv-2", "no end") in said


def test_a_follower_that_comes_later_sees_the_last_lines_and_what_follows() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.say("pv-1", b"".join(b"line %d\n" % n for n in range(100)))
        follower = Follower(folder, from_start=False, earlier=2)
        actor.say("pv-1", "more\n")
        actor.say("weather-1", "a new file\n")
        assert texts(follower.poll()) == [
            ("pv-1", "line 98"),
            ("pv-1", "line 99"),
            ("pv-1", "more"),
            ("weather-1", "a new file"),
        ]
        assert follower.poll() == []


def test_our_own_logs_are_followed_only_when_asked_for() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.say("conductor", "inner life\n")
        actor.say("pv-1", "outer life\n")
        assert texts(Follower(folder).poll()) == [("pv-1", "outer life")]
        only = Follower(folder, only="conductor").poll()
        assert texts(only) == [("conductor", "inner life")]


def test_progress_that_nobody_has_seen_yet_comes_as_its_last() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.tell(Executing(), *(Progress(simulated=float(s)) for s in range(50)))
        assert len(Follower(folder).poll()) == 3
        assert len(Follower(folder, every=True).poll()) == 52


def test_a_verdict_that_no_event_tells_ends_the_following() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.end("failed", cause="supervisor", message="gone", exit_code=11, with_event=False)
    last = list(follow(folder))[-1]
    assert isinstance(last, VerdictReached)
    assert last.exit_code == 11


def test_a_lost_supervisor_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LOST", 0.5)
    folder = make_run()
    with Actor(folder) as actor:
        actor.tell(Executing())
    with pytest.raises(SupervisorLost, match=folder.run_id):
        list(follow(folder))


def test_a_supervisor_that_is_silent_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LOST", 0.1)
    folder = make_run()
    with Actor(folder) as actor:
        thread = threading.Timer(2.0, actor.end)
        thread.start()
        assert isinstance(list(follow(folder))[-1], VerdictReached)
        thread.join()


def test_the_verdict_of_a_guard_comes_before_the_run_is_called_lost() -> None:
    folder = make_run()
    actor = Actor(folder)
    actor.die()
    late = threading.Timer(
        2.0, lambda: actor.end("failed", cause="supervisor", message="gone", exit_code=11)
    )
    late.start()
    last = list(follow(folder))[-1]
    late.join()
    assert isinstance(last, VerdictReached)
    assert last.cause == "supervisor"


def test_a_look_at_a_quiet_run_costs_next_to_nothing() -> None:
    models = [f"pv-{n}" for n in range(60)]
    folder = make_run(models=models)
    with Actor(folder) as actor:
        for model in models:
            actor.say(model, "hello\n")
        follower = Follower(folder)
        follower.poll()
        before = time.process_time()
        for _ in range(100):
            assert follower.poll() == []
        spent = time.process_time() - before
    # Ten looks a second; half a per cent of a core would be 50 ms for a hundred looks.
    assert spent < 0.5
