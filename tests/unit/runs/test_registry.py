from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from dots_cli.errors import EnvironmentFailure, UsageError
from dots_cli.runs import registry
from dots_cli.runtime.events import (
    Executing,
    ProcessEnded,
    ProcessStarted,
    Progress,
    VerdictReached,
    Waiting,
)
from tests.support.acting import Actor, make_run


def test_the_newest_run_comes_first() -> None:
    now = time.time()
    make_run("b-1", created=now - 20)
    make_run("a-2", created=now)
    make_run("c-3", created=now - 10)
    assert [folder.run_id for folder in registry.runs()] == ["a-2", "c-3", "b-1"]


def test_a_name_of_before_moves_no_cursor_and_still_finds_its_run() -> None:
    folder = make_run("a-1", name="one\n\x1b[31mtwo")
    assert registry.name(folder) == r"one\n\x1b[31mtwo"
    assert registry.state(folder).name == registry.name(folder)
    assert registry.find(r"one\n\x1b[31mtwo").run_id == "a-1"


@pytest.mark.parametrize("home", [".", "below"])
def test_a_home_that_is_a_file_is_not_a_home_without_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DOTS_HOME", str(tmp_path / "file" / home))
    for look in (registry.runs, registry.find):
        with pytest.raises(EnvironmentFailure, match="file is not a folder") as error:
            look()
        assert "DOTS_HOME" in error.value.hint


def test_what_is_no_run_is_not_listed(dots_home: Path) -> None:
    make_run("a-1")
    (dots_home / "runs" / ".a-2.new").mkdir()
    (dots_home / "runs" / "empty").mkdir()
    (dots_home / "runs" / "note.txt").write_text("mine")
    broken = make_run("a-3", created=1.0)
    broken.about.write_text("{")
    assert [folder.run_id for folder in registry.runs()] == ["a-1", "a-3"]


def test_without_any_run_the_error_says_how_to_start_one() -> None:
    with pytest.raises(UsageError) as error:
        registry.find()
    assert "dots run" in error.value.hint


def test_a_run_is_found_by_id_prefix_name_or_as_the_newest() -> None:
    now = time.time()
    make_run("two-houses-ab12cd", created=now - 30, name="base")
    make_run("two-houses-ef34gh", created=now - 20)
    make_run("street-ab12cd", created=now - 10)
    assert registry.find("two-houses-ab12cd").run_id == "two-houses-ab12cd"
    assert registry.find("two-houses-e").run_id == "two-houses-ef34gh"
    assert registry.find("st").run_id == "street-ab12cd"
    assert registry.find("base").run_id == "two-houses-ab12cd"
    assert registry.find().run_id == "street-ab12cd"


def test_an_ambiguous_prefix_names_the_candidates_and_no_other_run() -> None:
    make_run("two-houses-ab12cd")
    make_run("two-houses-ef34gh", name="base")
    make_run("street-ab12cd")
    with pytest.raises(UsageError, match="2 runs could be meant") as error:
        registry.find("two")
    assert "two-houses-ab12cd" in error.value.hint
    assert "two-houses-ef34gh (base)" in error.value.hint
    assert "street" not in error.value.hint


@pytest.mark.parametrize("wanted", ["nothing", ""])
def test_an_unknown_run_is_an_error_that_lists_those_that_exist(wanted: str) -> None:
    make_run("street-ab12cd")
    with pytest.raises(UsageError, match="there is no run") as error:
        registry.find(wanted)
    assert "street-ab12cd" in error.value.hint


def test_an_id_that_is_another_ones_prefix_means_itself() -> None:
    make_run("street-a")
    make_run("street-ab")
    assert registry.find("street-a").run_id == "street-a"


def test_a_name_given_twice_means_the_newest_except_where_only_one_may_be_meant() -> None:
    now = time.time()
    make_run("a-1", name="base", created=now - 10)
    make_run("a-2", name="base", created=now)
    assert registry.find("base").run_id == "a-2"
    with pytest.raises(UsageError, match="2 runs could be meant"):
        registry.find("base", only=True)


def test_of_a_name_given_twice_the_run_that_goes_on_is_meant_where_one_is_to_be_steered() -> None:
    now = time.time()
    with Actor(make_run("a-1", name="base", created=now - 100)) as older:
        with Actor(make_run("a-2", name="base", created=now)) as newer:
            with pytest.raises(UsageError, match="2 runs could be meant by 'base'") as error:
                registry.find("base", living=True)
            assert error.value.hint == "The runs are: a-2 (base), a-1 (base)"
            newer.end()
            assert registry.find("base", living=True).run_id == "a-1"
        assert registry.find("base", living=True).run_id == "a-1"
        assert registry.find("base").run_id == "a-2"
        older.end()
    assert registry.find("base", living=True).run_id == "a-2"


def test_a_run_of_a_later_version_is_listed_and_not_touched() -> None:
    folder = make_run("later-1")
    about = folder.read_json(folder.about)
    folder.about.write_text(json.dumps(about | {"format": 99}))
    assert [known.run_id for known in registry.runs()] == ["later-1"]
    with pytest.raises(UsageError, match="format 99"):
        registry.find("later-1")


def test_a_run_lives_as_long_as_its_lock_is_held() -> None:
    folder = make_run()
    assert not registry.is_alive(folder)
    with Actor(folder):
        assert registry.is_alive(folder)
        assert registry.is_alive(folder)
    assert not registry.is_alive(folder)


def test_looking_whether_a_run_lives_changes_nothing() -> None:
    folder = make_run()
    assert not registry.is_alive(folder)
    assert not folder.lock.exists()
    folder.lock.write_text("kept")
    before = folder.lock.stat()
    assert not registry.is_alive(folder)
    assert folder.lock.read_text() == "kept"
    assert folder.lock.stat().st_mtime_ns == before.st_mtime_ns


def test_those_who_look_keep_no_supervisor_from_taking_its_lock() -> None:
    folder = make_run()
    Actor(folder).die()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            registry.is_alive(folder)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(20):
            with Actor(folder):
                pass
    finally:
        done.set()
        for looker in lookers:
            looker.join()


def test_the_state_follows_the_events() -> None:
    folder = make_run(name="base")
    with Actor(folder) as actor:
        actor.tell(
            ProcessStarted(name="pv-1", role="model", handle="11"),
            Executing(),
            *(Progress(simulated=900.0 * step) for step in range(49)),
            ProcessEnded(name="pv-1", role="model", code=3),
        )
        state = registry.state(folder)
    assert (state.phase, state.name, state.simulated) == ("simulating", "base", 43200)
    assert state.done == 0.5
    assert state.model("pv-1").code == 3
    assert state.model("weather-1").state == "not started"


def test_of_a_row_of_progress_only_the_last_is_read() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.tell(Executing(), *(Progress(simulated=float(s)) for s in range(1000)))
        actor.tell(Waiting(simulated=999, waited=2, holders=["pv-1/power"]))
    events = list(registry.read_events(folder))
    assert len(events) == 3
    assert isinstance(events[-1], Waiting)
    every = registry.parse_events(folder.events.read_bytes().splitlines(), every=True)
    assert len(list(every)) == 1003


def test_a_run_without_owner_and_verdict_is_lost() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.tell(Executing())
    state = registry.state(folder)
    assert (state.phase, state.verdict) == ("lost", None)
    assert registry.glance(folder).phase == "lost"


def test_a_run_whose_supervisor_is_about_to_start_is_not_lost() -> None:
    assert registry.state(make_run()).phase == "starting"
    assert registry.state(make_run("old-1", created=time.time() - 60)).phase == "lost"


def test_a_verdict_that_no_event_told_is_the_verdict() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.tell(Executing())
        actor.end("failed", cause="supervisor", message="gone", exit_code=11, with_event=False)
    state = registry.state(folder)
    assert state.phase == "ended"
    assert state.verdict is not None
    assert (state.verdict.verdict, state.verdict.exit_code) == ("failed", 11)


def test_a_line_that_was_cut_off_and_continued_by_another_writer_costs_one_event_at_most() -> None:
    folder = make_run()
    with Actor(folder) as actor:
        actor.tell(Executing())
    whole = VerdictReached(
        at=5, verdict="failed", cause="supervisor", model=None, message="gone", exit_code=11
    )
    with folder.events.open("a") as events:
        events.write('{"at": 4.0, "event": "prog')
        events.write(whole.to_json() + "\n\n[1]\nnonsense\n")
        events.write(json.dumps({"at": 6, "event": "of a later version"}) + "\n")
    assert list(registry.read_events(folder))[-1] == whole
