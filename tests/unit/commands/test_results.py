from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from dots_cli.render.run_folder import RunFolder
from dots_cli.store.journal import Journal, encode
from dots_cli.store.lines import check
from tests.support.acting import Actor, make_run

Dots = Callable[..., Any]
START = int((datetime(2024, 1, 1) - datetime(1970, 1, 1)).total_seconds())


def run_with_results(run_id: str = "two-houses-ab12cd", *, outside: bool = False) -> RunFolder:
    folder = make_run(run_id)
    lines = []
    for esdl_id, name in (("b", "Dach\\ Süd"), ("a", "Dach\\,\\ Nord")):
        tags = f"simulation_id={run_id},model_id=pv-1,esdl_id={esdl_id},esdl_name={name}"
        for step in range(3):
            at = START + 900 * step
            lines.append(f"PVInstallation,{tags} power={step * 0.1!r} {at}")
            lines.append(f"PVInstallation,{tags} on={'t' if step else 'f'} {at}")
    if outside:
        lines.append(lines[0].rpartition(" ")[0] + f" {START - 1}")
    folder.units.write_text('{"PVInstallation": {"power": "kW"}}')
    journal = Journal(folder.results)
    journal.append(encode(check("\n".join(lines).encode(), 10**9, 0, journal.kinds)))
    journal.close()
    return folder


def test_results_shows_every_field_in_figures(run_dots: Dots) -> None:
    run_with_results()
    shown = run_dots("results", check=0)
    head, on, power = [line.split() for line in shown.stdout.splitlines()]
    assert " ".join(head) == "ESDL type field unit objects points first last min mean max"
    moments = ["2024-01-01", "00:00", "2024-01-01", "00:30"]
    assert on == ["PVInstallation", "on", "2", "6", *moments]
    assert power == ["power", "kW", "2", "6", *moments, "0", "0.1", "0.2"]
    assert shown.stderr == ""


def test_in_a_narrow_terminal_what_fields_share_stands_above_them(dots_process: Dots) -> None:
    run_with_results()
    shown = dots_process("results", env={"COLUMNS": "80"}, check=0).stdout.splitlines()
    assert shown[0] == "PVInstallation: 2 objects, 2024-01-01 00:00 to 2024-01-01 00:30"
    assert [line.split() for line in shown[1:]] == [
        ["field", "unit", "points", "min", "mean", "max"],
        ["on", "6"],
        ["power", "kW", "6", "0", "0.1", "0.2"],
    ]
    assert max(map(len, shown)) <= 80


def test_results_as_json_hold_the_same_unrounded(run_dots: Dots) -> None:
    run_with_results(outside=True)
    data = json.loads(run_dots("results", "two-h", "--json", check=0).stdout)
    assert data["run_id"] == "two-houses-ab12cd"
    assert (data["start"], data["end"]) == ("2024-01-01 00:00:00", "2024-01-02 00:00:00")
    assert (data["outside"], data["others"]) == (1, 0)
    assert data["results"][1] == {
        "esdl_type": "PVInstallation",
        "field": "power",
        "kind": "float",
        "unit": "kW",
        "objects": 2,
        "points": 6,
        "first": "2024-01-01 00:00:00",
        "last": "2024-01-01 00:30:00",
        "min": 0.0,
        "mean": 0.1,
        "max": 0.2,
    }


def test_points_that_are_left_out_are_told(run_dots: Dots) -> None:
    run_with_results(outside=True)
    assert "1 point outside the simulated time" in run_dots("results", check=0).stderr


def test_without_results_it_says_why_that_can_be(run_dots: Dots) -> None:
    folder = make_run()
    ended = run_dots("results", check=0)
    assert (ended.stdout, "none of its models has written" in ended.stderr) == ("", True)
    assert json.loads(run_dots("results", "--json", check=0).stdout)["results"] == []
    with FileLock(folder.lock):
        assert "most models write theirs at the end" in run_dots("results", check=0).stderr


def test_during_a_run_it_says_that_more_may_come(run_dots: Dots) -> None:
    folder = run_with_results()
    with FileLock(folder.lock):
        assert "still going on" in run_dots("results", check=0).stderr


def test_how_a_run_ended_that_did_not_succeed_is_said(run_dots: Dots, tmp_path: Path) -> None:
    with Actor(run_with_results()) as actor:
        assert json.loads(run_dots("results", "--json", check=0).stdout)["state"] == "preparing"
        actor.end("stopped", cause="user", message="stopped by you\nmore", exit_code=10)
    told = (
        "two-houses-ab12cd stopped: stopped by you; this is what its models had written until"
        " then.\n"
    )
    assert run_dots("results", check=0).stderr == told
    assert json.loads(run_dots("results", "--json", check=0).stdout)["state"] == "stopped"
    for more in ((), ("--json",)):
        assert run_dots("export", "-o", tmp_path / "out", *more, check=0).stderr == told


def test_of_a_run_that_succeeded_nothing_more_is_said(run_dots: Dots, tmp_path: Path) -> None:
    with Actor(run_with_results()) as actor:
        actor.end()
    assert run_dots("results", check=0).stderr == ""
    assert run_dots("export", "-o", tmp_path, check=0).stderr == ""


def test_a_run_that_was_lost_is_told_as_such(run_dots: Dots) -> None:
    Actor(run_with_results()).die()
    assert "was lost" in run_dots("results", check=0).stderr


def test_a_run_whose_plan_is_broken_is_a_clear_error(run_dots: Dots) -> None:
    make_run().plan.write_text("{")
    shown = run_dots("results", check=7)
    assert "the plan of two-houses-ab12cd cannot be read" in shown.stderr


def test_export_writes_the_same_bytes_every_time(run_dots: Dots, tmp_path: Path) -> None:
    folder = run_with_results()
    shown = run_dots("export", "-o", tmp_path / "one", check=0)
    assert shown.stdout == f"{tmp_path / 'one' / 'PVInstallation.csv'}  6 rows\n"
    for built in folder.results.glob("points-*"):
        built.unlink()
    run_dots("export", folder.run_id, "-o", tmp_path / "two", check=0)
    one, two = ((tmp_path / n / "PVInstallation.csv").read_bytes() for n in ("one", "two"))
    assert one == two
    assert one.decode().splitlines()[:3] == [
        "time,simulation_id,model_id,esdl_id,esdl_name,on,power",
        '2024-01-01T00:00:00,two-houses-ab12cd,pv-1,a,"Dach, Nord",false,0.0',
        "2024-01-01T00:00:00,two-houses-ab12cd,pv-1,b,Dach Süd,false,0.0",
    ]


def test_export_as_json_lists_the_files(run_dots: Dots, tmp_path: Path) -> None:
    run_with_results()
    listed = json.loads(run_dots("export", "-o", tmp_path / "out", "--json", check=0).stdout)
    path = str(tmp_path / "out" / "PVInstallation.csv")
    assert listed == [{"esdl_type": "PVInstallation", "path": path, "rows": 6}]


def test_export_tells_of_files_of_before_that_it_leaves(run_dots: Dots, tmp_path: Path) -> None:
    run_with_results()
    assert "Not of this export" not in run_dots("export", "-o", tmp_path, check=0).stderr
    (tmp_path / "Other.csv").write_text("", encoding="utf-8")
    told = run_dots("export", "-o", tmp_path, check=0).stderr
    assert told == f"Not of this export: 1 other CSV file in {tmp_path} (Other.csv)\n"


def test_export_needs_a_folder(run_dots: Dots, tmp_path: Path) -> None:
    run_with_results()
    assert "-o" in run_dots("export", check=2).stderr
    (tmp_path / "file").write_text("")
    assert "is not a folder" in run_dots("export", "-o", tmp_path / "file", check=2).stderr
