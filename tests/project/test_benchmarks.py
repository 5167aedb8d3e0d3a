"""Every benchmark runs; what it measures is for a quiet machine and for a person to look at."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import ROOT, parts
from tests.support.containers import NEEDS as NEEDED

FOLDER = ROOT / "benchmarks"
HELPERS = {"all", "generated", "measured", "runs", "stamped"}
NEEDS = {"containers": (*NEEDED, "compose")}
NAMES = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem not in HELPERS)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs(name: str) -> None:
    """Through the one command for all, which has to understand its figures."""
    parts.requires(*NEEDS.get(name, ()))
    done = subprocess.run(
        [sys.executable, str(FOLDER / "all.py"), "--quick", name],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    head, *rows = done.stdout[done.stdout.index("\nfigure ") :].strip().splitlines()
    assert head.split() == ["figure", "ours", "peer", "ratio", "goal", "came"]
    assert [row for row in rows if row.split()[-1] == "ran"], done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_tells_how_to_read_a_benchmark(name: str) -> None:
    assert f"`{name}.py`" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_an_unknown_benchmark_is_named() -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "all.py"), "nonsense"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "no benchmark nonsense; there are: complete, " in done.stderr
