"""Checks a body of InfluxDB line protocol as the 1.x server does, and sorts it by series.

The syntax of a line is `line-protocol-parser`'s affair; here is what it leaves open: where a line
ends (a quoted string may hold line ends), what time a point has, and which points the server would
refuse although their syntax is right. Protocol:
https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from line_protocol_parser import LineFormatError, parse_line

NANOSECONDS = {
    "": 1,
    "n": 1,
    "ns": 1,
    "u": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
"""The values of `precision=`, and how many nanoseconds one tick of each has."""

FIRST_TIME = -9223372036854775806
LAST_TIME = 9223372036854775806
"""The range of time of InfluxDB 1.x in nanoseconds since 1970: 292 years to either side."""

Value = float | int | bool | str

_KEY_END = re.compile(r"(?<!\\) ")
_UNSIGNED = re.compile(r"=\d+u(?:,| |$)")
_KINDS: dict[type, str] = {float: "float", int: "integer", bool: "boolean", str: "string"}
_TEXT: dict[str, Callable[[Value], str]] = {
    "float": repr,
    "integer": repr,
    "boolean": lambda value: "true" if value else "false",
    "string": lambda value: json.dumps(value, ensure_ascii=False),
}


@dataclass
class Block:
    """The values of one field of one series, in the order in which they came.

    `times` are in ticks of the batch's precision since 1970; `texts` are JSON (a float as Python's
    `repr` writes it, so that reading it gives the same number back).
    """

    measurement: str
    tags: dict[str, str]
    name: str
    kind: str
    times: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Refusal:
    """A line that is not taken, and why; `conflict` when only its field's type is wrong."""

    line: str
    reason: str
    conflict: bool = False


@dataclass
class Batch:
    """What a body holds: the good points sorted by series and field, and the refused lines."""

    tick: int
    blocks: list[Block]
    refused: list[Refusal]
    lines: int = 0


def check(body: bytes, tick: int, now: int, kinds: dict[tuple[str, str], str]) -> Batch:
    """Check every line of `body`; a bad one does not keep the others from being taken.

    `tick`: nanoseconds of one unit of time; `now`: the time, in nanoseconds since 1970, of points
    that carry none. `kinds`: the type of every (measurement, field) so far; it grows.
    """
    batch = Batch(tick, [], [])
    blocks: dict[tuple[str, str], Block] = {}
    lowest, highest, default = -(-FIRST_TIME // tick), LAST_TIME // tick, now // tick
    for line in split(body):
        try:
            text = line.decode("utf-8")
            parsed = parse_line(text)
        except UnicodeDecodeError:
            batch.refused.append(Refusal(line.decode("utf-8", "replace"), "not UTF-8"))
            continue
        except LineFormatError as error:
            batch.refused.append(Refusal(text, _reason(text, str(error))))
            continue
        if parsed is None:  # a comment
            continue
        time = default if parsed["time"] is None else parsed["time"]
        if not lowest <= time <= highest:
            batch.refused.append(Refusal(text, _OUT_OF_RANGE))
            continue
        key_end = _KEY_END.search(text) if "\\" in text else None
        key = text[: key_end.start()] if key_end else text[: text.index(" ")]
        taken = []
        for name, value in parsed["fields"].items():
            kind = _KINDS[type(value)]
            known = kinds.setdefault((parsed["measurement"], name), kind)
            if known != kind:
                reason = _conflict(parsed["measurement"], name, kind, known)
                batch.refused.append(Refusal(text, reason, conflict=True))
                break
            if kind == "integer" and _UNSIGNED.search(text):
                batch.refused.append(Refusal(text, "invalid number"))
                break
            block = blocks.get((key, name))
            if block is None:
                block = Block(parsed["measurement"], parsed["tags"], name, kind)
                blocks[key, name] = block
            taken.append((block, _TEXT[kind](value)))
        else:
            batch.lines += 1
            for block, value_text in taken:
                block.times.append(time)
                block.texts.append(value_text)
    batch.blocks = [block for block in blocks.values() if block.times]
    return batch


def split(body: bytes) -> Iterator[bytes]:
    """The lines of a body that hold something; a line end in a quoted string does not count."""
    lines = io.BytesIO(body)
    for line in lines:
        if b'"' in line:
            while _in_string(line):
                more = lines.readline()
                if not more:
                    break
                line += more
        line = line.strip(b" \t\r\n\0")
        if line:
            yield line


def _in_string(line: bytes) -> bool:
    """Whether a string field is still open at the end of `line`.

    A quote opens a string only right after the `=` of a field: in tags it is an ordinary letter.
    """
    start = re.search(rb"(?<!\\) ", line.lstrip())
    if start is None:
        return False
    fields = line.lstrip()[start.end() :]
    without_strings = re.sub(rb'(?s)="(?:[^"\\]|\\.)*"', b"=", fields)
    return b'="' in without_strings


_OUT_OF_RANGE = f"time outside range {FIRST_TIME} - {LAST_TIME}"


def _reason(line: str, said: str) -> str:
    if "timestamp" in said and re.search(r" -?\d+$", line):
        return _OUT_OF_RANGE
    return said.removesuffix(".").lower()


def _conflict(measurement: str, name: str, kind: str, known: str) -> str:
    return (
        f'field type conflict: input field "{name}" on measurement "{measurement}" '
        f"is type {kind}, already exists as type {known}"
    )
