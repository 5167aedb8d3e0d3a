"""Every store in turn: the embedded one and the real InfluxDB, to write to and to read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from dots_cli.results.embedded import EmbeddedResults
from dots_cli.results.influx import InfluxResults
from dots_cli.results.interface import Access, Results, Scope
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
