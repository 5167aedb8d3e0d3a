from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from dots_cli.render.run_folder import RunFolder
from dots_cli.runs import registry
from dots_cli.runtime.os_processes import RUN_MARK
from tests.conftest import Dots
from tests.support import ROOT
from tests.support.acting import Actor, make_run
from tests.support.processes import run

DAY = 86400


def ended_run(run_id: str, *, age: float = 0, name: str | None = None) -> RunFolder:
    with Actor(make_run(run_id, created=time.time() - age, name=name)) as actor:
        actor.end()
    return actor.folder


def answered(answer: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dots_cli", "delete", *arguments]
    return run(command, timeout=60, stdin=answer, cwd=ROOT, env=dict(os.environ))


def ids() -> list[str]:
    return [folder.run_id for folder in registry.runs()]


def test_delete_asks_first_and_takes_no_for_an_answer() -> None:
    folder = ended_run("a-1")
    done = answered("n\n", "a-1")
    assert done.returncode == 0
    assert "Delete this run with all results? [y/N]" in done.stderr
    assert "Nothing was deleted." in done.stderr
    assert folder.path.is_dir()
    done = answered("y\n", "a-1")
    assert "deleted a-1" in done.stdout
    assert not folder.path.exists()
    assert list(folder.path.parent.iterdir()) == []


def test_the_question_says_how_the_runs_were_called() -> None:
    ended_run("a-1", name="my \x1b[31m base")
    done = answered("n\n", "a-1")
    assert "a-1 (my \\x1b[31m base)  " in done.stderr


@pytest.mark.parametrize("age", ["30", " 30 ", "1.5"])
def test_an_age_without_a_unit_deletes_nothing(run_dots: Dots, age: str) -> None:
    ended_run("a-1", age=40 * DAY)
    error = run_dots("delete", "--older-than", age, "--yes", check=2).stderr
    assert f"--older-than {age.strip()}d" in error
    assert ids() == ["a-1"]


def test_where_nobody_answers_nothing_is_deleted() -> None:
    folder = ended_run("a-1")
    done = answered("", "a-1")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert folder.path.is_dir()


def test_old_runs_are_deleted_and_neither_young_nor_living_ones(run_dots: Dots) -> None:
    ended_run("old-1", age=40 * DAY)
    ended_run("old-2", age=31 * DAY)
    ended_run("young-1", age=20 * DAY)
    with Actor(make_run("live-1", created=time.time() - 50 * DAY)):
        done = run_dots("delete", "--older-than", "30d", "--yes", "--json", check=0)
        assert [item["run_id"] for item in json.loads(done.stdout)] == ["old-1", "old-2"]
        assert ids() == ["young-1", "live-1"]
        done = run_dots("delete", "--older-than", "30d", "--yes", check=0)
        assert "There is nothing to delete." in done.stderr


def test_a_live_run_is_never_deleted(run_dots: Dots) -> None:
    with Actor(make_run("live-1")):
        done = run_dots("delete", "live-1", "--yes", check=2)
        assert "dots stop live-1" in done.stderr
        assert ids() == ["live-1"]


def test_a_lost_run_is_deleted_only_after_its_processes_have_ended(run_dots: Dots) -> None:
    folder = make_run("lost-1")
    Actor(folder).die()
    left = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(300)"],
        env={**os.environ, RUN_MARK: str(folder.path)},
    )
    try:
        assert "dots teardown lost-1" in run_dots("delete", "lost-1", "-y", check=2).stderr
        run_dots("teardown", "lost-1", check=0)
        run_dots("delete", "lost-1", "-y", check=0)
        assert ids() == []
    finally:
        left.kill()
        left.wait()


def test_delete_wants_a_run_or_an_age_and_not_both(run_dots: Dots) -> None:
    ended_run("a-1")
    run_dots("delete", "--yes", check=2)
    run_dots("delete", "a-1", "--older-than", "1d", "--yes", check=2)
    assert "--older-than" in run_dots("delete", "--older-than", "soon", "--yes", check=2).stderr
    assert ids() == ["a-1"]


def test_a_name_that_several_runs_have_deletes_none(run_dots: Dots) -> None:
    ended_run("a-1", name="base")
    ended_run("a-2", name="base")
    assert "2 runs could be meant" in run_dots("delete", "base", "--yes", check=2).stderr
    assert len(ids()) == 2


def elsewhere(folder: RunFolder) -> RunFolder:
    """The run's results are in an InfluxDB that does not answer."""
    plan = json.loads(folder.plan.read_text())
    plan["store"] = {"url": "http://127.0.0.1:1", "database": "energy"}
    folder.plan.write_text(json.dumps(plan))
    return folder


def test_a_run_whose_results_cannot_be_removed_stays_unless_that_is_wanted(run_dots: Dots) -> None:
    elsewhere(ended_run("a-1", age=41 * DAY))
    ended_run("a-2", age=40 * DAY)
    done = run_dots("delete", "--older-than", "30d", "--yes", check=7)
    assert "the results of a-1 are not removed, nor is its folder" in done.stderr
    assert "deleted a-2" in done.stdout
    assert ids() == ["a-1"]
    assert "dots delete a-1 --keep-results" in done.stderr
    run_dots("delete", "a-1", "--keep-results", "--yes", check=0)
    assert ids() == []
