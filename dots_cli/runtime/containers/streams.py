"""Long-lived connections to the engine: what a container prints, its stdin, its log, events.

The SDK reads in small pieces, two for each frame. Here whatever has come is taken at once, in the
framing of the wire; `frames` takes it apart.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from dots_cli.runtime.containers import answers
from dots_cli.runtime.containers.facts import ContainerEvent, EngineFailure
from dots_cli.runtime.containers.sdk import failing

PIECE = 1 << 18


class LogStream:
    """What the engine sends of a container's log, undecoded. `chunked`: in the chunks of HTTP."""

    def __init__(self, response: Any) -> None:
        self._response = response
        raw = response.raw
        inner = getattr(raw, "_fp", None)
        self._file = getattr(inner, "fp", None)
        self.chunked = bool(getattr(inner, "chunked", False))
        if not hasattr(self._file, "read1"):
            self._file, self.chunked = None, False

    def read(self) -> bytes:
        """What has come, waiting for at least one byte; empty when the stream has ended.

        OSError where the connection broke.
        """
        try:
            if self._file is not None:
                return bytes(self._file.read1(PIECE))
            return bytes(self._response.raw.read1(PIECE))
        except (ValueError, AttributeError):
            return b""  # closed by another thread

    def close(self) -> None:
        """End it, also while another thread reads."""
        shut(self._file)
        with contextlib.suppress(Exception):
            self._response.close()


class Attached:
    """What a container prints from now on, undecoded, and its stdin."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._socket = getattr(raw, "_sock", raw)
        self._lock = threading.Lock()
        if hasattr(self._socket, "settimeout"):
            self._socket.settimeout(None)

    def read(self) -> bytes:
        """What has come, waiting for at least one byte; empty when the container has ended.

        OSError where the connection broke.
        """
        try:
            return bytes(self._socket.recv(PIECE))
        except ValueError:
            return b""  # closed by another thread

    def write(self, data: bytes) -> None:
        """Send all of it to the stdin. OSError where the container is gone."""
        with self._lock:
            self._socket.sendall(data)

    def close(self) -> None:
        """Let go of the container; its stdin stays open. Wakes whoever reads."""
        shut(self._raw)
        response = getattr(self._raw, "_response", None)
        for part in (response, self._raw):
            if part is not None:
                with contextlib.suppress(Exception):
                    part.close()


def shut(file: Any) -> None:
    """Wake whoever reads from the socket behind a file; nothing where there is none."""
    raw = getattr(file, "raw", file)
    for name in ("_sock", "sock"):
        sock = getattr(raw, name, None)
        if sock is not None:
            with contextlib.suppress(OSError, AttributeError):
                sock.shutdown(socket.SHUT_RDWR)
            return


class Events:
    """A stream of `ContainerEvent`; ends when it is closed or the engine goes away."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[ContainerEvent]:
        with contextlib.suppress(EngineFailure), failing("follow the engine's events"):
            for told in self._stream:
                yield answers.event(told)

    def close(self) -> None:
        """End it, also while another thread waits for the next."""
        with contextlib.suppress(Exception):
            self._stream.close()
