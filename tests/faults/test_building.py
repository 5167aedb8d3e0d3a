"""What goes wrong while environments are built: kills, stops, two at once, what is not there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.contract.conftest import Runs
from tests.support import processes, quick
from tests.support.building import HeldService
from tests.support.processes import owner, wait_for
from tests.support.quick import WEATHER, Quick

pytestmark = pytest.mark.needs("index")


@pytest.fixture
def held(tmp_path: Path) -> HeldService:
    return HeldService(tmp_path / "the service")


def alone(folder: Path, service: Quick = WEATHER, **options: Any) -> Path:
    """A scenario with nothing but a service that needs no other."""
    return quick.write(folder, [service], duration=1800, **options)


def builders(home: Path) -> list[psutil.Process]:
    """`uv`, and what it has started."""
    return processes.of_home(home, _builds)


def _builds(words: Sequence[str]) -> bool:
    return _is_uv(words) or any("build_editable" in word for word in words)


def _is_uv(words: Sequence[str]) -> bool:
    return [Path(word).name for word in words[:1]] == ["uv"]


@pytest.mark.parametrize("how", ["stop", "interrupt"])
def test_a_stop_while_an_environment_is_built_ends_the_build_at_once(
    runs: Runs, held: HeldService, tmp_path: Path, how: str
) -> None:
    with runs.start(alone(tmp_path, held.serves(WEATHER))) as running:
        held.wait_until_building()
        assert builders(runs.home)
        begin = time.monotonic()
        if how == "stop":
            runs.run_dots("stop", check=0)
        else:
            running.interrupt()
        assert running.process.wait(20) == (10 if how == "stop" else 130), running.stderr
        assert time.monotonic() - begin < 10, "2 s, and time for a loaded machine"
        wait_for(lambda: not processes.of_home(runs.home), 10, "everything to end")


def test_a_supervisor_killed_while_it_builds_leaves_no_builder_and_the_next_run_builds_anew(
    runs: Runs, held: HeldService, tmp_path: Path
) -> None:
    scenario = alone(tmp_path, held.serves(WEATHER))
    folder = runs.detach(scenario)
    held.wait_until_building()
    owner(runs.home).kill()
    verdict = runs.wait_for_verdict(folder)
    assert (verdict["cause"], verdict["exit_code"]) == ("supervisor", 11)
    wait_for(lambda: not processes.of_home(runs.home), 10, "everything to end")
    held.release()
    outcome = runs.run(scenario)
    assert outcome.code == 0, outcome.err
    assert held.builds == 2


def test_a_killed_build_is_an_error_with_its_service(
    runs: Runs, held: HeldService, tmp_path: Path
) -> None:
    with runs.start(alone(tmp_path, held.serves(WEATHER))) as running:
        held.wait_until_building()
        for process in processes.of_home(runs.home, _is_uv):
            process.kill()
        assert running.process.wait(20) == 4, running.stderr
        assert "the service" in running.stderr
        wait_for(lambda: not processes.of_home(runs.home), 10, "what it had started to end")


def test_two_runs_build_one_environment_and_one_that_waits_can_be_stopped(
    runs: Runs, held: HeldService, tmp_path: Path
) -> None:
    scenario = alone(tmp_path, held.serves(WEATHER))
    first = runs.detach(scenario)
    held.wait_until_building()
    second, third = runs.detach(scenario), runs.detach(scenario)
    for folder in (second, third):
        wait_for(lambda f=folder: "waiting for another run" in told(f), 30, "it to wait")  # type: ignore[misc]
    begin = time.monotonic()
    runs.run_dots("stop", third.name, check=0)
    assert time.monotonic() - begin < 10
    wait_for(lambda: third.name not in whose(runs.home), 10, "the stopped run's processes to end")
    held.release()
    for folder in (first, second):
        assert runs.wait_for_verdict(folder)["verdict"] == "succeeded"
    assert held.builds == 1


def told(folder: Path) -> str:
    return " ".join(e["what"] for e in quick.events_of(folder) if e["event"] == "preparing")


def whose(home: Path) -> str:
    """The runs that have processes."""
    found = []
    for process in processes.of_home(home):
        try:
            found.append(process.environ().get("DOTS_RUN", ""))
        except psutil.Error:
            continue
    return " ".join(found)


def test_what_is_missing_is_said_before_anything_runs(runs: Runs, tmp_path: Path) -> None:
    absent = Quick(**{**vars(WEATHER), "more": {"python": "3.99"}})
    for options in ((), ("--offline",)):
        outcome = runs.run(alone(tmp_path, absent), *options)
        assert outcome.code == 4, outcome.err
        assert "Python 3.99 is not on this machine" in outcome.verdict["message"]
        assert "python:" in outcome.verdict["message"]
        assert not outcome.events("process_started")


def test_a_command_that_is_not_there_ends_the_run_with_what_to_do(
    runs: Runs, tmp_path: Path
) -> None:
    wrong = Quick(**{**vars(WEATHER), "more": {"command": ["nothing-of-that-name", "--now"]}})
    outcome = runs.run(alone(tmp_path, wrong))
    assert outcome.code == 4, outcome.err
    assert "nothing-of-that-name" in outcome.err
    assert "`command:`" in outcome.out + outcome.err


def test_a_source_without_anything_to_install_is_bad_input(runs: Runs, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "model.py").write_text("print('hello')\n")
    empty = Quick(**{**vars(WEATHER), "more": {"source": str(bare)}})
    outcome = runs.run(alone(tmp_path, empty))
    assert outcome.code == 3, outcome.err
    assert "nothing to install from" in outcome.err
    assert "pyproject.toml" in outcome.out + outcome.err


def test_an_unreachable_package_index_is_an_error_of_the_environment(
    runs: Runs, held: HeldService, tmp_path: Path
) -> None:
    held.release()
    outcome = runs.run(
        alone(tmp_path, held.serves(WEATHER)),
        env={
            "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
            "UV_CACHE_DIR": str(tmp_path / "uv"),
            "UV_HTTP_RETRIES": "0",
        },
    )
    assert outcome.code == 4, outcome.err
    assert "package index cannot be reached" in outcome.verdict["message"]
    assert not outcome.events("process_started")


def test_a_source_with_a_dangling_link_and_a_file_that_nobody_may_read_runs(
    runs: Runs, held: HeldService, tmp_path: Path
) -> None:
    held.release()
    (held.folder / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(held.folder / "pipe")
    outcome = runs.run(alone(tmp_path, held.serves(WEATHER)))
    assert outcome.code == 0, outcome.err


def test_paths_with_spaces_and_umlauts_and_a_proxy_in_the_environment(
    runs: Runs, tmp_path: Path, run_dots: Callable[..., Any]
) -> None:
    """All in one, for a run each would take long: folders of the run, the service, the scenario."""
    held = HeldService(tmp_path / "Dienst für Käse & Ähren")
    held.release()
    proxy = "http://127.0.0.1:9"
    home = tmp_path / "Meine Läufe"
    proxied = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), proxy)
    # Once without a proxy, for the environment to be built.
    scenario = alone(tmp_path / "Größe 1", held.serves(WEATHER), name="Straße 5")
    done = run_dots("run", scenario, env={"DOTS_HOME": str(home)})
    assert done.returncode == 0, done.stderr
    done = run_dots("run", scenario, env={"DOTS_HOME": str(home), **proxied})
    assert done.returncode == 0, done.stderr
    run_dots("export", "-o", tmp_path / "für CSV", env={"DOTS_HOME": str(home)}, check=0)
    assert (tmp_path / "für CSV" / "EnvironmentalProfiles.csv").is_file()
