"""What `dots doctor` finds: one thing looked at, how it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Grade = Literal["ok", "note", "problem"]
"""`note`: works, but a person may want to know; `problem`: a run that needs it would fail."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `about` is its short name, `what` how it is, `hint` what to do.

    `section` is `machine`, `processes` or `containers`.
    """

    section: str
    about: str
    grade: Grade
    what: str
    hint: str = ""


def any_problem(findings: Iterable[Finding]) -> bool:
    """Whether something would make a run fail."""
    return any(finding.grade == "problem" for finding in findings)


def gigabytes(count: float) -> str:
    """Bytes as a person reads them."""
    if count < 1e9:
        return f"{count / 1e6:.0f} MB"
    return f"{count / 1e9:.1f} GB" if count < 1e10 else f"{count / 1e9:.0f} GB"
