"""Stores for tests: the embedded store's endpoint and a real InfluxDB, both to be written to."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import ROOT, parts
from tests.support.processes import wait_for

USER, PASSWORD, DATABASE = "dots", "a:secret", "results of dots"


@dataclass
class Server:
    """A server that speaks the protocol of InfluxDB 1.x, and its process."""

    port: int
    process: subprocess.Popen[Any]
    events: list[dict[str, Any]] = field(default_factory=list)
    """What the endpoint has said on stdout so far."""

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        user: str | None = USER,
        password: str = PASSWORD,
        chunked: bool = False,
        **query: str,
    ) -> tuple[int, str, dict[str, str]]:
        """Status, body and headers (by name in lower case) of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        sent = dict(headers or {})
        if user is not None:
            secret = base64.b64encode(f"{user}:{password}".encode()).decode()
            sent["Authorization"] = f"Basic {secret}"
        url = path + ("?" + urllib.parse.urlencode(query) if query else "")
        try:
            data: Any = iter([body]) if chunked else body
            connection.request(method, url, data, sent, encode_chunked=chunked)
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, answer.read().decode(), received
        finally:
            connection.close()

    def write(self, lines: str | bytes, precision: str = "s", **query: str) -> tuple[int, str]:
        """Status and error text of a write to the database."""
        body = lines.encode() if isinstance(lines, str) else lines
        asked = {"db": DATABASE, "precision": precision} | query
        status, text, _ = self.request("POST", "/write", body, **asked)
        return status, json.loads(text)["error"] if text.strip() else ""

    def take(self, lines: str | bytes, precision: str = "s") -> None:
        """Write, and insist that it was taken."""
        assert self.write(lines, precision) == (204, "")


@contextmanager
def endpoint(folder: Path, *options: str) -> Iterator[Server]:
    """The embedded store's endpoint on a folder; ended by closing its stdin."""
    environment = dict(os.environ) | {
        "STORE_USER": USER,
        "STORE_PASSWORD": PASSWORD,
        "STORE_DATABASE": DATABASE,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "dots_cli.store.endpoint", str(folder), "--until-eof", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=ROOT,
    )
    server = Server(0, process)
    try:
        assert process.stdout and process.stdin and process.stderr
        first = process.stdout.readline()
        assert first, process.stderr.read().decode()
        server.port = json.loads(first)["port"]
        reader = threading.Thread(target=_collect, args=[process.stdout, server.events])
        reader.start()
        yield server
        process.stdin.close()
        process.wait(20)
        reader.join(20)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr, process.stdin):
            if stream:
                stream.close()


@contextmanager
def influxdb(folder: Path, host: str = "127.0.0.1") -> Iterator[Server]:
    """A real InfluxDB 1.x with the settings that dots gives it, and an empty database."""
    server_binary = parts.influxd()
    assert server_binary
    web, internal = _free_port(), _free_port()
    settings = {
        "BIND_ADDRESS": f"127.0.0.1:{internal}",
        "REPORTING_DISABLED": "true",
        "META_DIR": str(folder / "meta"),
        "DATA_DIR": str(folder / "data"),
        "DATA_WAL_DIR": str(folder / "wal"),
        "DATA_INDEX_VERSION": "tsi1",
        "DATA_MAX_SERIES_PER_DATABASE": "0",
        "DATA_MAX_VALUES_PER_TAG": "0",
        "HTTP_BIND_ADDRESS": f"{host}:{web}",
        "HTTP_AUTH_ENABLED": "true",
        "HTTP_FLUX_ENABLED": "true",
        "HTTP_MAX_BODY_SIZE": "0",
        "MONITOR_STORE_ENABLED": "false",
    }
    environment = dict(os.environ) | {f"INFLUXDB_{key}": value for key, value in settings.items()}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "influxd.log").open("wb") as log:
        process = subprocess.Popen(
            [str(server_binary)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
    server = Server(web, process)
    try:
        wait_for(lambda: _answers(server), 30, "InfluxDB answers")
        server.request(
            *("POST", "/query"),
            user=None,
            q=f"CREATE USER \"{USER}\" WITH PASSWORD '{PASSWORD}' WITH ALL PRIVILEGES",
        )
        status, text, _ = server.request("POST", "/query", q=f'CREATE DATABASE "{DATABASE}"')
        assert status == 200, text
        yield server
    finally:
        process.kill()
        process.wait()


def _collect(stream: Any, events: list[dict[str, Any]]) -> None:
    for line in stream:
        events.append(json.loads(line))


def _answers(server: Server) -> bool:
    try:
        return server.request("GET", "/ping", user=None)[0] == 204
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
