"""What the embedded store answers: the part of InfluxDB 1.x that models need.

API: https://docs.influxdata.com/influxdb/v1/tools/api/
"""

from __future__ import annotations

import base64
import json
import re
import time
import traceback
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from dots_cli.store.bodies import BrokenOff, has_body, read_body, see_off, unpacked
from dots_cli.store.journal import encode
from dots_cli.store.lines import NANOSECONDS, Batch, check
from dots_cli.store.refusals import Refused, not_written, partial_write
from dots_cli.store.server import Endpoint

VERSION = "1.8.10"
"""What `/ping` says; clients choose their dialect by it."""


class Handler(BaseHTTPRequestHandler):
    """Answers one connection; requests on it come one after the other."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Endpoint
    _asks_first = False
    routes: ClassVar[dict[str, str]] = {"/ping": "_ping", "/write": "_write", "/query": "_query"}

    def handle_expect_100(self) -> bool:
        """Remember a client that asks first; it is told to go on when its body is wanted."""
        self._asks_first = True
        return True

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
            self._asks_first = False
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
        """The body; not before it is known who sends it, for it is kept in memory.

        "100 Continue" is a promise: a client hears it only of a request that counts as under way.
        """
        if self._asks_first:
            self._asks_first = False
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
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
        with journal.learning:
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
