"""Reads the body of an HTTP request as a whole."""

from __future__ import annotations

from email.message import Message
from io import BufferedIOBase


def read_body(headers: Message, source: BufferedIOBase) -> bytes | None:
    """The whole body; None when the client went away before its end, or sends nonsense.

    In chunks or with a length: RFC 9112, sections 6 and 7.
    """
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return _read_chunks(source)
    try:
        length = int(headers.get("Content-Length") or 0)
    except ValueError:
        return None
    body = source.read(length) if length > 0 else b""
    return body if len(body) == length else None


def _read_chunks(source: BufferedIOBase) -> bytes | None:
    parts: list[bytes] = []
    while True:
        try:
            length = int(source.readline().partition(b";")[0], 16)
        except ValueError:
            return None
        if length <= 0:
            break
        part = source.read(length)
        if len(part) != length:
            return None
        source.readline()
        parts.append(part)
    while source.readline().strip():  # trailing headers
        pass
    return b"".join(parts)
