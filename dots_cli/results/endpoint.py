"""The embedded store's endpoint: takes what models write in the protocol of InfluxDB 1.x.

`python -m dots_cli.results.endpoint FOLDER` listens on 127.0.0.1 and appends to the journal in
FOLDER. User, password and database come from STORE_USER, STORE_PASSWORD and STORE_DATABASE. stdout
has one JSON object a line: `{"event": "listening", "port": N}` first, then `{"event": "refused",
"status": 400, "message": "...", "model": "..."}` for what was not taken (`model` null where no line
names it). It ends on SIGTERM, SIGINT and, with `--until-eof`, when stdin ends.

API: https://docs.influxdata.com/influxdb/v1/tools/api/
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hmac
import json
import os
import re
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from dots_cli.errors import StoreFailure
from dots_cli.results.bodies import BrokenOff, has_body, read_body, see_off, unpacked
from dots_cli.results.journal import Journal, encode
from dots_cli.results.lines import NANOSECONDS, Batch, check
from dots_cli.results.refusals import Refused, not_written, partial_write

VERSION = "1.8.10"
"""What `/ping` says; clients choose their dialect by it."""

_PATIENCE = 10.0
"""Seconds that requests under way have to end when the endpoint is asked to."""
_STALLED = 4.0
"""Seconds without a byte after which a request is not waited for any more, then."""
_EOF = b"\0"
_REPORTED = 50
"""How many refusals are reported; whoever started us may not be reading."""


@dataclass(frozen=True)
class Access:
    """Who may write, and where to."""

    user: str
    password: str
    database: str

    def admits(self, user: str, password: str) -> bool:
        """Compare in a time that does not depend on where the difference is."""
        same_user = hmac.compare_digest(user.encode(), self.user.encode())
        return hmac.compare_digest(password.encode(), self.password.encode()) and same_user


class Endpoint(ThreadingHTTPServer):
    """The listening server with its journal; counts the requests under way."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = os.name != "nt"

    def __init__(self, port: int, journal: Journal, access: Access) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.journal = journal
        self.access = access
        self.closing = False
        self._busy = 0
        self._heard: dict[socket.socket, float] = {}
        self._idle = threading.Condition()
        self._reports = threading.Lock()
        self._reported = 0

    def server_bind(self) -> None:
        """Bind without asking a name server for our own name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to report."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def begin(self) -> bool:
        """A request has come; whether it is still taken."""
        with self._idle:
            self._busy += 1
            return not self.closing

    def done(self) -> None:
        """A request was answered."""
        with self._idle:
            self._busy -= 1
            self._idle.notify_all()

    def drain(self, patience: float) -> bool:
        """Take no more requests and wait for those under way; whether all have ended.

        One whose body does not come is as one whose client went away.
        """
        asked = time.monotonic()
        with self._idle:
            self.closing = True
            while self._busy and time.monotonic() < asked + patience:
                self._idle.wait(0.1)
                for connection, heard in self._heard.items():
                    if time.monotonic() - max(heard, asked) > _STALLED:
                        with contextlib.suppress(OSError):
                            connection.shutdown(socket.SHUT_RD)
            return not self._busy

    @contextlib.contextmanager
    def listening(self, connection: socket.socket) -> Iterator[None]:
        """While a body is read from there."""
        self.heard(connection)
        try:
            yield
        finally:
            with self._idle:
                del self._heard[connection]

    def heard(self, connection: socket.socket) -> None:
        """A part of the body has come."""
        with self._idle:
            self._heard[connection] = time.monotonic()

    def report(self, refused: Refused) -> None:
        """Tell whoever started us, and the log, what was not taken and why."""
        with self._reports:
            self._reported += 1
            if self._reported > _REPORTED:
                return
            who = f"{refused.model}: " if refused.model else ""
            print(f"refused ({refused.status}) {who}{refused.message}", file=sys.stderr, flush=True)
            _say(
                event="refused", status=refused.status, message=refused.message, model=refused.model
            )
            if self._reported == _REPORTED:
                print("further refusals are not reported", file=sys.stderr, flush=True)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection; requests on it come one after the other."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Endpoint
    routes: ClassVar[dict[str, str]] = {"/ping": "_ping", "/write": "_write", "/query": "_query"}

    def handle_expect_100(self) -> bool:
        """Tell a client that asks first to send on; buffered, it would wait for that."""
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def do_GET(self) -> None:
        """Answer a read request."""
        self._serve()

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a request with a body."""
        self._serve()

    def _serve(self) -> None:
        open_ = self.server.begin()
        self._unread = has_body(self.headers)
        try:
            self._answer_to(open_)
        finally:
            self.server.done()
        if self._unread:
            see_off(self.connection)

    def _answer_to(self, open_: bool) -> None:
        path, asked = "", dict[str, str]()
        try:
            path, asked = self._target()
            if not open_:
                self.close_connection = True
                raise Refused(503, "engine is closed")
            route = self.routes.get(path)
            if route is None:
                raise Refused(404, "page not found")
            getattr(self, route)(asked)
        except Refused as refused:
            self._refuse(refused, path, asked)
        except (BrokenOff, ConnectionError):
            self._unread, self.close_connection = False, True
        except Exception as error:
            traceback.print_exc()
            self._refuse(Refused(500, f"{type(error).__name__}: {error}"), path, asked)

    def _target(self) -> tuple[str, dict[str, str]]:
        """The path that is asked for, and the query."""
        try:
            url = urlsplit(self.path)
            query = parse_qs(url.query, True)
        except ValueError as error:
            raise Refused(400, f"invalid request target: {error}") from None
        return url.path, {key: values[-1] for key, values in query.items()}

    def _body(self) -> bytes:
        """The body; not before it is known who sends it, for it is kept in memory."""
        with self.server.listening(self.connection):
            body = read_body(self.headers, self.rfile, lambda: self.server.heard(self.connection))
        self._unread = False
        return body

    def _refuse(self, refused: Refused, path: str, asked: dict[str, str]) -> None:
        """Answer so. Data that was not taken is reported, a stranger's knocking is not."""
        ours = refused.status != 401 or asked.get("db") == self.server.access.database
        if path == "/write" and ours:
            self.server.report(refused)
        self._answer(refused.status, {"error": refused.message})

    def _ping(self, asked: dict[str, str]) -> None:
        if asked.get("verbose", "") not in ("", "0", "false"):
            self._answer(200, {"version": VERSION})
        else:
            self._answer(204)

    def _write(self, asked: dict[str, str]) -> None:
        if self.command != "POST":
            raise Refused(405, "Method Not Allowed")
        self._authenticate(asked)
        body = self._body()
        database, precision = asked.get("db", ""), asked.get("precision", "")
        if not database:
            raise Refused(400, "database is required")
        if database != self.server.access.database:
            raise Refused(404, f'database not found: "{database}"')
        if precision not in NANOSECONDS:
            raise Refused(400, f'invalid precision "{precision}" (use n, u, ms, s, m or h)')
        if "gzip" in self.headers.get("Content-Encoding", ""):
            body = unpacked(body)
        journal = self.server.journal
        batch = check(body, NANOSECONDS[precision], time.time_ns(), journal.kinds)
        if batch.blocks:
            self._append(encode(batch), batch)
        if batch.refused:
            raise partial_write(batch)
        self._answer(204)

    def _append(self, record: bytes, batch: Batch) -> None:
        try:
            self.server.journal.append(record)
        except OSError as error:
            raise not_written(error, self.server.journal.path, batch) from None

    def _query(self, asked: dict[str, str]) -> None:
        self._authenticate(asked)
        if self.command == "POST":
            form = parse_qs(self._body().decode("utf-8", "replace"), True)
            asked = {key: values[-1] for key, values in form.items()} | asked
        text = asked.get("q", "").strip().rstrip(";").strip()
        database = self.server.access.database
        created = re.fullmatch(r'CREATE DATABASE\s+(?:"((?:[^"\\]|\\.)+)"|(\w+)).*', text, re.I)
        if not text:
            raise Refused(400, 'missing required parameter "q"')
        if re.fullmatch(r"SHOW\s+DATABASES", text, re.I):
            series = [{"name": "databases", "columns": ["name"], "values": [[database]]}]
            self._answer(200, {"results": [{"statement_id": 0, "series": series}]})
        elif created and re.sub(r"\\(.)", r"\1", created[1] or created[2]) == database:
            self._answer(200, {"results": [{"statement_id": 0}]})
        else:
            user = self.server.access.user
            error = (
                f'error authorizing query: {user} may write to "{database}" and nothing else; '
                f"this store answers SHOW DATABASES only, not: {text[:200]}"
            )
            raise Refused(403, error)

    def _authenticate(self, asked: dict[str, str]) -> None:
        kind, _, credentials = self.headers.get("Authorization", "").partition(" ")
        user, password = asked.get("u", ""), asked.get("p", "")
        if not user and kind.lower() == "basic":
            try:
                decoded = base64.b64decode(credentials, validate=True).decode("utf-8")
            except ValueError:
                decoded = ""
            user, _, password = decoded.partition(":")
        elif not user and kind.lower() == "token":
            user, _, password = credentials.partition(":")
        if not user:
            raise Refused(401, "unable to parse authentication credentials")
        if not self.server.access.admits(user, password):
            raise Refused(401, "authorization failed")

    def _answer(self, status: int, content: dict[str, Any] | None = None) -> None:
        self.close_connection = self.close_connection or self._unread
        text = b"" if content is None else json.dumps(content).encode("utf-8") + b"\n"
        self.send_response_only(status)
        self.send_header("Date", self.date_time_string())
        self.send_header("X-Influxdb-Version", VERSION)
        self.send_header("X-Influxdb-Build", "OSS")
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="InfluxDB"')
        if self.close_connection:
            self.send_header("Connection", "close")
        if text:
            self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
        self.wfile.flush()


def _say(**event: object) -> None:
    try:
        print(json.dumps(event), flush=True)
    except OSError:  # nobody reads our stdout any more; stdin or a signal ends us
        sys.stdout = sys.stderr


def serve(folder: Path, port: int, access: Access, until_eof: bool) -> int:
    """Listen until asked to end; 0 when every request under way was answered."""
    asked, asking = socket.socketpair()
    asking.setblocking(False)
    # A signal may reach any thread; Python's handler would then wait for the main one to wake up.
    signal.set_wakeup_fd(asking.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    journal = Journal(folder)
    endpoint = Endpoint(port, journal, access)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    if until_eof:
        threading.Thread(target=_await_eof, args=[asking], daemon=True).start()
    _say(event="listening", port=endpoint.server_port)
    reason = "stdin ended" if asked.recv(1) == _EOF else "asked to end"
    drained = endpoint.drain(_PATIENCE)
    journal.close()
    print(f"{reason}{'' if drained else '; cut requests off'}", file=sys.stderr, flush=True)
    return 0 if drained else 1


def _await_eof(asking: socket.socket) -> None:
    while os.read(0, 4096):
        pass
    asking.send(_EOF)


def main() -> int:
    """Read the command line and the environment, then serve."""
    parser = argparse.ArgumentParser(prog="python -m dots_cli.results.endpoint")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0, help="0 = a free one")
    parser.add_argument("--until-eof", action="store_true", help="end when stdin ends")
    given = parser.parse_args()
    try:
        values = (os.environ[f"STORE_{name}"] for name in ("USER", "PASSWORD", "DATABASE"))
        access = Access(*values)
        return serve(given.folder, given.port, access, given.until_eof)
    except KeyError as error:
        print(f"the environment variable {error.args[0]} is not set", file=sys.stderr)
        return 2
    except (OSError, StoreFailure) as error:
        print(f"cannot start the store: {error}", file=sys.stderr)
        return 4


if __name__ == "__main__":
    sys.exit(main())
