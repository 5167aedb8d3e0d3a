"""The journal of the embedded store, merged: every field of every series with each time once.

Fields of one time and tag set come as separate points, from several requests, and a client that
got no answer sends again; of two values for one time the later counts. The journal's index tells
for most fields that there are none such, so their rows are copied as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from dots_cli.store.journal import BlockIndex, read_blocks, read_rows

Series = tuple[str, tuple[tuple[str, str], ...]]
"""A measurement with its tags, these sorted by name."""
Field = tuple[str, str, str]
"""A measurement, one of its fields, and the kind of that field's values."""
Keys = Mapping[tuple[Series, Field], list[BlockIndex]]


def by_key(journal: Path) -> Keys:
    """Where the values of every field of every series are, in the order they were written."""
    found: dict[tuple[Series, Field], list[BlockIndex]] = {}
    for block in read_blocks(journal):
        series = block.measurement, block.tags
        field = block.measurement, block.field, block.kind
        found.setdefault((series, field), []).append(block)
    return found


def in_order(blocks: list[BlockIndex]) -> list[BlockIndex] | None:
    """The blocks by time; None where a value of one may replace another's."""
    ordered = sorted(blocks, key=lambda block: block.first)
    apart = all(one.last < other.first for one, other in pairwise(ordered))
    return ordered if apart and all(block.increasing for block in blocks) else None


def write_values(
    journal: Path,
    keys: Keys,
    series: Mapping[Series, int],
    fields: Mapping[Field, int],
    folder: Path,
) -> dict[str, Path]:
    """Write every value into a file per kind in `folder`; the files by kind.

    A line holds the numbers of series and field, nanoseconds per tick, ticks since 1970 and the
    value as JSON, with tabs between them.
    """
    written: dict[str, Path] = {}
    if not keys:
        return written
    with ExitStack() as opened:
        source = opened.enter_context(journal.open("rb"))
        files: dict[str, BinaryIO] = {}
        for of, field in sorted(keys, key=lambda key: (series[key[0]], fields[key[1]])):
            kind = field[2]
            if kind not in files:
                written[kind] = folder / f"{kind}.tsv"
                files[kind] = opened.enter_context(written[kind].open("wb"))
            for tick, rows in _values(source, keys[of, field]):
                front = b"%d\t%d\t%d\t" % (series[of], fields[field], tick)
                files[kind].write(front + rows[:-1].replace(b"\n", b"\n" + front) + b"\n")
    return written


def _values(source: BinaryIO, blocks: list[BlockIndex]) -> Iterable[tuple[int, bytes]]:
    """Rows as the journal has them, with nanoseconds per tick; each time once, the last value."""
    ordered = in_order(blocks)
    if ordered is not None:
        for block in ordered:
            yield block.tick, read_rows(source, block)
        return
    merged: dict[int, bytes] = {}
    for block in blocks:
        for row in read_rows(source, block).splitlines():
            at, _, value = row.partition(b"\t")
            merged[int(at) * block.tick] = value
    yield 1, b"".join(b"%d\t%b\n" % (at, merged[at]) for at in sorted(merged))
