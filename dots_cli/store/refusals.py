"""What the endpoint answers when it does not take something, in the words of InfluxDB 1.x."""

from __future__ import annotations

import errno
import re
from pathlib import Path

from dots_cli.store.lines import Batch, Refusal

_NAMED = 10
"""How many refused lines an answer names; the real server names all, which can be 30 MB."""
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Refused(Exception):
    """An answer that is not a success: its HTTP status, what it says, whose data it was."""

    def __init__(self, status: int, message: str, model: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.model = model


def partial_write(batch: Batch) -> Refused:
    """Some lines of a request are not taken, the others are; a few of them by name."""
    model = _model_of(batch.refused[0].line)
    dropped = [refusal for refusal in batch.refused if refusal.dropped]
    if len(dropped) == len(batch.refused):
        text = f"partial write: {dropped[0].reason} dropped={len(dropped)}"
        return Refused(400, text, model)
    reasons = [_unparsable(refusal) for refusal in batch.refused if not refusal.dropped]
    more = len(reasons) - _NAMED
    text = "\n".join(reasons[:_NAMED]) + (f"\nand {more} lines more" if more > 0 else "")
    if batch.lines:
        text = f"partial write: {text} dropped={len(batch.refused)}"
    return Refused(400, text, model)


def not_written(error: OSError, journal: Path, batch: Batch) -> Refused:
    """Nothing of a request could be kept: the disk is full, or worse."""
    status = 507 if error.errno in _FULL else 500
    model = batch.blocks[0].tags.get("model_id")
    return Refused(status, f"{error.strerror or error}: {journal}", model)


def _unparsable(refusal: Refusal) -> str:
    line = refusal.line if len(refusal.line) <= 500 else refusal.line[:500] + "..."
    return f"unable to parse '{line}': {refusal.reason}"


def _model_of(line: str) -> str | None:
    found = re.search(r",model_id=((?:\\.|[^\\, ])+)", line)
    return re.sub(r"\\([,= ])", r"\1", found[1]) if found else None
