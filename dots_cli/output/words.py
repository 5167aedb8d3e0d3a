"""Numbers and times as a person reads them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime


def number(value: float) -> str:
    """`12,345`; fractions only where the number is small."""
    if abs(value) >= 10 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2g}"


def span(seconds: float) -> str:
    """A length of time in its two largest units: `0.4 s`, `12 s`, `2 min 5 s`, `3 d 4 h`."""
    if seconds < 0:
        return "-" + span(-seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    left = round(seconds)
    parts: list[tuple[int, str]] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, unit))
        if len(parts) == 2:
            break
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def whole_span(seconds: float) -> str:
    """A length of time in all its units, exactly: `1 h 1 s`."""
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{count:g} {unit}" for count, unit in parts if count) or "0 s"


def date(moment: datetime) -> str:
    """A simulated moment; its fraction only where it has one."""
    return moment.isoformat(sep=" ", timespec="milliseconds" if moment.microsecond else "seconds")


def clock(at: float) -> str:
    """A wall-clock moment (seconds since 1970) in the user's zone."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


def some(names: Sequence[str], most: int = 4) -> str:
    """The first few names and how many more there are."""
    shown = ", ".join(names[:most])
    left = len(names) - most
    return f"{shown} and {left} more" if left > 0 else shown


def plural(count: int, word: str, several: str = "") -> str:
    """`1 model`, `2 models`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {several or word + 's'}"


def width(text: str) -> int:
    """How many columns a text takes in a terminal."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    combining = sum(unicodedata.combining(letter) != 0 for letter in text)
    return len(text) + wide - combining


def cut(text: str, columns: int) -> str:
    """The text, shortened to so many columns with dots at its end."""
    if width(text) <= columns:
        return text
    if columns <= 3:
        return "." * max(0, columns)
    while width(text) > columns - 3:
        text = text[: max(0, min(len(text) - 1, columns - 3))]
    return text + "..."


def size(count: float) -> str:
    """Bytes in the unit that suits: `12 kB`, `3.4 MB`."""
    unit = "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if count < 1000:
            break
        count, unit = count / 1000, larger
    return f"{count:.1f} {unit}" if count < 10 and unit != "B" else f"{count:.0f} {unit}"
