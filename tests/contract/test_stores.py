"""One contract for every store: what models write is taken alike, and read back alike."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest

from dots_cli.errors import StoreFailure
from dots_cli.results.embedded import EmbeddedResults
from dots_cli.results.export import export
from dots_cli.results.influx import InfluxResults
from dots_cli.results.store import Access, Results, Row, Scope, SimulatedObject, long_rows
from tests.support import parts, stores
from tests.support.stores import DATABASE, PASSWORD, USER, Server

START = int((datetime(2024, 1, 1) - datetime(1970, 1, 1)).total_seconds())
AT = [datetime(2024, 1, 1), datetime(2024, 1, 1, 0, 15), datetime(2024, 1, 1, 0, 30)]
UNITS = {"PVInstallation": {"power": "W"}}


@dataclass(frozen=True)
class Store:
    """A store to write to through `server` and to read from by `open`."""

    kind: str
    server: Server
    scope: Scope
    reader: Callable[[Scope], Results]

    def open(self, scope: Scope | None = None) -> Results:
        return self.reader(scope or self.scope)


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    parts.requires("influxdb")
    with stores.influxdb(tmp_path_factory.mktemp("influxdb")) as server:
        yield server


@pytest.fixture(params=["embedded", "influxdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    # Runs share a database, so each test has a simulation_id of its own.
    scope = Scope(f"run-{abs(hash(request.node.name))}", AT[0], AT[2])
    if request.param == "embedded":
        with stores.endpoint(tmp_path / "store") as server:
            yield Store(
                *("embedded", server, scope),
                lambda wanted: EmbeddedResults(tmp_path / "store", wanted, UNITS),
            )
    else:
        server = request.getfixturevalue("influxd")
        access = Access(f"http://127.0.0.1:{server.port}", DATABASE, USER, PASSWORD)
        yield Store("influxdb", server, scope, lambda wanted: InfluxResults(access, wanted, UNITS))


def point(
    store: Store, fields: str, minute: float, esdl_id: str = "a", esdl_type: str = "PVInstallation"
) -> str:
    tags = (
        f"esdl_id={esdl_id},esdl_name=n\\ {esdl_id},model_id=m-1,simulation_id={store.scope.run_id}"
    )
    return f"{esdl_type},{tags} {fields} {START + int(minute * 60)}"


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


ODD = (
    *("PV f=nan 5", "PV f=inf 5", "PV f=1u 5", "PV f=+1 5", 'PV f="open 5'),
    *("PV", "PV f= 5", "PV f=1,, 5", "PV f=1 soon", ",a=b f=1"),
    *("PV,a= f=1", "PV,a=1,a=2 f=1 5", "PV,a=b=c f=1 5", "PV,a=b\\ f=1 5"),
    *("PV f=1 9223372037", "PV f=1 -9223372037", "PV f=1 99999999999999999999"),
    *("PV,time=1 f=1", "PV time=1"),
)
GOOD = (
    *("PV f=1 5", "PV,a=b f=1", 'PV f=5e-324,g=1i,h=t,i="" 5', "PV f=1e-400 5", "PV f=.5 5"),
    *("PV f=-9223372036854775808i 5", "PV f=01 5", "PV f=1 9223372036", "PV  f=1  5 "),
    *("# nothing", "", 'PV f="a\nb" 5', "PV,a=\\,b f=1 5", "PV\\ f=1 f=1"),
)


@pytest.mark.parametrize("line", ODD)
def test_what_the_real_server_refuses_is_refused(store: Store, line: str) -> None:
    name = f"R{abs(hash(line))}"
    status, error = store.server.write(line.replace("PV", name))
    assert status == 400
    assert "unable to parse" in error or "invalid" in error


@pytest.mark.parametrize("line", GOOD)
def test_what_the_real_server_takes_is_taken(store: Store, line: str) -> None:
    store.server.take(line.replace("PV", f"T{abs(hash(line))}"))


def test_of_a_request_with_bad_lines_the_good_ones_are_taken(store: Store) -> None:
    lines = [point(store, "f=1", 0), point(store, "f=nan", 15), point(store, "f=2", 30)]
    status, error = store.server.write("\n".join(lines))
    assert (status, error.startswith("partial write: unable to parse")) == (400, True)
    assert lines[1] in error
    status, error = store.server.write(point(store, "f=1i", 15))
    assert (status, "field type conflict" in error, "dropped=1" in error) == (400, True, True)
    with store.open() as results:
        assert [row.values for row in results.rows("PVInstallation")] == [(1.0,), (2.0,)]


def test_a_point_dated_292_years_ahead_is_refused_and_the_rest_taken(store: Store) -> None:
    status, error = store.server.write(
        point(store, "f=1", 0) + "\n" + point(store, "f=2", (9223372037 - START) / 60)
    )
    assert (status, "time outside range" in error) == (400, True)
    with store.open() as results:
        assert results.counts() == {"PVInstallation": 1}


def test_a_ping_tells_the_version(store: Store) -> None:
    status, body, headers = store.server.request("GET", "/ping", user=None)
    assert (status, body) == (204, "")
    assert headers["x-influxdb-version"]


def test_who_does_not_know_the_password_writes_nothing(store: Store) -> None:
    line = point(store, "f=1", 0).encode()
    for given in ({"user": None}, {"password": "guess"}, {"user": "other"}):
        for url in ("/write", "/query"):
            status, text, headers = store.server.request("POST", url, line, db=DATABASE, **given)
            assert (status, "error" in json.loads(text)) == (401, True)
            assert "Basic" in headers["www-authenticate"]
    with store.open() as results:
        assert results.counts() == {}


def test_user_and_password_may_stand_in_the_url(store: Store) -> None:
    line, given = point(store, "f=1", 0).encode(), {"u": USER, "p": PASSWORD}
    asked = {"db": DATABASE, "precision": "s"} | given
    assert store.server.request("POST", "/write", line, user=None, **asked)[0] == 204
    with store.open() as results:
        assert results.counts() == {"PVInstallation": 1}


def test_a_database_must_be_named_and_be_there(store: Store) -> None:
    assert store.server.write("PV f=1", db="") == (400, "database is required")
    assert store.server.write("PV f=1", db="other") == (404, 'database not found: "other"')


def test_every_precision_is_understood(store: Store) -> None:
    line = point(store, "f=1", 0).rpartition(" ")[0]
    for precision, factor in (("s", 1), ("ms", 10**3), ("u", 10**6), ("n", 10**9), ("ns", 10**9)):
        store.server.take(f"{line} {START * factor}", precision)
    for precision, factor in (("m", 60), ("h", 3600)):
        store.server.take(f"{line} {START // factor}", precision)
    with store.open() as results:
        assert results.counts() == {"PVInstallation": 1}
    assert store.server.write(line, "fortnight")[0] == 400


def test_bodies_may_be_packed_and_come_in_chunks(store: Store) -> None:
    asked = {"db": DATABASE, "precision": "s"}
    packed = gzip.compress(point(store, "f=1", 0).encode())
    headers = {"Content-Encoding": "gzip"}
    assert store.server.request("POST", "/write", packed, headers=headers, **asked)[0] == 204
    plain = point(store, "f=2", 15).encode()
    assert store.server.request("POST", "/write", plain, chunked=True, **asked)[0] == 204
    assert store.server.request("POST", "/write", plain, headers=headers, **asked)[0] == 400
    with store.open() as results:
        assert [row.values for row in results.rows("PVInstallation")] == [(1.0,), (2.0,)]


def test_databases_are_shown_and_made(store: Store) -> None:
    status, text, _ = store.server.request("GET", "/query", q="SHOW DATABASES")
    (series,) = json.loads(text)["results"][0]["series"]
    assert (status, series["name"], series["columns"]) == (200, "databases", ["name"])
    assert [DATABASE] in series["values"]
    status, text, _ = store.server.request("POST", "/query", q=f'CREATE DATABASE "{DATABASE}"')
    assert (status, json.loads(text)) == (200, {"results": [{"statement_id": 0}]})


def test_a_hundred_thousand_points_with_long_names_are_taken_at_once(store: Store) -> None:
    """As `dots-infrastructure` sends them, some 40 MB; InfluxDB's own limit would be 25 MB."""
    tags = f"simulation_id={store.scope.run_id},model_id=m-1"
    long, count = "x" * 200, 100_000
    store.server.take(
        "\n".join(
            f"PVInstallation,{tags},esdl_id={n % 500},esdl_name={long}{n % 500} "
            f"{'y' * 60}={n} {START + n // 500 * 9}"
            for n in range(count)
        )
    )
    with store.open() as results:
        assert results.counts() == {"PVInstallation": count}
        assert len(results.objects("PVInstallation")) == 500
        assert {len(o.name) for o in results.objects("PVInstallation")} == {201, 202, 203}
        assert results.summary().fields[0].maximum == count - 1


def test_points_of_the_year_1990_are_no_older_than_others(store: Store) -> None:
    run = replace(store.scope, start=datetime(1990, 1, 1), end=datetime(1990, 1, 2))
    start = int((run.start - datetime(1970, 1, 1)).total_seconds())
    line = f"PVInstallation,esdl_id=a,simulation_id={run.run_id} f="
    store.server.take("\n".join(f"{line}{n} {start + n * 900}" for n in range(97)))
    with store.open(run) as results:
        rows = list(results.rows("PVInstallation"))
        assert results.summary().outside == 0
    assert [rows[0].time, rows[-1].time, len(rows)] == [run.start, run.end, 97]


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


CLIENT = textwrap.dedent(
    """
    import json, sys
    from influxdb import InfluxDBClient
    given = json.load(sys.stdin)
    for packed in (False, True):
        client = InfluxDBClient(
            host="127.0.0.1", port=given["port"], username=given["user"],
            password=given["password"], database=given["database"], gzip=packed,
        )
        client.ping()
        client.create_database(given["database"])
        assert {"name": given["database"]} in client.get_list_database()
        client.write_points(given["points"], database=given["database"], time_precision="s")
        client.close()
    """
)


@pytest.fixture(scope="module")
def client() -> Path:
    """An interpreter with the `influxdb` client that dots-infrastructure uses."""
    import uv

    environment = parts.cache_folder() / "influxdb-5.3"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (environment / "ready").exists():
        parts.requires("index")
        calls = [uv.find_uv_bin(), "--system-certs"]
        subprocess.run([*calls, "venv", "--clear", str(environment)], check=True)
        pip = [*calls, "pip", "install", "--python", str(python)]
        subprocess.run([*pip, "influxdb==5.3.2", "setuptools<81"], check=True)
        (environment / "ready").touch()
    return python


def test_what_the_real_client_writes_is_read_back(store: Store, client: Path) -> None:
    names = ["Zum Südhang 3", "a,b=c", 'it\'s "big"', "☀️🏠 x", "tab\there", ""]
    values = {"f": 1 / 3, "i": -7, "on": True, "text": 'he said "a, b=c"\nand \\ ü 😀'}
    points = [
        {
            "measurement": "PVInstallation",
            "tags": {
                "simulation_id": store.scope.run_id,
                "model_id": "m-1",
                "esdl_id": f"id-{number}",
                "esdl_name": name,
            },
            "time": "2024-01-01 00:15:00",
            "fields": {field: value},
        }
        for number, name in enumerate(names)
        for field, value in values.items()
    ]
    given = {"port": store.server.port, "user": USER, "password": PASSWORD, "database": DATABASE}
    done = subprocess.run(
        [str(client), "-c", CLIENT],
        input=json.dumps(given | {"points": points}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with store.open() as results:
        rows = list(results.rows("PVInstallation"))
    assert [(row.esdl_id, row.esdl_name) for row in rows] == [
        (f"id-{number}", name) for number, name in enumerate(names)
    ]
    # The client writes a line end as two letters, which no store can tell from the two.
    expected = (1 / 3, -7, True, values["text"].replace("\n", "\\n"))
    assert {row.values for row in rows} == {expected}
    assert {row.time for row in rows} == {AT[1]}


def test_the_endpoint_listens_on_this_machine_alone(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    with stores.endpoint(tmp_path) as server:
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(server.process.pid).net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
    assert listening == ["127.0.0.1"]
    with contextlib.suppress(OSError):
        server.request("GET", "/ping")
        pytest.fail("it still answers")
