"""The journal of the embedded store: what models wrote, request by request, in one growing file.

A record is one request, stands alone, and has three parts:

    dots-record <bytes of the index> <bytes of the rows> <CRC-32 of both, hex>
    <index: one line of JSON>
    <rows: one line each, time and value with a tab between them, block after block>

The index names `tick` (nanoseconds of one unit of time), `series` ([measurement, tags]), `fields`
([measurement, name, kind]) and `blocks`: [series, field, number of rows, bytes of the rows, first
time, last time, whether each time is later than the one before]. A value is JSON, so it holds no
tab and no line end. What stands behind the last whole record is the rest of an append that was cut
off: it was never acknowledged. Anything else that is no record has been damaged.
"""

from __future__ import annotations

import json
import os
import re
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from operator import lt
from pathlib import Path
from typing import Any, BinaryIO

from dots_cli.errors import StoreFailure
from dots_cli.store.lines import Batch

JOURNAL = "journal"
_MAGIC = b"dots-record"
_HEAD = re.compile(rb"dots-record (\d{1,18}) (\d{1,18}) ([0-9a-f]{8})\n")
_LONGEST_HEAD = 64
_PART = 1_048_576


@dataclass(frozen=True, slots=True)
class BlockIndex:
    """Where the values of one field of one series lie, and what can be said without them.

    `first` and `last` are in nanoseconds since 1970; `increasing` when each time is later than the
    one before, so that no value replaces another.
    """

    measurement: str
    tags: tuple[tuple[str, str], ...]
    field: str
    kind: str
    tick: int
    count: int
    offset: int
    size: int
    first: int
    last: int
    increasing: bool


def encode(batch: Batch) -> bytes:
    """The record of a batch."""
    series: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    fields: dict[tuple[str, str, str], int] = {}
    blocks, rows = [], []
    for block in batch.blocks:
        tags = tuple(sorted(block.tags.items()))
        text = "".join(f"{t}\t{v}\n" for t, v in zip(block.times, block.texts, strict=True))
        encoded = text.encode("utf-8")
        blocks.append(
            (
                series.setdefault((block.measurement, tags), len(series)),
                fields.setdefault((block.measurement, block.name, block.kind), len(fields)),
                len(block.times),
                len(encoded),
                min(block.times),
                max(block.times),
                all(map(lt, block.times, block.times[1:])),
            )
        )
        rows.append(encoded)
    index = {
        "tick": batch.tick,
        "series": [(measurement, dict(tags)) for measurement, tags in series],
        "fields": list(fields),
        "blocks": blocks,
    }
    head = json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n"
    crc = zlib.crc32(head)
    for part in rows:
        crc = zlib.crc32(part, crc)
    size = sum(map(len, rows))
    return b"".join([b"%b %d %d %08x\n" % (_MAGIC, len(head), size, crc), head, *rows])


class Journal:
    """The writing side: appends whole records, from any thread.

    An append is with the operating system when it returns, so it survives the end of this process
    however that comes; it is not forced to the disk, for the loss of power ends the run as well.
    """

    def __init__(self, folder: Path) -> None:
        """Open the journal of a folder, or begin it; cuts off what an append left unfinished.

        StoreFailure where it is damaged; then nothing is cut off.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / JOURNAL
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._file = os.open(self.path, flags, 0o600)
        self._lock = threading.Lock()
        self.kinds: dict[tuple[str, str], str] = {}
        """The type of every (measurement, field), as it was first written."""
        self.learning = threading.Lock()
        """Held by whoever adds to `kinds`."""
        self._size = 0
        try:
            for block, end in _scan(self.path):
                self.kinds.setdefault((block.measurement, block.field), block.kind)
                self._size = end
            self._cut()
        except (OSError, StoreFailure):
            os.close(self._file)
            raise

    def append(self, record: bytes) -> None:
        """Write a record as a whole, or leave the journal as it was and raise OSError."""
        with self._lock:
            try:
                rest = memoryview(record)
                while rest:
                    rest = rest[os.write(self._file, rest) :]
            except OSError:
                self._cut()
                raise
            self._size += len(record)

    def close(self) -> None:
        """Bring everything to the disk and let go of the file."""
        with self._lock:
            os.fsync(self._file)
            os.close(self._file)

    def _cut(self) -> None:
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, self._size, os.SEEK_SET)


def read_blocks(path: Path) -> Iterator[BlockIndex]:
    """The blocks of every whole record, oldest first; none where there is no journal yet.

    StoreFailure where it is damaged.
    """
    for block, _ in _scan(path):
        yield block


def read_rows(file: BinaryIO, block: BlockIndex) -> bytes:
    """The rows of a block: a line each, time in ticks, tab, value as JSON."""
    file.seek(block.offset)
    return file.read(block.size)


def _scan(path: Path) -> Iterator[tuple[BlockIndex, int]]:
    """Every block, with the position behind the record it is in."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        size = file.seek(0, os.SEEK_END)
        start = 0
        while start < size:
            file.seek(start)
            head = _HEAD.fullmatch(line := file.readline(_LONGEST_HEAD))
            if head is None:
                if not _is_begun(line) or _goes_on(file, start, size):
                    raise _damaged(path, start)
                return
            index_size, rows_size = int(head[1]), int(head[2])
            offset = file.tell() + index_size
            end = offset + rows_size
            if end > size:
                if _goes_on(file, start, size):
                    raise _damaged(path, start)
                return
            index_text = file.read(index_size)
            if end == size and not _is_whole(file, index_text, rows_size, int(head[3], 16)):
                return
            try:
                blocks = list(_index(json.loads(index_text), offset))
            except (ValueError, LookupError, TypeError, AttributeError):
                raise _damaged(path, start) from None
            yield from ((block, end) for block in blocks)
            start = end


def _is_begun(line: bytes) -> bool:
    """Whether a head may have been cut off like that; what was not yet on the disk can be zeros."""
    found = line.rstrip(b"\0")
    return found.startswith(_MAGIC) if len(found) > len(_MAGIC) else _MAGIC.startswith(found)


def _goes_on(file: BinaryIO, start: int, size: int) -> bool:
    """Whether another record begins behind the head at `start`; no row begins with that word."""
    mark = b"\n" + _MAGIC
    file.seek(start)
    left, text = size - start, b""
    while left > 0 and (part := file.read(min(left, _PART))):
        text = text[-len(mark) :] + part
        if mark in text:
            return True
        left -= len(part)
    return False


def _damaged(path: Path, position: int) -> StoreFailure:
    return StoreFailure(
        f"{path} is damaged: what begins at byte {position} is no record of results",
        "Something else has changed it, or the disk fails. What stands before can be read: "
        f"keep a copy, then `truncate -s {position}` the file.",
    )


def _is_whole(file: BinaryIO, index_text: bytes, rows_size: int, crc: int) -> bool:
    """Only the last record can be broken, so only its sum is taken."""
    return zlib.crc32(file.read(rows_size), zlib.crc32(index_text)) == crc


def _index(index: dict[str, Any], offset: int) -> Iterator[BlockIndex]:
    tick = index["tick"]
    series = [(measurement, tuple(tags.items())) for measurement, tags in index["series"]]
    fields = index["fields"]
    for series_at, field_at, count, size, first, last, increasing in index["blocks"]:
        measurement, tags = series[series_at]
        _, name, kind = fields[field_at]
        yield BlockIndex(
            measurement, tags, name, kind, tick, count, offset, size,
            first * tick, last * tick, increasing,
        )  # fmt: skip
        offset += size
