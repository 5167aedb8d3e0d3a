"""What models write over HTTP is taken, or refused, by every store alike."""

from __future__ import annotations

import contextlib
import gzip
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.contract.stores.conftest import START, Store, point
from tests.support import stores
from tests.support.stores import DATABASE, PASSWORD, USER

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
