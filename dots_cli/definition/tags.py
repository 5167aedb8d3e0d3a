"""Which ids and names come through a store: models write both of them as tags of InfluxDB 1.x.

The published services do so with influxdb-python, which doubles each backslash and makes two
letters of a line end; stores refuse a tag that ends in a backslash or holds a carriage return.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from dots_cli.definition.located import Problems
from dots_cli.definition.model import EsdlObject

LONGEST_KEY = 65_535
"""Bytes of a series with its field: MaxKeyLength of InfluxDB 1.x."""

RESERVE = 1_024
"""Bytes of a series' key for what no scenario says: names of tags, run, model and field."""

_CHANGED = re.compile(r"[\\\r\n]")
_ESCAPED = re.compile(r"[ ,=\\]")


def check_tags(objects: Iterable[EsdlObject], file: Path, problems: Problems) -> None:
    """Report the objects whose results would be lost, or come back under another id or name."""
    ids, names, long, shown = [], [], [], []
    for item in objects:
        if found := _CHANGED.search(item.id):
            ids.append((item.line, f"the id '{_short(item.id)}' holds a {_word(found[0])}"))
        if item.name.endswith("\\"):
            names.append((item.line, f"the name '{_short(item.name)}' ends in a backslash"))
        elif "\r" in item.name:
            names.append((item.line, f"the name '{_short(item.name)}' holds a carriage return"))
        elif found := _CHANGED.search(item.name):
            shown.append((item.line, f"the name '{_short(item.name)}' holds a {_word(found[0])}"))
        size = sum(map(_size, (item.esdl_type, item.id, item.name)))
        if size > (most := LONGEST_KEY - RESERVE):
            what = f"the id and the name of this {item.esdl_type} take {size:,} bytes in a store"
            long.append((item.line, f"{what}, which has room for {most:,}"))
    problems.add_many(file, ids, "Use another id: its results could not be told by this one.")
    problems.add_many(file, names, "Use another name: stores refuse results that have this one.")
    problems.add_many(file, long, "Shorten them: stores refuse results that have these.")
    hint = "Results show it in another way: the backslash doubled, a line end as `\\n`."
    problems.add_many(file, shown, hint, severity="warning")


def _size(text: str) -> int:
    """Bytes of a text as a tag, in which some letters have a backslash before them."""
    return len(text.encode()) + len(_ESCAPED.findall(text))


def _word(letter: str) -> str:
    return {"\\": "backslash", "\n": "line end"}.get(letter, "carriage return")


def _short(text: str) -> str:
    """In one line, and not too long to be shown."""
    whole = text.replace("\r", "\\r").replace("\n", "\\n")
    return whole if len(whole) <= 80 else f"{whole[:40]}...{whole[-20:]}"
