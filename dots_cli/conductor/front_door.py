"""The front door: listens where the models knock and relays to the broker.

It is needed in phase 1, and for long simulations in phase 2 (see `rounds`).

A fast model knocks for phase 2 while the phase 1 broker still waits for slow ones to leave, and
would be refused for good. So that broker listens elsewhere, and this door stands in its place: its
entrance (the second port, which everybody who joins asks first) is closed when all have joined;
whoever knocks from then on is refused by the kernel, and HELICS tries again by itself until the
phase 2 broker listens. What passes through is joining and time requests; the ESDL does not.

Whoever does not know the broker key waits at the door until all have joined, for HELICS' refusing
them would throw out those that are just joining (see `broker.Broker`).

When phase 1 is over, connections of models that are still open are kept, and what comes is thrown
away: cut off, HELICS would connect again, meet the phase 2 broker and give it the last messages of
phase 1, which carry ids that belong to somebody else there.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from collections.abc import Callable

from . import descriptors
from .failure import Failure
from .knock import Knock
from .rounds import Answers, Rounds

CHUNK = 65536
DRAINS = os.name == "posix"
"""Whether a port can be listened on while connections to its former listener are still open."""


class _End:
    """One side of a relayed connection; `pending` is what it has still to be sent.

    `drain`: nobody wants to know any more what comes from it. `knock`: who is there is not known.
    """

    def __init__(self, sock: socket.socket, outside: bool, knock: Knock | None = None) -> None:
        self.sock = sock
        self.outside = outside
        self.pending = bytearray()
        self.drain = False
        self.knock = knock
        self.answers: Answers | None = None
        self.other: _End

    @property
    def events(self) -> int:
        if self.drain:
            return selectors.EVENT_READ
        full = len(self.other.pending) > 16 * CHUNK
        return (0 if full else selectors.EVENT_READ) | (
            selectors.EVENT_WRITE if self.pending else 0
        )


class FrontDoor:
    """Relays `port` and `port + 1` to `inner` and `inner + 1` on the loopback interface.

    With a `key`, what comes to `port` has to begin with a registration that holds it. With
    `rounds`, what comes there is told the whole number of the round that it answers.
    """

    def __init__(
        self,
        host: str,
        port: int,
        inner: int,
        key: str | None = None,
        rounds: Rounds | None = None,
    ) -> None:
        self._inner = inner
        self._key = key
        self._rounds = rounds
        self._port = port
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._orders: list[Callable[[], None]] = []
        self._closed = threading.Event()
        self._listeners: dict[int, socket.socket] = {}
        self._open: set[_End] = set()
        try:
            for offset in (0, 1):
                self._listeners[offset] = _listener(host, port + offset)
        except OSError as error:
            for listener in self._listeners.values():
                listener.close()
            descriptors.check(error)
            raise Failure(
                "broker",
                f"port {port} or {port + 1} is taken: {error}",
                "End the program that listens there, or start the run again for other ports.",
            ) from error
        self._selector.register(self._wake_reader, selectors.EVENT_READ, self._obey)
        for offset, listener in self._listeners.items():
            self._selector.register(listener, selectors.EVENT_READ, offset)
        self._thread: threading.Thread | None = None

    def open(self, start: Callable[[str, Callable[[], None]], threading.Thread]) -> None:
        """Let models in; `start` runs a function in a thread."""
        self._thread = start("front door", self._relay)

    def close_entrance(self) -> None:
        """Let nobody else join; who is in stays connected, who was kept waiting is refused."""
        self._order(self._close_entrance)

    def close(self) -> None:
        """Give both ports back; returns when that is done. What is connected fades away."""
        if self._thread is None:
            self._close_listeners()
        else:
            self._order(self._close_listeners)
            self._closed.wait(5.0)

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        with contextlib.suppress(OSError):
            self._wake_writer.send(b".")

    def _relay(self) -> None:
        while not self._closed.is_set() or self._open:
            for key, mask in self._selector.select():
                if isinstance(key.data, _End):
                    self._serve(key.data, mask)
                elif isinstance(key.data, int):
                    self._accept(key.data)
                else:
                    key.data()
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()

    def _obey(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_reader.recv(CHUNK)
        while self._orders:
            self._orders.pop(0)()

    def _accept(self, offset: int) -> None:
        listener = self._listeners.get(offset)
        if listener is None:
            return
        try:
            outside, _ = listener.accept()
        except OSError as error:
            descriptors.check(error)
            return
        try:
            inside = socket.create_connection(("127.0.0.1", self._inner + offset), timeout=5.0)
        except OSError as error:
            outside.close()
            descriptors.check(error)
            return
        asked = Knock(self._key) if self._key is not None and offset == 0 else None
        left, right = _End(outside, True, asked), _End(inside, False)
        left.other, right.other = right, left
        if self._rounds is not None and offset == 0:
            left.answers = Answers(self._rounds)
        for end in (left, right):
            end.sock.setblocking(False)
            end.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(end.sock, selectors.EVENT_READ, end)
            self._open.add(end)

    def _serve(self, end: _End, mask: int) -> None:
        try:
            if mask & selectors.EVENT_READ:
                data = end.sock.recv(CHUNK)
                if not data:
                    self._hang_up(end)
                    return
                if end.drain:
                    return
                end.other.pending += self._heard(end, data)
                self._send(end.other)
            if mask & selectors.EVENT_WRITE:
                self._send(end)
        except BlockingIOError:
            pass
        except OSError:
            self._hang_up(end)
            return
        for side in (end, end.other):
            # What is served was looked up before the other end may have hung up.
            if side in self._open:
                self._watch(side)

    def _heard(self, end: _End, data: bytes) -> bytes:
        if end.answers is not None:
            return end.answers.hear(data)
        if end.knock is None:
            return data
        passing = end.knock.hear(data)
        if end.knock.known:
            end.knock = None
        return passing

    def _send(self, end: _End) -> None:
        with contextlib.suppress(BlockingIOError):
            while end.pending:
                del end.pending[: end.sock.send(end.pending)]

    def _watch(self, end: _End) -> None:
        key = self._selector.get_map().get(end.sock)
        wanted = end.events
        if key is None:
            if wanted:
                self._selector.register(end.sock, wanted, end)
        elif not wanted:
            self._selector.unregister(end.sock)
        elif key.events != wanted:
            self._selector.modify(end.sock, wanted, end)

    def _hang_up(self, end: _End) -> None:
        self._forget(end)
        if end.outside or not DRAINS:
            if not end.other.drain:
                with contextlib.suppress(OSError):
                    self._send(end.other)
                self._forget(end.other)
        else:
            with contextlib.suppress(OSError):
                self._send(end.other)
            end.other.drain = True
            end.other.pending.clear()
            with contextlib.suppress(OSError, ValueError):
                self._watch(end.other)

    def _forget(self, end: _End) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(end.sock)
        end.sock.close()
        self._open.discard(end)

    def _close_listener(self, offset: int) -> None:
        listener = self._listeners.pop(offset, None)
        if listener is not None:
            self._selector.unregister(listener)
            listener.close()

    def _close_entrance(self) -> None:
        self._close_listener(1)
        for end in list(self._open):
            if end.knock is not None:
                end.other.pending += end.knock.release()
                end.knock = None
                self._watch(end.other)

    def _close_listeners(self) -> None:
        for offset in (0, 1):
            self._close_listener(offset)
        for end in list(self._open):
            if not end.outside:
                self._hang_up(end)
        self._closed.set()


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # Connections of an earlier door that linger in TIME_WAIT do not count as taken; on
            # Windows the same option would share the port with whoever holds it.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
