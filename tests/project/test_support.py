"""The helpers of the tests themselves: a missing part is never taken for a passed test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dots_cli.render.run_folder import cache_home, data_home
from dots_cli.runtime.os_processes import RUN_MARK
from tests.support import parts, processes


def test_a_missing_part_skips_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTS_TEST_REQUIRE", "docker")
    with pytest.raises(pytest.skip.Exception, match=r"no python3\.99 here"):
        parts.requires("python3.99")


@pytest.mark.parametrize("demand", ["python3.99", "docker, python3.99", "all"])
def test_a_missing_part_that_must_be_here_fails_the_test(
    monkeypatch: pytest.MonkeyPatch, demand: str
) -> None:
    monkeypatch.setenv("DOTS_TEST_REQUIRE", demand)
    with pytest.raises(pytest.fail.Exception, match=r"no python3\.99 here"):
        parts.requires("python3.99")


def test_an_unknown_part_is_an_error() -> None:
    with pytest.raises(KeyError, match="unknown part 'dokcer'"):
        parts.requires("dokcer")


def test_each_test_has_a_home_of_its_own_and_a_shared_cache(dots_home: Path) -> None:
    assert data_home() == dots_home
    assert cache_home() == parts.cache_folder() / "dots"


def test_a_process_of_this_home_is_found_and_ended(dots_home: Path) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    model = {"PATH": os.environ["PATH"], RUN_MARK: str(dots_home / "runs" / "x-234567")}
    ours = [subprocess.Popen(sleeper), subprocess.Popen(sleeper, env=model)]
    other = subprocess.Popen(sleeper, env=dict(os.environ) | {"DOTS_HOME": "elsewhere"})
    try:
        processes.wait_for(
            lambda: {p.pid for p in processes.of_home(dots_home)} == {p.pid for p in ours},
            *(10, "both are found"),
        )
        processes.end(processes.of_home(dots_home))
        assert processes.of_home(dots_home) == []
        assert other.poll() is None
    finally:
        for process in (*ours, other):
            process.kill()
            process.wait()
