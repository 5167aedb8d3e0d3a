"""The front door of phase 1, between real sockets."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from dots_cli.conductor import front_door
from dots_cli.conductor.failure import Failure
from dots_cli.conductor.front_door import FrontDoor
from dots_cli.runtime.processes import ports
from tests.support.processes import wait_for

PATIENCE = 20.0
HOST = "127.0.0.1"
AT_ONCE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)

Pair = tuple[socket.socket, socket.socket]
Prepare = Callable[[socket.socket], None]


class House:
    """A door, the broker's listeners behind it, and everything that was connected."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._sockets = contextlib.ExitStack()
        self.inner = [listener(port + 2 + offset) for offset in (0, 1)]
        for behind in self.inner:
            self._sockets.enter_context(behind)
        self.door = FrontDoor(HOST, port, port + 2)
        self.thread: threading.Thread | None = None
        self.errors: list[BaseException] = []

    def open(self) -> None:
        self.door.open(self._start)

    def knock(self, offset: int = 0, prepare: Prepare | None = None) -> Pair:
        """A model outside and the broker's end of its connection."""
        model = self._sockets.enter_context(socket.socket())
        if prepare is not None:
            prepare(model)
        model.settimeout(PATIENCE)
        model.connect((HOST, self.port + offset))
        broker, _ = self.inner[offset].accept()
        broker.settimeout(PATIENCE)
        return model, self._sockets.enter_context(broker)

    def refuses(self, offset: int = 0) -> bool:
        with socket.socket() as late:
            late.settimeout(PATIENCE)
            return late.connect_ex((HOST, self.port + offset)) != 0

    def end(self) -> None:
        """Everybody leaves; the relay must come to its end without complaint."""
        self.door.close()
        self._sockets.close()
        if self.thread is not None:
            self.thread.join(PATIENCE)
            assert not self.thread.is_alive()
        assert not self.errors

    def _start(self, name: str, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:
                self.errors.append(error)

        self.thread = threading.Thread(target=guarded, name=name, daemon=True)
        self.thread.start()
        return self.thread


def listener(port: int) -> socket.socket:
    """As a broker listens: connections that fade away do not count."""
    made = socket.socket()
    if os.name == "posix":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    made.listen()
    made.settimeout(PATIENCE)
    return made


def receive(sock: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size and (data := sock.recv(65_536)):
        received += data
    return bytes(received)


def passes(pair: Pair) -> bool:
    """Whether a word comes through in both directions."""
    model, broker = pair
    model.sendall(b"time?")
    asked = receive(broker, 5)
    broker.sendall(b"granted")
    return (asked, receive(model, 7)) == (b"time?", b"granted")


@pytest.fixture
def house() -> Iterator[House]:
    block = ports.reserve(1)
    try:
        made = House(block.base)
        try:
            yield made
        finally:
            made.end()
    finally:
        block.release()


@pytest.mark.parametrize("offset", [0, 1])
def test_bytes_pass_both_ways_on_both_ports(house: House, offset: int) -> None:
    house.open()
    assert passes(house.knock(offset))


def test_whoever_knocks_before_the_door_opens_waits_for_it(house: House) -> None:
    with socket.create_connection((HOST, house.port + 1), PATIENCE) as model:
        model.sendall(b"early")
        house.open()
        broker, _ = house.inner[1].accept()
        with broker:
            broker.settimeout(PATIENCE)
            assert receive(broker, 5) == b"early"


def test_connections_do_not_hear_each_other(house: House) -> None:
    house.open()
    pairs = [house.knock(number % 2) for number in range(20)]
    for number, (model, broker) in enumerate(pairs):
        model.sendall(b"from %02d" % number)
        broker.sendall(b"to %02d" % number)
    for number, (model, broker) in enumerate(pairs):
        assert receive(broker, 7) == b"from %02d" % number
        assert receive(model, 5) == b"to %02d" % number


def test_more_than_can_be_held_back_arrives_whole_at_a_slow_reader(house: House) -> None:
    house.open()
    model, broker = house.knock()
    other = house.knock(1)
    sent = os.urandom(8_000_000)
    senders = [
        threading.Thread(target=side.sendall, args=(sent,), daemon=True) for side in (model, broker)
    ]
    for sender in senders:
        sender.start()
    assert passes(other)  # nobody reads the flood yet, and it holds up nobody else
    assert receive(model, len(sent)) == sent
    assert receive(broker, len(sent)) == sent
    for sender in senders:
        sender.join(PATIENCE)


def test_a_closed_entrance_refuses_whoever_comes_and_keeps_who_is_in(house: House) -> None:
    house.open()
    inside = [house.knock(0), house.knock(1)]
    house.door.close_entrance()
    wait_for(lambda: house.refuses(1), PATIENCE, "the entrance refuses")
    assert all(passes(pair) for pair in inside)
    assert passes(house.knock(0))


def test_the_entrance_can_be_had_as_soon_as_it_is_closed(house: House) -> None:
    house.open()
    pair = house.knock(1)
    house.door.close_entrance()
    wait_for(lambda: house.refuses(1), PATIENCE, "the entrance refuses")
    house.door.close_entrance()
    if front_door.DRAINS:
        listener(house.port + 1).close()
    assert passes(pair)


def test_a_closed_door_has_given_both_ports_back(house: House) -> None:
    house.open()
    house.knock(0), house.knock(1)
    house.door.close()
    for port in (house.port, house.port + 1):
        listener(port).close()


def test_a_door_that_was_never_opened_gives_its_ports_back(house: House) -> None:
    house.door.close()
    for port in (house.port, house.port + 1):
        listener(port).close()


def test_the_broker_sees_everybody_leave_when_the_door_closes(house: House) -> None:
    house.open()
    pairs = [house.knock(0), house.knock(1)]
    house.door.close()
    assert [broker.recv(1) for _, broker in pairs] == [b"", b""]


@pytest.mark.skipif(not front_door.DRAINS, reason="no port can be had while connections fade here")
def test_a_model_that_still_speaks_is_neither_cut_off_nor_heard_by_the_next_broker(
    house: House,
) -> None:
    house.open()
    model, _ = house.knock(0)
    house.door.close()
    with listener(house.port) as following:
        for _ in range(100):
            model.sendall(b"last words" * 1000)
        following.setblocking(False)
        with pytest.raises(BlockingIOError):
            following.accept()
        model.setblocking(False)
        with pytest.raises(BlockingIOError):  # not the end of the connection
            model.recv(1)
        assert house.thread is not None
        assert house.thread.is_alive()


def test_where_ports_cannot_be_shared_everybody_is_cut_off(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_door, "DRAINS", False)
    house.open()
    model, broker = house.knock(0)
    house.door.close()
    assert (model.recv(1), broker.recv(1)) == (b"", b"")


def test_a_model_that_leaves_takes_its_connection_along_and_no_other(house: House) -> None:
    house.open()
    (model, broker), stays = house.knock(), house.knock()
    model.sendall(b"farewell")
    model.close()
    assert receive(broker, 100) == b"farewell"
    assert passes(stays)


def test_a_model_that_is_killed_takes_no_other_along(house: House) -> None:
    house.open()
    (model, broker), stays = house.knock(), house.knock()
    broker.sendall(b"never read")
    # What the kernel does with a connection whose process is gone while something is unread.
    model.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    model.close()
    assert broker.recv(1) == b""
    assert passes(stays)


def test_where_no_broker_listens_whoever_knocks_is_let_go(house: House) -> None:
    house.open()
    house.inner[1].close()
    with socket.create_connection((HOST, house.port + 1), PATIENCE) as model:
        model.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionResetError):
            assert model.recv(1) == b""
    assert passes(house.knock(0))


def test_a_broker_that_leaves_while_a_slow_model_reads_on_does_not_break_the_relay(
    house: House,
) -> None:
    for way_in in house.door._listeners.values():
        way_in.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    house.open()
    model, broker = house.knock(
        prepare=lambda sock: sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    )
    stays = house.knock()
    broker.sendall(bytes(500_000))
    wait_for(
        lambda: any(end.pending for end in house.door._open if end.outside),
        PATIENCE,
        "the door holds something back for the model",
    )
    halted, go_on = threading.Event(), threading.Event()

    def halt() -> None:
        halted.set()
        go_on.wait(PATIENCE)

    house.door._order(halt)
    assert halted.wait(PATIENCE)
    broker.close()  # and in the same moment the model has room again
    model.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while model.recv(65_536):
            pass
    go_on.set()
    assert passes(stays)


@pytest.mark.parametrize("offset", [0, 1])
def test_a_port_that_is_taken_is_told_and_the_other_given_back(offset: int) -> None:
    block = ports.reserve(1)
    try:
        with listener(block.base + offset), pytest.raises(Failure) as caught:
            FrontDoor(HOST, block.base, block.base + 2)
        assert caught.value.kind == "broker"
        assert f"port {block.base} or {block.base + 1} is taken" in caught.value.message
        listener(block.base + 1 - offset).close()
    finally:
        block.release()
