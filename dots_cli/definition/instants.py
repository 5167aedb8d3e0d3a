"""When a simulation may begin: dates and times without a zone, as models know them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

EARLIEST, LATEST = datetime(1677, 9, 22), datetime(2262, 4, 11)
"""Whole days between which a time fits into 64 bits of nanoseconds, as stores keep it."""


def parse_start(text: Any) -> datetime:
    """A date and time without a zone, in whole seconds; ValueError with a message for a person."""
    try:
        start = datetime.fromisoformat(str(text).strip())
    except ValueError:
        raise ValueError(
            f"'{text}' is no date and time; write it like 2024-01-01 00:00:00"
        ) from None
    if start.tzinfo is not None:
        raise ValueError(f"'{text}' has a time zone; models know none, leave it out")
    if start.microsecond:
        raise ValueError(f"'{text}' is not a whole second; leave the fraction out")
    if not EARLIEST <= start <= LATEST:
        raise ValueError(
            f"'{text}' is no time that results can be stored with; begin between"
            f" {EARLIEST:%Y-%m-%d} and {LATEST:%Y-%m-%d}"
        )
    return start
