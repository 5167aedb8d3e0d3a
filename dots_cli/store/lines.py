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
from typing import Any

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

_OUT_OF_RANGE = f"time outside range {FIRST_TIME} - {LAST_TIME}"

Value = float | int | bool | str

_KEY_END = re.compile(r"(?<!\\) ")
_OPAQUE = r'(?s:\\.|="(?:[^"\\]|\\.)*")'
"""An escaped letter or a string among the fields: what stands in it is no field."""

_UNSIGNED = re.compile(r"=\d+u(?:,| |$)")
_TINY = re.compile(_OPAQUE + r"|=(-?\d+(?:\.\d*)?[eE]-\d{3,})(?=[, ]|$)")
_TINY_MARK = "\x01tiny "
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
    """A line that is not taken, and why; `dropped` when its syntax is right."""

    line: str
    reason: str
    dropped: bool = False


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
    that carry none. `kinds`: the type of every (measurement, field) so far; it grows, so of several
    threads that share it one may be in here.
    """
    batch = Batch(tick, [], [])
    blocks: dict[tuple[str, str], Block] = {}
    series: dict[str, tuple[str, dict[str, str]]] = {}
    earliest, latest, default = -(-FIRST_TIME // tick), LAST_TIME // tick, now // tick
    for line in split(body):
        try:
            text = line.decode("utf-8")
            end = _key_end(text)
            key = text[:end]
            known = series.get(key)
            # Series come again and again, and most of a line is its series.
            point = _parse(text if known is None else "m" + text[end:])
        except UnicodeDecodeError:
            batch.refused.append(Refusal(line.decode("utf-8", "replace"), "not UTF-8"))
            continue
        except LineFormatError as error:
            batch.refused.append(Refusal(text, _reason(text, str(error))))
            continue
        if point is None:  # a comment
            continue
        if known is None:
            known = series[key] = point["measurement"], point["tags"]
        time = default if point["time"] is None else point["time"]
        if not earliest <= time <= latest:
            batch.refused.append(Refusal(text, _OUT_OF_RANGE))
            continue
        refusal = _refuse(text, *known, point["fields"], kinds)
        if refusal:
            batch.refused.append(refusal)
            continue
        batch.lines += 1
        for name, value in point["fields"].items():
            block = blocks.get((key, name))
            if block is None:
                block = blocks[key, name] = Block(*known, name, _KINDS[type(value)])
            block.times.append(time)
            block.texts.append(_TEXT[block.kind](value))
    batch.blocks = list(blocks.values())
    return batch


def _refuse(
    line: str,
    measurement: str,
    tags: dict[str, str],
    fields: dict[str, Value],
    kinds: dict[tuple[str, str], str],
) -> Refusal | None:
    """Why a point whose syntax is right is not taken; its fields' types become known if it is."""
    if "time" in tags:
        reason = f'invalid tag key: input tag "time" on measurement "{measurement}" is invalid'
        return Refusal(line, reason, dropped=True)
    if fields.pop("time", None) is not None and not fields:
        reason = f'invalid field name: input field "time" on measurement "{measurement}" is invalid'
        return Refusal(line, reason, dropped=True)
    found = {(measurement, name): _KINDS[type(value)] for name, value in fields.items()}
    if "integer" in found.values() and _UNSIGNED.search(line) and _has_unsigned(line):
        return Refusal(line, "invalid number")
    for (_, name), kind in found.items():
        known = kinds.get((measurement, name), kind)
        if known != kind:
            reason = (
                f'field type conflict: input field "{name}" on measurement "{measurement}" '
                f"is type {kind}, already exists as type {known}"
            )
            return Refusal(line, reason, dropped=True)
    kinds.update(found)
    return None


def _has_unsigned(line: str) -> bool:
    """Whether a field is a number like `5u`, not a tag or string that holds what looks like one."""
    return bool(_UNSIGNED.search(re.sub(_OPAQUE, "", line[_key_end(line) :])))


def _key_end(line: str) -> int:
    """Where measurement and tags end: at the first space that no backslash stands before."""
    if "\\" not in line:
        return line.find(" ")
    found = _KEY_END.search(line)
    return found.start() if found else -1


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
        line = line.strip(b" \n")
        if line:
            yield line


def _parse(line: str) -> dict[str, Any] | None:
    """`parse_line`, but with numbers nearer to 0 than 2e-308, at which it stumbles.

    A simulation that decays comes there, and InfluxDB takes them. They go through as strings.
    """
    try:
        parsed: dict[str, Any] | None = parse_line(line)
        return parsed
    except LineFormatError:
        end = _key_end(line)
        marked = line[:end] + _TINY.sub(_marked, line[end:])
        if marked == line:
            raise
    parsed = parse_line(marked)
    if parsed is not None:
        for name, value in parsed["fields"].items():
            if isinstance(value, str) and value.startswith(_TINY_MARK):
                parsed["fields"][name] = float(value.removeprefix(_TINY_MARK))
    return parsed


def _marked(found: re.Match[str]) -> str:
    return f'="{_TINY_MARK}{found[1]}"' if found[1] else found[0]


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


def _reason(line: str, said: str) -> str:
    if "timestamp" in said and re.search(r" -?\d+$", line):
        return _OUT_OF_RANGE
    return said.removesuffix(".").lower()
