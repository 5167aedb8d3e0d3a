from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from dots_cli.errors import StoreFailure
from dots_cli.results.embedded import EmbeddedResults
from dots_cli.results.interface import FieldSummary, Row, Scope, SimulatedObject, long_rows
from dots_cli.store.journal import JOURNAL, Journal, encode
from dots_cli.store.lines import check
from tests.support import ROOT

SECOND = 1_000_000_000
START = int((datetime(2024, 1, 1) - datetime(1970, 1, 1)).total_seconds())
SCOPE = Scope("run-1", datetime(2024, 1, 1), datetime(2024, 1, 2))


def put(folder: Path, *bodies: str, tick: int = SECOND) -> None:
    journal = Journal(folder)
    for body in bodies:
        batch = check(body.encode(), tick, 0, journal.kinds)
        assert not batch.refused
        journal.append(encode(batch))
    journal.close()


def point(
    fields: str,
    at: int,
    esdl_id: str = "a",
    esdl_type: str = "PV",
    run: str = "run-1",
    more: str = "",
) -> str:
    tags = f"simulation_id={run},model_id=pv-1,esdl_id={esdl_id},esdl_name=name\\ {esdl_id}{more}"
    return f"{esdl_type},{tags} {fields} {START + at}\n"


def results(folder: Path, units: dict[str, dict[str, str]] | None = None) -> EmbeddedResults:
    return EmbeddedResults(folder, SCOPE, units or {})


def table(folder: Path, esdl_type: str = "PV") -> list[tuple[int, str, tuple[object, ...]]]:
    with results(folder) as found:
        return [
            (int((r.time - SCOPE.start).total_seconds()), r.esdl_id, r.values)
            for r in found.rows(esdl_type)
        ]


def test_fields_of_one_time_and_object_become_one_row(tmp_path: Path) -> None:
    put(tmp_path, point("power=1", 0) + point("power=2", 900), point("voltage=230", 0))
    with results(tmp_path) as found:
        assert found.fields("PV") == ("power", "voltage")
        assert list(found.rows("PV")) == [
            Row(datetime(2024, 1, 1), "run-1", "pv-1", "a", "name a", (), (1.0, 230.0)),
            Row(datetime(2024, 1, 1, 0, 15), "run-1", "pv-1", "a", "name a", (), (2.0, None)),
        ]


def test_of_two_values_for_one_time_the_last_counts(tmp_path: Path) -> None:
    put(
        tmp_path,
        point("f=1", 0) + point("f=2", 0) + point("f=3", 60),
        point("f=4", 60) + point("f=5", 30),
        point("f=6", 30),
    )
    assert table(tmp_path) == [(0, "a", (2.0,)), (30, "a", (6.0,)), (60, "a", (4.0,))]
    with results(tmp_path) as found:
        assert found.counts() == {"PV": 3}
        assert found.summary().fields[0].points == 3


def test_the_same_request_sent_twice_counts_once(tmp_path: Path) -> None:
    body = "".join(point(f"f={n}", n) for n in range(100))
    put(tmp_path, body, body)
    with results(tmp_path) as found:
        assert found.counts() == {"PV": 100}
    assert len(table(tmp_path)) == 100


def test_times_of_different_precision_are_the_same_times(tmp_path: Path) -> None:
    put(tmp_path, point("f=1", 60))
    nanoseconds = point("f=2", 60).rpartition(" ")[0] + f" {(START + 60) * SECOND}\n"
    put(tmp_path, nanoseconds, tick=1)
    assert table(tmp_path) == [(60, "a", (2.0,))]


def test_values_keep_their_type(tmp_path: Path) -> None:
    put(tmp_path, point('f=0.1,i=-9007199254740993i,s="a \\"b\\", ü\n😀",b=t,e=""', 0))
    ((_, _, values),) = table(tmp_path)
    assert values == (True, "", 0.1, -9007199254740993, 'a "b", ü\n😀')
    assert [type(value) for value in values] == [bool, str, float, int, str]


def test_rows_come_by_time_then_object(tmp_path: Path) -> None:
    put(tmp_path, point("f=1", 60, "b"), point("f=2", 0, "c") + point("f=3", 60, "a"))
    assert [row[:2] for row in table(tmp_path)] == [(0, "c"), (60, "a"), (60, "b")]


def test_only_what_was_simulated_in_this_run_is_a_result(tmp_path: Path) -> None:
    put(
        tmp_path,
        "".join(point("f=1", at) for at in (-1, 0, 86400, 86401)),
        point("f=2", 0, run="run-2"),
    )
    assert [at for at, *_ in table(tmp_path)] == [0, 86400]
    with results(tmp_path) as found:
        assert found.counts() == {"PV": 2}
        summary = found.summary()
    assert (summary.outside, summary.others) == (2, 1)


def test_a_summary_has_figures_and_units(tmp_path: Path) -> None:
    put(
        tmp_path,
        point("p=1,n=1i", 0) + point("p=3,n=4i", 60) + point("p=8", 60, "b"),
        point("ok=t", 0),
    )
    with results(tmp_path, {"PV": {"p": "W"}}) as found:
        integer, boolean, power = found.summary().fields
    at_0, at_60 = datetime(2024, 1, 1), datetime(2024, 1, 1, 0, 1)
    assert power == FieldSummary("PV", "p", "float", "W", 2, 3, at_0, at_60, 1.0, 4.0, 8.0)
    assert integer == FieldSummary("PV", "n", "integer", None, 1, 2, at_0, at_60, 1.0, 2.5, 4.0)
    assert (boolean.kind, boolean.minimum, boolean.mean) == ("boolean", None, None)


def test_field_names_may_differ_by_case_alone_or_hold_anything(tmp_path: Path) -> None:
    put(tmp_path, point(r"""P=1,p=2,it's\ a\ "name"=3,time_series=4""", 0))
    with results(tmp_path) as found:
        assert found.fields("PV") == ("P", 'it\'s a "name"', "p", "time_series")
        assert next(found.rows("PV")).values == (1.0, 3.0, 2.0, 4.0)


def test_esdl_types_and_objects_are_listed(tmp_path: Path) -> None:
    put(
        tmp_path, point("f=1", 0, "b") + point("f=1", 0, "a") + point("f=1", 0, esdl_type="Battery")
    )
    with results(tmp_path) as found:
        assert found.types() == ("Battery", "PV")
        assert found.objects("PV") == (
            SimulatedObject("a", "name a", "pv-1"),
            SimulatedObject("b", "name b", "pv-1"),
        )
        assert (found.fields("Other"), list(found.rows("Other"))) == ((), [])


def test_tags_of_a_services_own_are_kept(tmp_path: Path) -> None:
    put(
        tmp_path,
        point("f=1", 0, more=",zone=south") + point("f=2", 0, more=",kind=x") + point("f=3", 60),
    )
    with results(tmp_path) as found:
        assert found.extra_tags("PV") == ("kind", "zone")
        rows = [(row.tags, row.values) for row in found.rows("PV")]
    assert sorted(rows) == [(("", ""), (3.0,)), (("", "south"), (1.0,)), (("x", ""), (2.0,))]


def test_tags_that_are_missing_are_empty(tmp_path: Path) -> None:
    put(tmp_path, f"PV,simulation_id=run-1 f=1 {START}\n")
    with results(tmp_path) as found:
        assert next(found.rows("PV"))[1:5] == ("run-1", "", "", "")


def test_long_rows_hold_one_value_each(tmp_path: Path) -> None:
    put(tmp_path, point("f=1", 0) + point("f=2,g=3", 60))
    with results(tmp_path) as found:
        rows = [(row.time.minute, field, value) for row, field, value in long_rows(found, "PV")]
    assert rows == [(0, "f", 1.0), (1, "f", 2.0), (1, "g", 3.0)]


def test_nothing_written_is_nothing_read(tmp_path: Path) -> None:
    with results(tmp_path / "results") as found:
        assert (found.counts(), found.types(), found.summary().fields) == ({}, (), ())


def test_the_number_of_points_is_known_without_reading_them(tmp_path: Path) -> None:
    put(tmp_path, point("f=1", 0) + point("f=1", 60), point("f=1,g=1", 120))
    with results(tmp_path) as found:
        assert found.counts() == {"PV": 4}
    assert [path.name for path in tmp_path.iterdir()] == [JOURNAL]


def test_a_reader_sees_what_the_journal_has_won_since(tmp_path: Path) -> None:
    put(tmp_path, point("f=1", 0))
    assert len(table(tmp_path)) == 1
    put(tmp_path, point("f=1", 60))
    assert len(table(tmp_path)) == 2
    assert len(list(tmp_path.glob("points-*"))) == 1


def test_a_reader_keeps_what_it_has_opened(tmp_path: Path) -> None:
    put(tmp_path, point("f=1", 0))
    with results(tmp_path) as early:
        rows = early.rows("PV")
        first = next(rows)
        put(tmp_path, point("f=1", 60))
        assert len(table(tmp_path)) == 2
        assert [first, *rows] == list(early.rows("PV"))
        assert early.summary().fields[0].points == 1


def test_readers_in_several_processes_at_once_see_the_same(tmp_path: Path) -> None:
    put(tmp_path, *("".join(point(f"f={n}", n, f"o{m}") for n in range(2000)) for m in range(5)))
    code = f"""
from datetime import datetime
from pathlib import Path
from dots_cli.results.embedded import EmbeddedResults
from dots_cli.results.interface import Scope
scope = Scope("run-1", datetime(2024, 1, 1), datetime(2024, 1, 2))
with EmbeddedResults(Path({str(tmp_path)!r}), scope, {{}}) as results:
    print(results.summary().fields[0].points, sum(1 for _ in results.rows("PV")))
"""
    readers = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [reader.communicate(timeout=60)[0].strip() for reader in readers] == ["10000 10000"] * 3
    assert sorted(path.name.partition("-")[0] for path in tmp_path.iterdir()) == [JOURNAL, "points"]


def test_what_a_killed_reader_left_is_removed_in_time(tmp_path: Path) -> None:
    put(tmp_path, point("f=1", 0))
    for name, age in (("old", 7200), ("new", 60)):
        left = tmp_path / f".building-{name}"
        left.mkdir()
        os.utime(left, (time.time() - age,) * 2)
    table(tmp_path)
    assert [path.name for path in tmp_path.glob(".building-*")] == [".building-new"]


def test_a_folder_of_any_name_will_do(tmp_path: Path) -> None:
    folder = tmp_path / ("it's a [run] ü 😀" + ("" if os.name == "nt" else "*"))
    put(folder, point("f=1", 0), point('s="x"', 0))
    assert table(folder) == [(0, "a", (1.0, "x"))]


def test_a_file_that_cannot_be_opened_is_made_again(tmp_path: Path) -> None:
    put(tmp_path, point("f=1", 0))
    size = (tmp_path / JOURNAL).stat().st_size
    (tmp_path / f"points-{size}.duckdb").write_bytes(b"no database" * 100)
    assert table(tmp_path) == [(0, "a", (1.0,))]


def test_results_that_cannot_be_read_are_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where the folder should be")
    with (
        pytest.raises(StoreFailure, match="cannot be read"),
        results(tmp_path / "results") as found,
    ):
        found.summary()
