"""Durations as people write them: `60h`, `15m`, `7d`, `1h 30m`, or seconds."""

from __future__ import annotations

import re

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_LONGEST = 9_000_000_000
_EXAMPLES = "write it like 60h, 15m, 7d, 1h 30m, or as seconds"


def parse_duration(text: str) -> int:
    """Whole seconds, more than 0; ValueError, with a message for a person, for all else."""
    seconds = parse_seconds(text)
    if seconds != int(seconds):
        raise ValueError(f"'{text}' is not a whole number of seconds; write one without a fraction")
    return int(seconds)


def parse_seconds(text: str) -> float:
    """Seconds, more than 0; ValueError, with a message for a person, for all else."""
    rest = text.strip().lower()
    negative = rest.startswith("-")
    rest = rest.removeprefix("-").strip()
    total, at = 0.0, 0
    for part in _PART.finditer(rest):
        number, unit = part.groups()
        alone = part.span() == (0, len(rest))
        if part.start() != at or (unit or "s") not in _SECONDS or not (unit or alone):
            break
        total += float(number) * _SECONDS[unit or "s"]
        at = part.end()
    if not rest or at != len(rest):
        raise ValueError(f"'{text}' is no duration; {_EXAMPLES}")
    total = round(total, 6)
    if negative or total <= 0:
        raise ValueError(f"'{text}' is not more than 0; {_EXAMPLES}")
    if total > _LONGEST:
        raise ValueError(f"'{text}' is longer than HELICS can count; stay below 285 years")
    return total


def as_text(seconds: float) -> str:
    """The same duration as short as it can be written: `60h`, `1h30m`, `7d`, `0.5s`."""
    if seconds != int(seconds) or seconds <= 0:
        return f"{seconds:g}s"
    rest = int(seconds)
    if rest % 86400 == 0:
        return f"{rest // 86400}d"
    parts = []
    for unit in ("h", "m", "s"):
        count, rest = divmod(rest, _SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
