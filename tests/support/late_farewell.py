"""A way to a HELICS broker on which a core's farewell to the broker comes late.

When the federate of a core leaves, `cmd_disconnect` (3 in `ActionMessageDefintions.hpp` of HELICS)
goes out twice: from the federate to who keeps time, and then from the core to its broker (0).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import IO

GREETING = 64
LONG = 2
COMMAND, RECEIVER = slice(4, 8), slice(20, 24)
DISCONNECT, BROKER = (3).to_bytes(4, "little"), bytes(4)


class LateFarewell:
    """Relays a broker's two ports; `waits` is set when a farewell is being held back.

    The first `spared` farewells pass: those of phase 1, one for each model.
    """

    def __init__(self, broker_port: int, spared: int) -> None:
        self._spared = spared
        self.waits = threading.Event()
        self._pass = threading.Event()
        self._broker_port = broker_port
        self._open: list[socket.socket] = []
        self._listeners = _two_neighbours()
        self.port: int = self._listeners[0].getsockname()[1]
        for offset, listener in enumerate(self._listeners):
            self._start(self._accept, listener, offset)

    def let_pass(self) -> None:
        """Deliver what was held back, and hold nothing back any more."""
        self._pass.set()

    def close(self) -> None:
        """Cut everything off."""
        self.let_pass()
        for sock in [*self._listeners, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _start(self, function: Callable[..., None], *args: object) -> None:
        threading.Thread(target=function, args=args, daemon=True).start()

    def _accept(self, listener: socket.socket, offset: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                outer, _ = listener.accept()
                try:
                    inner = socket.create_connection(("127.0.0.1", self._broker_port + offset))
                except ConnectionRefusedError:
                    outer.close()
                    continue
                self._open += [outer, inner]
                self._start(self._tell, outer, inner)
                self._start(self._copy, inner, outer)

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _tell(self, source: socket.socket, target: socket.socket) -> None:
        """What a federate says, frame by frame (https://rfc.zeromq.org/spec/23)."""
        with contextlib.suppress(OSError, EOFError), source.makefile("rb") as stream:
            for _ in range(GREETING):  # each side waits for the first bytes of the other
                target.sendall(_exactly(stream, 1))
            while True:
                head = _exactly(stream, 1)
                size = _exactly(stream, 8 if head[0] & LONG else 1)
                body = _exactly(stream, int.from_bytes(size, "big"))
                if body[COMMAND] == DISCONNECT and body[RECEIVER] == BROKER:
                    self._spared -= 1
                    if self._spared < 0:
                        self.waits.set()
                        self._pass.wait()
                target.sendall(head + size + body)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def late_farewell(broker_port: int, spared: int = 1) -> Iterator[LateFarewell]:
    """A way to the broker at that port; its own is `port` and the next one."""
    way = LateFarewell(broker_port, spared)
    try:
        yield way
    finally:
        way.close()


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _two_neighbours() -> list[socket.socket]:
    for _ in range(100):
        first = socket.create_server(("127.0.0.1", 0))
        with contextlib.suppress(OSError):
            return [first, socket.create_server(("127.0.0.1", first.getsockname()[1] + 1))]
        first.close()
    raise AssertionError("no two neighbouring ports are free")
