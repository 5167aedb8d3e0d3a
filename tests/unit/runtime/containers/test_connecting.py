"""Engines that cannot be used. One as old as this cannot be had any more: a server plays it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import EngineFailure


class OldEngine(BaseHTTPRequestHandler):
    """Answers `GET /version` as Docker 18.06 does."""

    def do_GET(self) -> None:
        body = json.dumps({"Version": "18.06.3-ce", "ApiVersion": "1.38", "MinAPIVersion": "1.12"})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def old_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), OldEngine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


@pytest.mark.usefixtures("old_engine")
def test_an_engine_that_is_too_old_is_named_with_the_oldest_that_does() -> None:
    with pytest.raises(EngineFailure) as caught:
        Engine.connect()
    assert caught.value.message == "this Docker engine is too old: 18.06.3-ce (API 1.38)"
    assert "20.10" in caught.value.hint
