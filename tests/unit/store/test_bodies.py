"""Bodies that are too large, are nonsense, or never end."""

from __future__ import annotations

import gzip
import io
import socket
import threading
import time
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from dots_cli.store import bodies
from dots_cli.store import server as listening
from dots_cli.store.handler import Handler
from dots_cli.store.journal import Journal
from dots_cli.store.refusals import Refused
from dots_cli.store.server import Credentials, Endpoint

PATIENCE = 20.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Endpoint]:
    journal = Journal(tmp_path)
    made = Endpoint(0, journal, Credentials("u", "p", "d"), Handler)
    thread = threading.Thread(target=made.serve_forever, args=[0.05])
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()
        journal.close()


def connected(server: Endpoint, target: str, *headers: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.server_port), PATIENCE)
    client.sendall("\r\n".join((f"{target} HTTP/1.1", "Host: x", *headers, "", "")).encode())
    return client


def answer(server: Endpoint, target: str, *headers: str) -> str:
    with connected(server, target, *headers) as client:
        return client.recv(1000).decode()


def read(headers: dict[str, str], body: bytes) -> bytes:
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return bodies.read_body(message, io.BufferedReader(io.BytesIO(body)), lambda: None)


def test_a_stranger_is_refused_before_the_body_has_come(server: Endpoint) -> None:
    for target in ("POST /write?db=d&u=u&p=guess", "POST /query?q=x", "POST /nowhere"):
        said = answer(server, target, "Content-Length: 200000000")
        assert said.startswith("HTTP/1.1 40")
        assert "Connection: close" in said


def test_a_stranger_who_sends_all_the_same_hears_the_answer(server: Endpoint) -> None:
    with connected(server, "POST /write?db=d", "Content-Length: 5000000") as client:
        client.sendall(b"x" * 5_000_000)
        assert client.recv(1000).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("length", [bodies.LARGEST + 1, 10**30])
def test_a_body_that_is_too_large_is_refused_before_it_has_come(
    server: Endpoint, length: int
) -> None:
    said = answer(server, "POST /write?db=d&u=u&p=p", f"Content-Length: {length}")
    assert said.startswith("HTTP/1.1 413 ")
    assert '{"error": "Request Entity Too Large' in said


@pytest.mark.parametrize("length", ["-1", "ten", "1_0"])
def test_a_length_that_is_none_is_a_bad_request(server: Endpoint, length: str) -> None:
    said = answer(server, "POST /write?db=d&u=u&p=p", f"Content-Length: {length}")
    assert said.startswith("HTTP/1.1 400 ")


def test_a_target_that_is_none_is_a_bad_request_and_no_bug(
    server: Endpoint, capfd: pytest.CaptureFixture[str]
) -> None:
    assert answer(server, "GET http://[::1/ping").startswith("HTTP/1.1 400 ")
    assert "Traceback" not in capfd.readouterr().err


def test_a_body_in_chunks_or_packed_may_not_be_larger_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "LARGEST", 10)
    chunked = {"Transfer-Encoding": "chunked"}
    assert read(chunked, b"5\r\nabcde\r\n5\r\nfghij\r\n0\r\n\r\n") == b"abcdefghij"
    assert bodies.unpacked(gzip.compress(b"x" * 10)) == b"x" * 10
    with pytest.raises(Refused) as refused:
        read(chunked, b"5\r\nabcde\r\n6\r\nfghijk\r\n0\r\n\r\n")
    assert refused.value.status == 413
    with pytest.raises(Refused) as refused:
        bodies.unpacked(gzip.compress(b"x" * 11))
    assert refused.value.status == 413


def test_a_body_that_never_ends_does_not_hold_up_the_end(
    server: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_STALLED", 0.1)
    write = ("POST /write?db=d&u=u&p=p", "Content-Length: 100", "Expect: 100-continue")
    with connected(server, *write) as client:
        assert client.recv(1000).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"PV")
        began = time.monotonic()
        assert server.drain(PATIENCE)
        assert time.monotonic() - began < PATIENCE / 2
