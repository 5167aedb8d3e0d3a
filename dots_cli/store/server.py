"""The listening server of the embedded store: who may write, what is under way or refused."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from dots_cli.store.journal import Journal
from dots_cli.store.refusals import Refused

_STALLED = 4.0
"""Seconds without a byte after which a request is not waited for any more, when it shall end."""
_REPORTED = 50
"""How many refusals are reported; whoever started us may not be reading."""


@dataclass(frozen=True)
class Credentials:
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

    def __init__(
        self,
        port: int,
        journal: Journal,
        access: Credentials,
        handler: type[BaseHTTPRequestHandler],
    ) -> None:
        super().__init__(("127.0.0.1", port), handler)
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
            say(
                event="refused", status=refused.status, message=refused.message, model=refused.model
            )
            if self._reported == _REPORTED:
                print("further refusals are not reported", file=sys.stderr, flush=True)


def say(**event: object) -> None:
    """A line of JSON for whoever started us."""
    try:
        print(json.dumps(event), flush=True)
    except OSError:  # nobody reads our stdout any more; stdin or a signal ends us
        sys.stdout = sys.stderr
