"""Real runs of quick models in a real terminal, steered as a person does."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dots_cli.render.run_folder import RunFolder
from dots_cli.runs import registry
from tests.conftest import Dots, StartDots
from tests.support import ROOT, processes, quick
from tests.support.processes import wait_for
from tests.support.quick import HOUSE, PV, WEATHER, with_fault
from tests.support.terminal import Terminal, opened

pytestmark = [pytest.mark.needs("tmux"), pytest.mark.slow]

SLOW = with_fault(HOUSE, "slow_step", value=0.25)


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Simulates for 24 s when nobody interferes."""
    return quick.write(tmp_path, [WEATHER, PV, SLOW], duration="24h", name="slow")


@contextmanager
def dots_in_terminal(*arguments: str | Path) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "dots_cli", *map(str, arguments)]
    kept = {name: os.environ[name] for name in ("DOTS_HOME", "DOTS_CACHE")}
    env = {**kept, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    with opened(command, columns=110, env=env) as terminal:
        yield terminal


def newest() -> RunFolder:
    return registry.find()


def nothing_runs(home: Path) -> None:
    wait_for(lambda: not processes.of_home(home), 10, "everything to end")


def test_a_run_from_its_start_to_its_verdict(tmp_path: Path, dots_home: Path) -> None:
    scenario = quick.write(tmp_path, [WEATHER, PV, HOUSE], duration="2h")
    with dots_in_terminal("run", scenario) as terminal:
        assert terminal.wait_for_exit(90) == 0
        told = terminal.scrollback()
    assert f"{newest().run_id} succeeded after " in told
    assert "EnvironmentalProfiles" in told
    assert f"dots results {newest().run_id}" in told
    for gone in ("Preparing ", "Joining ", "Simulating ", "Writing ", "Ctrl-C"):
        assert gone not in told
    nothing_runs(dots_home)


def test_ctrl_c_stops_politely_and_keeps_what_was_computed(slow: Path, dots_home: Path) -> None:
    with dots_in_terminal("run", slow) as terminal:
        terminal.wait_for(" simulated s per s", 90)
        terminal.keys("C-c")
        assert terminal.wait_for_exit(60) == 130
        told = terminal.scrollback()
    assert "stopping the run; once more ends it at once" in told
    assert "stopped by Ctrl-C" in told
    assert "EConnection" in told, "results of what was simulated"
    verdict = registry.verdict(newest())
    assert verdict is not None
    assert (verdict.verdict, verdict.exit_code) == ("stopped", 130)
    nothing_runs(dots_home)


def test_ctrl_c_twice_ends_at_once(slow: Path, dots_home: Path) -> None:
    with dots_in_terminal("run", slow) as terminal:
        terminal.wait_for("Simulating", 90)
        terminal.keys("C-c")
        terminal.wait_for("once more ends it at once")
        terminal.keys("C-c")
        assert terminal.wait_for_exit(20) == 130
    nothing_runs(dots_home)


def test_ctrl_c_while_environments_are_made_or_models_join(slow: Path, dots_home: Path) -> None:
    with dots_in_terminal("run", slow) as terminal:
        wait_for(lambda: bool(registry.runs()), 60, "the run's folder")
        terminal.keys("C-c")
        assert terminal.wait_for_exit(60) == 130
    nothing_runs(dots_home)


def test_a_closed_window_leaves_the_run_to_be_seen_from_another(
    slow: Path, dots_home: Path, run_dots: Dots, start_dots: StartDots
) -> None:
    with dots_in_terminal("run", slow) as terminal:
        terminal.wait_for("Simulating", 90)
        terminal.close()
    status = json.loads(run_dots("status", "--json", check=0).stdout)
    assert status["state"] == "simulating"
    assert {model["state"] for model in status["models"]} == {"running"}
    with start_dots("logs", "--follow") as logs, dots_in_terminal("attach") as again:
        again.wait_for("Simulating")
        assert again.wait_for_exit(90) == 0
        assert logs.process.wait(20) == 0
        assert f"{newest().run_id} succeeded after " in again.scrollback()
        wanted = {name: newest().log(name).read_text() for name in ("pv-1", "weather-1")}
        for name, text in wanted.items():
            lines = [f"{name}" in line for line in logs.stdout.splitlines()]
            assert sum(lines) >= len(text.splitlines()), "every line since the beginning"
    nothing_runs(dots_home)


def test_pause_and_resume_from_another_terminal(slow: Path, run_dots: Dots) -> None:
    with dots_in_terminal("run", slow) as terminal:
        terminal.wait_for(" simulated s per s", 90)
        paused = json.loads(run_dots("pause", "--json", check=0).stdout)
        assert paused["phase"] == "paused"
        terminal.wait_for("Paused ")
        terminal.wait_for(f"go on with: dots resume {paused['run_id']}")
        assert "resumed at" in run_dots("resume", check=0).stdout
        terminal.wait_for("Simulating")
        after = json.loads(run_dots("status", "--json", check=0).stdout)
        assert after["simulated"] >= paused["simulated"]
        stopped = run_dots("stop", check=0)
        assert "stopped on request" in stopped.stdout
        assert terminal.wait_for_exit(30) == 10


def test_two_runs_at_once_each_in_its_window(tmp_path: Path, dots_home: Path) -> None:
    scenarios = [
        quick.write(tmp_path / name, [WEATHER, PV, HOUSE], duration="6h", name=name)
        for name in ("one", "two")
    ]
    codes: dict[str, int] = {}

    def work(scenario: Path) -> None:
        with dots_in_terminal("run", scenario) as terminal:
            codes[scenario.stem] = terminal.wait_for_exit(120)

    threads = [threading.Thread(target=work, args=(scenario,)) for scenario in scenarios]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {"one": 0, "two": 0}
    nothing_runs(dots_home)
