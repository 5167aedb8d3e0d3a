"""What the client of dots-infrastructure writes is read back alike from every store."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.contract.stores.conftest import AT, Store
from tests.support import parts
from tests.support.stores import DATABASE, PASSWORD, USER

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
