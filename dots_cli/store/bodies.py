"""Reads the body of an HTTP request as a whole, or gets rid of it."""

from __future__ import annotations

import contextlib
import gzip
import io
import socket
import time
import zlib
from collections.abc import Callable
from email.message import Message
from io import BufferedIOBase

from dots_cli.store.refusals import Refused

LARGEST = 256 * 1024 * 1024
"""Bytes of a body, unpacked; a model of a year writes a tenth of that at most."""
_PART = 65_536
_LINE = 8192
_LINGER = 5.0
"""Seconds for somebody to stop sending who has been told that nobody listens."""


class BrokenOff(Exception):
    """The client went away before the end of its request."""


def has_body(headers: Message) -> bool:
    """Whether something follows the headers: RFC 9112, section 6."""
    return "Transfer-Encoding" in headers or headers.get("Content-Length", "0").strip() != "0"


def read_body(headers: Message, source: BufferedIOBase, heard: Callable[[], None]) -> bytes:
    """The whole body; `heard` is called for each part of it.

    Refused where it is nonsense or more than LARGEST, BrokenOff where it does not come to its end.
    In chunks or with a length: RFC 9112, sections 6 and 7.
    """
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return _read_chunks(source, heard)
    length = headers.get("Content-Length", "0").strip()
    if not (length.isascii() and length.isdigit()):
        raise Refused(400, f"invalid Content-Length: {length[:50]}")
    if len(length) > 20 or int(length) > LARGEST:
        raise _too_large()
    return _read(source, int(length), heard)


def unpacked(body: bytes) -> bytes:
    """What is packed with gzip in there; Refused where it is not, or too much."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            plain = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(400, f"not gzip: {error}") from None
    if len(plain) > LARGEST:
        raise _too_large()
    return plain


def see_off(connection: socket.socket) -> None:
    """Let somebody who may still be sending hear what was answered, then be done with it.

    Closed while bytes come in, a connection is reset, and its other end loses what it was told.
    """
    latest = time.monotonic() + _LINGER
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(1.0)
        while time.monotonic() < latest and connection.recv(_PART):
            pass


def _read(source: BufferedIOBase, length: int, heard: Callable[[], None]) -> bytes:
    parts: list[bytes] = []
    while length:
        part = source.read1(min(length, _PART))
        if not part:
            raise BrokenOff
        heard()
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _read_chunks(source: BufferedIOBase, heard: Callable[[], None]) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        head = source.readline(_LINE)
        if not head:
            raise BrokenOff
        try:
            length = int(head.partition(b";")[0], 16)
        except ValueError:
            length = -1
        if length < 0:
            raise Refused(400, "invalid length of a chunk")
        if length == 0:
            break
        total += length
        if total > LARGEST:
            raise _too_large()
        parts.append(_read(source, length, heard))
        source.readline(_LINE)
    while source.readline(_LINE).strip():  # trailing headers
        pass
    return b"".join(parts)


def _too_large() -> Refused:
    return Refused(413, f"Request Entity Too Large: more than {LARGEST} bytes")
