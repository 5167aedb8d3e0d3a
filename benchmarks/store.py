"""The embedded store: 300,000 points taken in three requests, a million read back.

    python benchmarks/store.py [INFLUXD] [--quick]

Points are as dots-infrastructure writes them: one for every field, four tags of 36 letters, about
250 bytes each. Three models post 100,000 at a time: acknowledged within 3 s, with less than 300 MB.
Beside it the floor, the bare parser over the same lines and a bare write of them to a file; and a
real InfluxDB where its server is given. A million points are read back within 20 s, as a summary
and every row, from a new process; beside it DuckDB reading the same values out of a CSV file.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psutil
from line_protocol_parser import parse_line
from measured import QUICK, best_of, conclude, figure, load

LONGEST_WRITE, LARGEST_MEMORY, LONGEST_READ = 3.0, 300.0, 20.0
REQUEST, REQUESTS, MODELS = 1_000 if QUICK else 100_000, 10, 3
OBJECTS, START = 50, 1_704_067_200
RUN = str(UUID(int=7 * 2**96))
CREDENTIALS = base64.b64encode(b"dots:secret").decode()

READ = """
import sys
from datetime import datetime
from pathlib import Path
from dots_cli.results.embedded import EmbeddedResults
from dots_cli.results.interface import Scope
scope = Scope(sys.argv[2], datetime(2024, 1, 1), datetime(2025, 1, 1))
with EmbeddedResults(Path(sys.argv[1]), scope, {}) as results:
    assert sum(field.points for field in results.summary().fields) == int(sys.argv[3])
    assert sum(1 for _ in results.rows("PVInstallation")) == int(sys.argv[3]) // 2
for built in Path(sys.argv[1]).glob("points-*"):
    built.unlink()
"""
READ_CSV = """
import sys, duckdb
duckdb.execute("CREATE TABLE p AS SELECT * FROM read_csv(?, header = false)", [sys.argv[1]])
duckdb.execute("SELECT column0, count(*), min(column3), avg(column3) FROM p GROUP BY 1").fetchall()
rows = duckdb.execute(
    "SELECT column1, column2, max(column3) FILTER (WHERE column0 = 'a'),"
    " max(column3) FILTER (WHERE column0 = 'b') FROM p GROUP BY 1, 2 ORDER BY 1, 2"
).fetchall()
assert len(rows) == int(sys.argv[2]) // 2
"""


def main() -> int:
    """Measure and print; 1 where a goal is missed."""
    bodies = [_body(number) for number in range(REQUESTS)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        floor = _least(3, lambda: _floor(bodies[:MODELS], folder / "bare"))
        with _endpoint(folder / "store") as (port, memory):
            together = _least(3, lambda: _post_all(port, bodies[:MODELS]))
            one_by_one = _least(3, lambda: [_post(port, body) for body in bodies[:MODELS]])
            for body in bodies[MODELS:]:
                _post(port, body)
        real = None
        servers = [word for word in sys.argv[1:] if not word.startswith("--")]
        if servers:
            with _influxd(Path(servers[0]), folder / "influxdb") as port:
                real = _least(3, lambda: _post_all(port, bodies[:MODELS]))
        # The same points again count once.
        points = REQUEST * REQUESTS
        _write_csv(folder / "values.csv")
        csv, read = best_of(
            3,
            [sys.executable, "-c", READ_CSV, str(folder / "values.csv"), str(points)],
            [sys.executable, "-c", READ, str(folder / "store"), RUN, str(points)],
        )
        size = (folder / "store" / "journal").stat().st_size / 1e6
    sent = sum(map(len, bodies[:MODELS])) / 1e6
    print(f"{MODELS * REQUEST:,} points   {sent:.0f} MB in {MODELS} requests")
    print(f"one by one       {one_by_one:.2f} s, at once {together:.2f} s (goal: under 3)")
    print(f"bare parse       {floor:.2f} s, ratio {together / floor:.2f}")
    if real is not None:
        print(f"InfluxDB         {real:.2f} s, ratio {together / real:.2f}")
    print(f"peak memory      {memory[0]:.0f} MB (goal: under 300)")
    print(f"{points:,} points read {read.seconds:.2f} s (goal: under 20)")
    print(f"DuckDB from CSV  {csv.seconds:.2f} s, ratio {read.seconds / csv.seconds:.2f}")
    print(f"journal          {size:.0f} MB after {REQUESTS + 5 * MODELS} requests")
    print(load())
    written = max(one_by_one, together)
    return conclude(
        figure(f"store takes {MODELS * REQUEST:,} points", written, None, LONGEST_WRITE),
        figure("store, memory", memory[0], None, LARGEST_MEMORY, "MB"),
        figure(f"store reads {points:,} points", read.seconds, None, LONGEST_READ),
    )


def _body(number: int) -> bytes:
    """A request of one model: two outputs of 50 objects, time after time."""
    ids = [str(UUID(int=(number * OBJECTS + n + 1) * 2**100)) for n in range(OBJECTS)]
    model = str(UUID(int=(number + 1) * 2**90))
    steps = REQUEST // OBJECTS // 2
    return "".join(
        f"PVInstallation,esdl_id={id_},esdl_name={id_},model_id={model},simulation_id={RUN} "
        f"{name}={(step * 1.1 + at) / 7!r} {START + 900 * step}\n"
        for step in range(steps)
        for at, id_ in enumerate(ids)
        for name in ("active_power", "reactive_power")
    ).encode()


def _write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number in range(REQUESTS * OBJECTS):
            for step in range(REQUEST // OBJECTS // 2):
                for name in "ab":
                    file.write(f"{name},{number},{START + 900 * step},{step * 1.1 / 7!r}\n")


def _least(times: int, what: Callable[[], object]) -> float:
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        what()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _floor(bodies: list[bytes], path: Path) -> None:
    for body in bodies:
        for line in body.decode().splitlines():
            parse_line(line)
        path.write_bytes(body)


def _post(port: int, body: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Authorization": f"Basic {CREDENTIALS}"}
    connection.request("POST", "/write?db=dots&precision=s", body, headers)
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    if answer.status != 204:
        raise SystemExit(f"refused: {answer.status} {said}")


def _post_all(port: int, bodies: list[bytes]) -> None:
    threads = [threading.Thread(target=_post, args=[port, body]) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def _endpoint(folder: Path) -> Iterator[tuple[int, list[float]]]:
    """The endpoint's port, and, once it has ended, the most memory it took, in MB."""
    store = {"STORE_USER": "dots", "STORE_PASSWORD": "secret", "STORE_DATABASE": "dots"}
    command = [sys.executable, "-m", "dots_cli.store.endpoint", str(folder), "--until-eof"]
    memory: list[float] = []
    with subprocess.Popen(
        command, env=os.environ | store, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        yield json.loads(process.stdout.readline())["port"], memory
        memory.append(_peak(process.pid))
        process.stdin.close()


def _peak(pid: int) -> float:
    """The most memory that a process has had, in MB; on macOS what it has now.

    Not by `wait4`: that counts what this process had when it started the other.
    """
    if sys.platform == "linux":
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    taken = psutil.Process(pid).memory_info()
    return float(getattr(taken, "peak_wset", taken.rss)) / 1e6


@contextmanager
def _influxd(server: Path, folder: Path) -> Iterator[int]:
    """A real InfluxDB with an empty database; its port."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        port, internal = one.getsockname()[1], other.getsockname()[1]
    settings = {
        "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{internal}",
        "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{port}",
        "INFLUXDB_HTTP_MAX_BODY_SIZE": "0",
        "INFLUXDB_META_DIR": str(folder / "meta"),
        "INFLUXDB_DATA_DIR": str(folder / "data"),
        "INFLUXDB_DATA_WAL_DIR": str(folder / "wal"),
        "INFLUXDB_DATA_INDEX_VERSION": "tsi1",
        "INFLUXDB_REPORTING_DISABLED": "true",
    }
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([server], env=os.environ | settings, stdout=quiet, stderr=quiet)
    try:
        for _ in range(300):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request("POST", "/query?q=CREATE+DATABASE+dots")
                connection.getresponse().read()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
