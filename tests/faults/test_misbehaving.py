"""Models that misbehave as real services do: each run gets the verdict it deserves, by name.

What the contract tests of every runtime show already is not repeated here: exceptions lost with
exit code 0, a write that fails, a wrong number of calculations, never joining, a slow import.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.conftest import Runs
from tests.support import quick
from tests.support.quick import HOUSE, PV, WEATHER, with_fault

MEGABYTE = 1_000_000


def test_one_that_never_exits_after_a_lost_exception_is_named(runs: Runs, tmp_path: Path) -> None:
    """As newer services do: the thread is dead, its federate stays, the process waits for both."""
    faulty = with_fault(HOUSE, "lost", at=3600)
    scenario = quick.write(tmp_path, [WEATHER, PV, faulty], limits={"step": "3s"})
    outcome = runs.run(scenario)
    assert (outcome.code, outcome.verdict["verdict"]) == (8, "stalled"), outcome.err
    assert outcome.verdict["model"] == "house-1"
    assert "house-1 fails at 3600.0 and nobody looks" in outcome.err


@pytest.mark.parametrize("kind", ["nan", "inf"])
def test_one_that_writes_what_is_no_number_is_named(runs: Runs, tmp_path: Path, kind: str) -> None:
    faulty = with_fault(HOUSE, kind, at=3600)
    outcome = runs.run(quick.write(tmp_path, [WEATHER, PV, faulty]))
    assert outcome.verdict["verdict"] == "failed", outcome.err
    assert outcome.code in (5, 7)
    assert outcome.verdict["model"] == "house-1"
    assert kind in outcome.verdict["message"].lower()


@pytest.mark.slow
def test_one_that_logs_100_megabytes_costs_nothing_but_the_disk(runs: Runs, tmp_path: Path) -> None:
    """Two steps of a million lines each; no line is lost, the screen gets next to none of them."""
    noisy = with_fault(HOUSE, "flood", at=6300, value=1_900_000)
    outcome = runs.run(quick.write(tmp_path, [WEATHER, PV, noisy]), timeout=280)
    assert outcome.code == 0, outcome.err[-2000:]
    assert outcome.folder is not None
    log = outcome.folder / "logs" / "house-1.log"
    assert log.stat().st_size > 100 * MEGABYTE
    with log.open(encoding="utf-8") as lines:
        assert sum("house-1 line " in line for line in lines) == 2 * 1_900_000
    assert len(outcome.err) < MEGABYTE
    assert "not shown" in outcome.err
