from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from dots_cli.errors import ExitCode, StoreFailure
from dots_cli.output import console, summary
from dots_cli.plan import serialise
from dots_cli.plan.model import EsdlRef, Model, Plan
from dots_cli.render.run_folder import RunFolder
from dots_cli.results import opening
from dots_cli.runs.state import RunState, advance
from dots_cli.runtime.events import Preparing, ProcessStarted, VerdictReached
from dots_cli.store.journal import Journal, encode
from dots_cli.store.lines import check
from tests.support.acting import make_run

FAILED = VerdictReached(
    at=9, verdict="failed", cause="environment", model=None, message="no image", exit_code=4
)


def test_a_run_that_failed_before_a_model_was_started_is_not_asked_for_results(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(folder: RunFolder) -> Plan:
        raise StoreFailure("the results are gone", "")

    monkeypatch.setattr(opening, "read_plan", gone)
    folder = make_run()
    prepared = advance(RunState(folder.run_id), Preparing(at=1, service="pv", what="pulling pv"))
    summary.print_summary(folder, advance(prepared, FAILED))
    assert "the results are gone" not in capsys.readouterr().err
    started = advance(prepared, ProcessStarted(at=2, name="pv-1", role="model", handle="1"))
    summary.print_summary(folder, advance(started, FAILED))
    assert "the results are gone" in capsys.readouterr().err


def test_what_is_to_be_typed_next_works_where_no_environment_is_activated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/dots", "run", "scenario.esdl"])
    folder = make_run()
    failed = replace(FAILED, cause="model", model="pv-1", exit_code=ExitCode.MODEL)
    summary.print_summary(folder, advance(RunState(folder.run_id), failed))
    program = Path(".venv", "bin", "dots")
    assert f"more    {program} logs pv-1 --run {folder.run_id}\n" in capsys.readouterr().err


@pytest.mark.parametrize(("verdict", "said"), [("succeeded", True), ("stopped", False)])
def test_a_run_that_was_to_have_results_and_has_none_says_so(
    verdict: str, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run()
    started = advance(
        RunState(folder.run_id), ProcessStarted(at=2, name="pv-1", role="model", handle="1")
    )
    ended = replace(FAILED, verdict=verdict, cause="end", exit_code=0)
    summary.print_summary(folder, advance(started, ended))
    assert ("No results: no model has written any" in capsys.readouterr().err) is said


def test_an_object_that_two_services_simulate_counts_once() -> None:
    folder = make_run()
    roofs = EsdlRef("a", "roof"), EsdlRef("b", "roof")
    models = (
        Model("pv-1", "pv", "PVInstallation", roofs, 1),
        Model("heat-1", "heat", "HeatPump", roofs[:1], 1),
        Model("sun-1", "sun", "PVInstallation", roofs[:1], 1),
        Model("sun-2", "sun", "PVInstallation", roofs[1:], 1),
    )
    plan = replace(opening.read_plan(folder), models=models)
    folder.plan.write_text(serialise.to_json(plan), encoding="utf-8")
    tags = f"simulation_id={folder.run_id},model_id=pv-1,esdl_name=roof"
    lines = "".join(f"PVInstallation,{tags},esdl_id={id_} p=1 1704067200\n" for id_ in "ab")
    journal = Journal(folder.results)
    journal.append(encode(check(lines.encode(), 10**9, 0, journal.kinds)))
    journal.close()
    assert summary.points(folder) == [("HeatPump", 1, 0), ("PVInstallation", 2, 2)]


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 s"), (3601, "1 h 1 s"), (90061.0, "1 d 1 h 1 min 1 s")]
)
def test_the_simulated_time_is_told_exactly(seconds: float, words: str) -> None:
    state = RunState("a-1", duration=seconds)
    verdict = replace(FAILED, verdict="succeeded")
    assert summary.verdict_line(state, verdict) == f"a-1 succeeded: {words} simulated"


@pytest.mark.parametrize("columns", [60, 40, 26])
def test_the_points_keep_their_digits_in_a_narrow_window(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("ElectricityProducerWithALongName", 1200, 1234567890), ("PV", 1, 3086)]
    monkeypatch.setattr(summary, "points", lambda folder: rows)
    monkeypatch.setattr(console, "result", lambda: Console(width=columns, markup=False))
    summary.print_points(make_run())
    words = capsys.readouterr().out.split()
    assert {"1,200", "1,234,567,890", "3,086"} <= set(words)
