"""What models have written is read back alike from every store: rows, figures, exports."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dots_cli.errors import StoreFailure
from dots_cli.results.embedded import EmbeddedResults
from dots_cli.results.export import export
from dots_cli.results.influx import InfluxResults, remove
from dots_cli.results.interface import Access, Row, Scope, SimulatedObject, long_rows
from tests.contract.stores.conftest import AT, START, Store, point
from tests.support import stores
from tests.support.stores import DATABASE, PASSWORD, USER, Server


def fill(store: Store) -> None:
    """Two ESDL types, every kind of value, fields apart, one value twice, two points outside."""
    lines = [
        point(store, "power=1.5", 0),
        point(store, "power=2.5", 15),
        point(store, "count=3i", 15),
        point(store, "power=0.1", 30, "b"),
        point(store, 'text="a \\"b\\",\nü"', 0, "b"),
        point(store, "on=true", 0, "b"),
        point(store, "power=7", -1),
        point(store, "power=8", 31),
        point(store, "load=1e-07", 30, "c", "EConnection"),
    ]
    store.server.take("\n".join(lines))
    store.server.take(point(store, "power=3.5", 15))


def test_fields_and_objects_are_listed(store: Store) -> None:
    fill(store)
    with store.open() as results:
        assert results.types() == ("EConnection", "PVInstallation")
        assert results.fields("PVInstallation") == ("count", "on", "power", "text")
        assert results.fields("Nothing") == ()
        assert results.extra_tags("PVInstallation") == ()
        assert results.objects("PVInstallation") == (
            SimulatedObject("a", "n a", "m-1"),
            SimulatedObject("b", "n b", "m-1"),
        )


def test_rows_merge_fields_in_the_order_of_time_and_object(store: Store) -> None:
    fill(store)
    run = store.scope.run_id
    with store.open() as results:
        assert list(results.rows("PVInstallation")) == [
            Row(AT[0], run, "m-1", "a", "n a", (), (None, None, 1.5, None)),
            Row(AT[0], run, "m-1", "b", "n b", (), (None, True, None, 'a "b",\nü')),
            Row(AT[1], run, "m-1", "a", "n a", (), (3, None, 3.5, None)),
            Row(AT[2], run, "m-1", "b", "n b", (), (None, None, 0.1, None)),
        ]
        assert [(f, type(v)) for _, f, v in long_rows(results, "PVInstallation")] == [
            ("power", float), ("on", bool), ("text", str),
            ("count", int), ("power", float), ("power", float),
        ]  # fmt: skip
        assert list(results.rows("Nothing")) == []


def test_points_are_counted_once_and_within_the_simulated_time(store: Store) -> None:
    fill(store)
    with store.open() as results:
        assert results.counts() == {"EConnection": 1, "PVInstallation": 6}
        assert (results.summary().outside, results.summary().others) == (2, 0)


def test_a_summary_has_the_figures_of_every_field(store: Store) -> None:
    fill(store)
    with store.open() as results:
        fields = {(f.esdl_type, f.field): f for f in results.summary().fields}
    power = fields["PVInstallation", "power"]
    assert (power.kind, power.unit, power.objects, power.points) == ("float", "W", 2, 3)
    assert (power.first, power.last, power.minimum, power.maximum) == (AT[0], AT[2], 0.1, 3.5)
    assert power.mean == pytest.approx(1.7, rel=1e-14)
    count = fields["PVInstallation", "count"]
    assert (count.kind, count.unit, count.minimum, count.mean) == ("integer", None, 3.0, 3.0)
    for name, kind in (("on", "boolean"), ("text", "string")):
        field = fields["PVInstallation", name]
        assert (field.kind, field.points) == (kind, 1)
        assert (field.minimum, field.mean, field.maximum) == (None, None, None)


def test_nothing_written_is_nothing_read(store: Store) -> None:
    with store.open() as results:
        assert (results.counts(), results.types(), results.summary().fields) == ({}, (), ())


def test_tags_of_a_services_own_are_kept(store: Store) -> None:
    tags = f"PVInstallation,esdl_id=a,simulation_id={store.scope.run_id}"
    store.server.take(
        f"{tags},zone=s f=1 {START}\n{tags},zone=n f=2 {START}\n{tags} f=3 {START + 60}"
    )
    with store.open() as results:
        assert results.extra_tags("PVInstallation") == ("zone",)
        rows = [(row.model_id, row.tags, row.values) for row in results.rows("PVInstallation")]
    assert sorted(rows) == [("", ("",), (3.0,)), ("", ("n",), (2.0,)), ("", ("s",), (1.0,))]


def test_names_of_any_letter_come_back(store: Store) -> None:
    names = {
        "spaces": (r"Zum\ Südhang\ 3", "Zum Südhang 3"),
        "commas": (r"a\,b\=c", "a,b=c"),
        "quotes": ('it\'s\\ "big"', 'it\'s "big"'),
        "emojis": ("☀️🏠", "☀️🏠"),
        "backslash": (r"C:\temp", r"C:\temp"),
        "flux": (r"${r}\ |>", "${r} |>"),
    }
    run = store.scope.run_id
    for esdl_id, (written, _) in names.items():
        store.server.take(
            f"PVInstallation,esdl_id={esdl_id},esdl_name={written},model_id=m-1,"
            f"simulation_id={run} f=1 {START}"
        )
    with store.open() as results:
        read = {row.esdl_id: row.esdl_name for row in results.rows("PVInstallation")}
    assert read == {esdl_id: name for esdl_id, (_, name) in names.items()}


def test_types_and_fields_of_any_letter_come_back(store: Store) -> None:
    store.server.take(point(store, 'in\\ "kW"\\,${x}=1', 0, esdl_type='A\\ "b"\\\\c'))
    with store.open() as results:
        (esdl_type,) = results.types()
        assert (esdl_type, results.fields(esdl_type)) == ('A "b"\\\\c', ('in "kW",${x}',))
        assert [row.values for row in results.rows(esdl_type)] == [(1.0,)]
        assert results.summary().fields[0].points == 1


def test_both_stores_export_the_same_bytes(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue("influxd")
    scope = Scope("run-same-bytes", AT[0], AT[2])
    access = Access(f"http://127.0.0.1:{server.port}", DATABASE, USER, PASSWORD)
    with stores.endpoint(tmp_path / "store") as endpoint:
        for each in (server, endpoint):
            fill(Store("", each, scope, lambda wanted: InfluxResults(access, wanted, {})))
        with InfluxResults(access, scope, {}) as results:
            one = {f.path.name: f.path.read_bytes() for f in export(results, tmp_path / "one")}
        with EmbeddedResults(tmp_path / "store", scope, {}) as other:
            two = {f.path.name: f.path.read_bytes() for f in export(other, tmp_path / "two")}
    assert one == two
    assert sorted(one) == ["EConnection.csv", "PVInstallation.csv"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"password": "guess"}, "user"),
        ({"database": "other"}, "database"),
        ({"url": "http://127.0.0.1:1"}, "store.url"),
    ],
)
def test_an_influxdb_that_cannot_be_read_says_what_to_do(
    influxd: Server, given: dict[str, str], said: str
) -> None:
    right = Access(f"http://127.0.0.1:{influxd.port}", DATABASE, USER, PASSWORD)
    results = InfluxResults(replace(right, **given), Scope("run", AT[0], AT[1]), {})
    with pytest.raises(StoreFailure) as error, results:
        results.counts()
    assert said in error.value.hint


WEEK = 7 * 24 * 60.0
"""Minutes; InfluxDB keeps the type of a field for each week anew."""


@pytest.fixture
def in_influxdb(influxd: Server, request: pytest.FixtureRequest) -> Store:
    scope = Scope(f"run-{abs(hash(request.node.name))}", AT[0], AT[0] + timedelta(weeks=8))
    access = Access(f"http://127.0.0.1:{influxd.port}", DATABASE, USER, PASSWORD)
    return Store("influxdb", influxd, scope, lambda wanted: InfluxResults(access, wanted, {}))


def test_points_whose_type_changes_from_week_to_week_are_not_left_out_unsaid(
    in_influxdb: Store,
) -> None:
    store = in_influxdb
    for week, value in enumerate(["0i", "0i", "0i", "0.5", "0.5"]):
        store.server.take(point(store, f"power={value}", week * WEEK, esdl_type="Changing"))
    with store.open() as results:
        assert results.counts() == {"Changing": 5}
        with pytest.raises(StoreFailure, match=r"Changing\.power: of 5 points .* 3 can be read"):
            results.summary()
        with pytest.raises(StoreFailure, match=r"Changing\.power"):
            list(results.rows("Changing"))


def test_the_types_of_other_runs_change_no_figure(in_influxdb: Store) -> None:
    store = in_influxdb
    for week, value in enumerate(["1i", "2i", "0.5", "0.5"]):
        run = store if week < 2 else replace(store, scope=replace(store.scope, run_id="another"))
        store.server.take(point(run, f"power={value}", week * WEEK, esdl_type="Shared"))
    store.server.take(point(store, "power=3i", 9 * WEEK, esdl_type="Shared"))
    with store.open() as results:
        summary = results.summary()
    assert [(f.field, f.points, f.maximum) for f in summary.fields] == [("power", 2, 2.0)]
    assert summary.outside == 1


def test_only_the_points_of_a_run_are_removed_with_it(in_influxdb: Store) -> None:
    store = in_influxdb
    other = replace(store.scope, run_id=r"it's \another")
    kept = replace(store, scope=replace(other, run_id=r"it's\ \another"))
    store.server.take("\n".join(point(store, "power=1", at) for at in (-1, 0, 15)))
    store.server.take(point(kept, "power=1", 0))
    access = Access(f"http://127.0.0.1:{store.server.port}", DATABASE, USER, PASSWORD)
    remove(access, store.scope.run_id)
    with store.open() as results:
        assert (results.counts(), results.summary().outside) == ({}, 0)
    with store.open(other) as results:
        assert results.counts() == {"PVInstallation": 1}
    remove(access, other.run_id)
    with store.open(other) as results:
        assert results.counts() == {}
