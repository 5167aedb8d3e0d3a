"""The embedded store's endpoint: takes what models write in the protocol of InfluxDB 1.x.

`python -m dots_cli.store.endpoint FOLDER` listens on 127.0.0.1 and appends to the journal in
FOLDER. User, password and database come from STORE_USER, STORE_PASSWORD and STORE_DATABASE. stdout
has one JSON object a line: `{"event": "listening", "port": N}` first, then `{"event": "refused",
"status": 400, "message": "...", "model": "..."}` for what was not taken (`model` null where no line
names it). It ends on SIGTERM, SIGINT and, with `--until-eof`, when stdin ends.

API: https://docs.influxdata.com/influxdb/v1/tools/api/
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from dots_cli.errors import StoreFailure
from dots_cli.store.handler import Handler
from dots_cli.store.journal import Journal
from dots_cli.store.server import Credentials, Endpoint, say

_PATIENCE = 10.0
"""Seconds that requests under way have to end when the endpoint is asked to."""
_EOF = b"\0"


def serve(folder: Path, port: int, access: Credentials, until_eof: bool) -> int:
    """Listen until asked to end; 0 when every request under way was answered."""
    asked, asking = socket.socketpair()
    asking.setblocking(False)
    # A signal may reach any thread; Python's handler would then wait for the main one to wake up.
    signal.set_wakeup_fd(asking.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    journal = Journal(folder)
    endpoint = Endpoint(port, journal, access, Handler)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    if until_eof:
        threading.Thread(target=_await_eof, args=[asking], daemon=True).start()
    say(event="listening", port=endpoint.server_port)
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
    parser = argparse.ArgumentParser(prog="python -m dots_cli.store.endpoint")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0, help="0 = a free one")
    parser.add_argument("--until-eof", action="store_true", help="end when stdin ends")
    given = parser.parse_args()
    try:
        values = (os.environ[f"STORE_{name}"] for name in ("USER", "PASSWORD", "DATABASE"))
        access = Credentials(*values)
        return serve(given.folder, given.port, access, given.until_eof)
    except KeyError as error:
        print(f"the environment variable {error.args[0]} is not set", file=sys.stderr)
        return 2
    except (OSError, StoreFailure) as error:
        print(f"cannot start the store: {error}", file=sys.stderr)
        return 4


if __name__ == "__main__":
    sys.exit(main())
