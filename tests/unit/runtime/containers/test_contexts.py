"""The engine of a Docker context is found as the Docker CLI finds it, with its certificates."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import EngineFailure
from dots_cli.runtime.engine_probe import where_to_ask


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Docker CLI's settings: contexts, but no config.json; the context `lab` is chosen."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTEXT", "lab")
    for other_authority in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # `requests` prefers it
        monkeypatch.delenv(other_authority, raising=False)
    return tmp_path / "contexts"


def write_context(settings: Path, host: str) -> Path:
    """The context `lab`; where its certificates belong."""
    name = hashlib.sha256(b"lab").hexdigest()
    meta = settings / "meta" / name / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": False}
    meta.write_text(json.dumps({"Name": "lab", "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    return settings / "tls" / name / "docker"


@pytest.mark.needs("docker")
def test_a_context_needs_no_settings_file_beside_it(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.delenv("DOCKER_CONTEXT")
        here = where_to_ask(os.environ).url
    write_context(settings, here)
    with Engine.connect() as engine:
        assert engine.info().version
        assert engine.address == here


def test_a_context_that_there_is_not_is_named(settings: Path) -> None:
    with pytest.raises(EngineFailure, match="there is no Docker context lab"):
        Engine.connect()


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("vouched_for", [True, False])
def test_an_engine_behind_tls_is_shown_the_contexts_certificate(
    settings: Path, tmp_path: Path, vouched_for: bool
) -> None:
    made = tmp_path / "made"
    make_certificate(made)
    with engine_behind_tls(made) as port:
        tls = write_context(settings, f"tcp://127.0.0.1:{port}")
        shutil.copytree(made, tls)
        if vouched_for:
            Engine.connect().close()
            return
        make_certificate(tmp_path / "other")
        shutil.copy(tmp_path / "other" / "ca.pem", tls / "ca.pem")
        with pytest.raises(EngineFailure, match="certificate"):
            Engine.connect()


def make_certificate(folder: Path) -> None:
    """One that vouches for itself, of an engine here and of its client."""
    folder.mkdir()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    shutil.copy(folder / "cert.pem", folder / "ca.pem")


class Version(http.server.BaseHTTPRequestHandler):
    """What an engine says of itself first."""

    def do_GET(self) -> None:
        body = json.dumps({"ApiVersion": "1.41", "Version": "20.10.0"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Says nothing of callers that it refuses."""

    def handle_error(self, *_: object) -> None:
        """They are told."""


@contextmanager
def engine_behind_tls(folder: Path) -> Iterator[int]:
    """A server for those with a certificate that is vouched for; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with Server(("127.0.0.1", 0), Version) as server:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()
