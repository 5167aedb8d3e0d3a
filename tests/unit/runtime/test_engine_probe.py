from __future__ import annotations

import hashlib
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dots_cli.runtime.engine_probe import PATIENCE, Address, probe, where_to_ask

needs_sockets = pytest.mark.skipif(sys.platform == "win32", reason="sockets in files")


@contextmanager
def listening(family: int, at: object, says: bytes | None) -> Iterator[socket.socket]:
    """A server that takes one caller; says nothing at all where `says` is None."""
    with socket.socket(family) as server:
        server.bind(at)
        server.listen()
        kept: list[socket.socket] = []

        def serve() -> None:
            caller, _ = server.accept()
            kept.append(caller)
            if says is not None:
                caller.recv(1000)
                caller.sendall(says)
                caller.close()

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield server
        for caller in kept:
            caller.close()


@needs_sockets
def test_an_engine_that_answers_is_found(tmp_path: Path) -> None:
    at = str(tmp_path / "engine.sock")
    with listening(socket.AF_UNIX, at, b"HTTP/1.1 200 OK\r\n\r\nOK"):
        answer = probe({"DOCKER_HOST": f"unix://{at}"})
    assert (answer.answers, answer.why_not) == (True, "")


@needs_sockets
@pytest.mark.parametrize(
    ("says", "why"),
    [
        (b"HTTP/1.1 500 no\r\n\r\n", "it answers 'HTTP/1.1 500 no'"),
        (b"", "it hangs up"),
        (None, "no answer within"),
    ],
)
def test_whatever_does_not_answer_as_an_engine_is_none(
    tmp_path: Path, says: bytes | None, why: str
) -> None:
    at = str(tmp_path / "engine.sock")
    with listening(socket.AF_UNIX, at, says):
        answer = probe({"DOCKER_HOST": f"unix://{at}"})
    assert not answer.answers
    assert why in answer.why_not
    assert "(DOCKER_HOST)" in answer.why_not


def test_an_engine_behind_tls_counts_as_there() -> None:
    with listening(socket.AF_INET, ("127.0.0.1", 0), b"\x15\x03\x01\x00\x02\x02\x46") as server:
        port = server.getsockname()[1]
        assert probe({"DOCKER_HOST": f"tcp://127.0.0.1:{port}"}).answers


@pytest.mark.parametrize(
    "wrong",
    [
        "unix:///nowhere/at/all.sock",
        "tcp://127.0.0.1:1",
        "127.0.0.1:1",
        "tcp://192.0.2.1:2375",  # never answers, RFC 5737
        "ssh://nobody@no-such-host.invalid",
        "carrier-pigeon://home",
        "tcp://host:port",
    ],
)
def test_a_wrong_address_costs_next_to_nothing_and_is_named(wrong: str) -> None:
    began = time.monotonic()
    answer = probe({"DOCKER_HOST": wrong})
    assert time.monotonic() - began < PATIENCE + 3.0, "half a second, and time for a loaded machine"
    assert not answer.answers
    assert wrong in answer.why_not


def test_the_address_is_that_of_the_docker_cli(tmp_path: Path) -> None:
    known = tmp_path / "contexts" / "meta" / hashlib.sha256(b"lab").hexdigest()
    known.mkdir(parents=True)
    meta = {"Name": "lab", "Endpoints": {"docker": {"Host": "ssh://me@lab"}}}
    (known / "meta.json").write_text(json.dumps(meta))
    own = {"DOCKER_CONFIG": str(tmp_path)}
    default = where_to_ask(own)
    assert default.url.startswith(("unix://", "npipe://"))
    assert where_to_ask(own | {"DOCKER_CONTEXT": "default"}) == default
    lab = Address("ssh://me@lab", "the Docker context 'lab'", "lab")
    assert where_to_ask(own | {"DOCKER_CONTEXT": "lab"}) == lab
    assert where_to_ask(own | {"DOCKER_CONTEXT": "lab", "DOCKER_HOST": "tcp://a:1"}).url == (
        "tcp://a:1"
    )
    (tmp_path / "config.json").write_text('{"currentContext": "lab"}')
    assert where_to_ask(own) == lab


def test_a_context_that_does_not_exist_is_named(tmp_path: Path) -> None:
    answer = probe({"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "gone"})
    assert answer.why_not == "the Docker context 'gone' does not exist"
