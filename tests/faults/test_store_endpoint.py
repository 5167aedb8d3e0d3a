"""What goes wrong around the embedded store: kills, a full disk, clients that go away."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from dots_cli.results.embedded import EmbeddedResults
from dots_cli.results.interface import Scope
from dots_cli.store.journal import JOURNAL
from tests.support import ROOT, parts, stores
from tests.support.processes import wait_for
from tests.support.stores import DATABASE, PASSWORD, USER, Server

START = int((datetime(2024, 1, 1) - datetime(1970, 1, 1)).total_seconds())
SCOPE = Scope("run-1", datetime(2024, 1, 1), datetime(2034, 1, 1))


def lines(writer: int, request: int, count: int = 50) -> str:
    """A request of so many points, at times of its own."""
    tags = f"simulation_id=run-1,model_id=m-{writer},esdl_id=e-{writer},esdl_name=n"
    return "\n".join(f"PV,{tags} f={request} {START + request * count + n}" for n in range(count))


def stored(folder: Path) -> dict[tuple[int, int], int]:
    """How many points there are of every writer's every request."""
    found: dict[tuple[int, int], int] = {}
    with EmbeddedResults(folder, SCOPE, {}) as results:
        for row in results.rows("PV"):
            value = row.values[0]
            assert isinstance(value, float)
            key = int(row.model_id.removeprefix("m-")), int(value)
            found[key] = found.get(key, 0) + 1
    return found


class Writer(threading.Thread):
    """Posts request after request until the store is gone; knows which were acknowledged."""

    def __init__(self, server: Server, number: int, first: int = 0) -> None:
        super().__init__()
        self.server, self.number, self.first = server, number, first
        self.acknowledged: list[int] = []

    def run(self) -> None:
        for request in range(self.first, self.first + 5000):
            try:
                status, _ = self.server.write(lines(self.number, request))
            except (OSError, ValueError):
                return
            except Exception:  # the connection broke in the middle of an answer
                return
            if status != 204:
                return
            self.acknowledged.append(request)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_a_kill_during_writes_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    kept: dict[tuple[int, int], int] = {}
    for round_ in range(3):
        with stores.endpoint(tmp_path) as server:
            writers = [Writer(server, number, 10_000 * round_) for number in range(3)]
            for writer in writers:
                writer.start()
            enough = 20 + 7 * round_
            wait_for(lambda: min(len(w.acknowledged) for w in writers) > enough, 60, "writes")  # noqa: B023
            os.kill(server.process.pid, signal.SIGKILL)
            for writer in writers:
                writer.join(30)
        found = stored(tmp_path)
        for writer in writers:
            kept |= {(writer.number, request): 50 for request in writer.acknowledged}
        assert kept.items() <= found.items()
        assert set(found.values()) == {50}, "a request is there as a whole or not at all"
        unanswered = found.keys() - kept.keys()
        assert len(unanswered) <= len(writers) * (round_ + 1)
        kept |= dict.fromkeys(unanswered, 50)


def test_several_writers_at_once_lose_nothing_and_mix_nothing(tmp_path: Path) -> None:
    def write(server: Server, writer: int) -> None:
        for request in range(20):
            server.take(lines(writer, request, 200))

    with stores.endpoint(tmp_path) as server:
        threads = [threading.Thread(target=write, args=[server, n]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert stored(tmp_path) == {(w, r): 200 for w in range(4) for r in range(20)}


def test_a_reader_during_the_run_disturbs_no_writer(tmp_path: Path) -> None:
    with stores.endpoint(tmp_path) as server:
        writer = Writer(server, 0)
        writer.start()
        seen = []
        for _ in range(4):
            before = len(writer.acknowledged)
            wait_for(lambda: len(writer.acknowledged) > before + 5, 60, "writes")  # noqa: B023
            acknowledged = len(writer.acknowledged)
            seen.append(len(stored(tmp_path)))
            assert seen[-1] >= acknowledged
        assert seen == sorted(seen)
        server.process.terminate()
        writer.join(30)
    assert len(stored(tmp_path)) >= len(writer.acknowledged)


def test_asked_to_end_it_answers_what_it_has_taken_up(tmp_path: Path) -> None:
    body = lines(0, 0).encode()
    with stores.endpoint(tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.port), 20) as client:
            client.sendall(_head(len(body), "Expect: 100-continue") + body[:100])
            assert client.recv(1000).startswith(b"HTTP/1.1 100 ")
            assert server.request("GET", "/ping")[0] == 204
            server.process.terminate()
            wait_for(lambda: _is_ending(server), 10, "it takes no more requests")
            client.sendall(body[100:])
            assert client.recv(1000).startswith(b"HTTP/1.1 204 ")
        server.process.wait(20)
    assert stored(tmp_path) == {(0, 0): 50}


def test_once_asked_to_end_it_asks_nobody_to_go_on(tmp_path: Path) -> None:
    asking = _head(100, "Expect: 100-continue")
    with stores.endpoint(tmp_path) as server:
        address = ("127.0.0.1", server.port)
        with socket.create_connection(address, 20) as taken_up:
            taken_up.sendall(asking)
            assert taken_up.recv(1000).startswith(b"HTTP/1.1 100 ")
            server.process.terminate()
            wait_for(lambda: _is_ending(server), 10, "it takes no more requests")
            with socket.create_connection(address, 20) as late:
                late.sendall(asking)
                assert late.recv(1000).startswith(b"HTTP/1.1 503 ")
        server.process.wait(20)


def test_a_stranger_is_not_asked_for_the_body(tmp_path: Path) -> None:
    asking = _head(100, "Expect: 100-continue").replace(b"Basic ", b"Basic A")
    with (
        stores.endpoint(tmp_path) as server,
        socket.create_connection(("127.0.0.1", server.port), 20) as stranger,
    ):
        stranger.sendall(asking)
        assert stranger.recv(1000).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("end", ["stdin", "sigterm"])
def test_it_ends_by_itself_when_asked(tmp_path: Path, end: str) -> None:
    with stores.endpoint(tmp_path) as server:
        server.take(lines(0, 0))
        idle = socket.create_connection(("127.0.0.1", server.port), 20)
        began = time.monotonic()
        if end == "sigterm":
            server.process.terminate()
        else:
            assert server.process.stdin
            server.process.stdin.close()
        server.process.wait(20)
        assert time.monotonic() - began < 10
        idle.close()
    assert (end == "sigterm" and sys.platform == "win32") or server.process.returncode == 0


def test_a_request_whose_client_went_away_leaves_nothing(tmp_path: Path) -> None:
    with stores.endpoint(tmp_path) as server:
        body = lines(0, 0).encode()
        for cut in (0, 1, len(body) // 2, len(body) - 1):
            with socket.create_connection(("127.0.0.1", server.port), 20) as client:
                client.sendall(_head(len(body)) + body[:cut])
        server.take(lines(1, 0))
        assert server.events == []
    assert stored(tmp_path) == {(1, 0): 50}


def test_what_was_refused_is_told_with_the_model_it_came_from(tmp_path: Path) -> None:
    with stores.endpoint(tmp_path) as server:
        server.write(lines(3, 0) + "\nPV,model_id=m\\ 3 f=nan 5")
        server.write("PV f=1", db="other")
        server.request("POST", "/write", b"PV f=1", password="guess", db=DATABASE)
        server.request("POST", "/write", b"PV f=1", password="guess", db="stranger")
        server.request("GET", "/", b"")
        wait_for(lambda: len(server.events) >= 3, 10, "three reports")
    assert [(e["event"], e["status"], e["model"]) for e in server.events] == [
        ("refused", 400, "m 3"),
        ("refused", 404, None),
        ("refused", 401, None),
    ]
    assert "PV,model_id=m\\ 3 f=nan 5" in server.events[0]["message"]


def test_a_model_that_writes_rubbish_for_ever_fills_neither_log_nor_pipe(tmp_path: Path) -> None:
    with stores.endpoint(tmp_path) as server:
        for _ in range(120):
            assert server.write("PV f=nan 5\n" * 2000)[0] == 400
        assert server.process.stdin and server.process.stderr
        server.process.stdin.close()
        log = server.process.stderr.read()
    assert len(server.events) == 50
    assert len(log) < 100_000


def test_without_credentials_it_does_not_start(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STORE_")}
    done = subprocess.run(
        [sys.executable, "-m", "dots_cli.store.endpoint", str(tmp_path)],
        cwd=ROOT,
        env=environment | {"STORE_USER": "dots"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "STORE_PASSWORD is not set" in done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    parts.requires("small-disk")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=True, timeout=30
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=30)


def test_on_a_full_disk_a_request_is_refused_as_a_whole_and_space_helps(small_disk: Path) -> None:
    results = small_disk / "results"
    with stores.endpoint(results) as server:
        server.take(lines(0, 0, 5000))
        filler = _fill_up(small_disk)
        before = (results / JOURNAL).read_bytes()
        status, error = server.write(lines(7, 1, 20_000))
        assert (status, "No space left on device" in error) == (507, True)
        assert (results / JOURNAL).read_bytes() == before
        wait_for(lambda: server.events, 10, "the report")
        assert (server.events[0]["status"], server.events[0]["model"]) == (507, "m-7")
        filler.unlink()
        server.take(lines(1, 1, 5000))
        assert server.process.stdin and server.process.stderr
        server.process.stdin.close()
        assert b"No space left on device" in server.process.stderr.read()
    assert _lines_in(results / JOURNAL) == 10_000


def test_a_reader_on_a_full_disk_says_so(small_disk: Path) -> None:
    from dots_cli.errors import StoreFailure

    with stores.endpoint(small_disk) as server:
        server.take(lines(0, 0, 5000))
        _fill_up(small_disk)
    with pytest.raises(StoreFailure) as error, EmbeddedResults(small_disk, SCOPE, {}) as results:
        results.summary()
    assert "space" in error.value.hint
    with EmbeddedResults(small_disk, SCOPE, {}) as results:
        assert results.counts() == {"PV": 5000}
    assert not list(small_disk.glob(".building-*"))


def _head(length: int, *more: str) -> bytes:
    credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    head = (
        f"POST /write?{urlencode({'db': DATABASE, 'precision': 's'})} HTTP/1.1",
        *("Host: localhost", f"Content-Length: {length}", f"Authorization: Basic {credentials}"),
        *more,
    )
    return "\r\n".join((*head, "", "")).encode()


def _is_ending(server: Server) -> bool:
    return server.request("GET", "/ping")[0] == 503


def _fill_up(folder: Path) -> Path:
    with (folder / "filler").open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"x" * 10_000)
            except OSError:
                return folder / "filler"


def _lines_in(journal: Path) -> int:
    from dots_cli.store.journal import read_blocks

    return sum(block.count for block in read_blocks(journal))
