"""Interpreters, and which of them fulfil what a project requires."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_CLAUSE = re.compile(r"\s*(===|==|!=|~=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?\S*\s*")


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine; `version` is `major.minor.patch`."""

    path: Path
    version: str

    @property
    def minor(self) -> int:
        """Its minor version: 13 of 3.13.0."""
        return int(self.version.split(".")[1])


def fulfils(version: str, requires: str) -> bool:
    """Whether a version fulfils a `requires-python` (packaging.python.org, "version specifiers").

    A clause that cannot be read counts as fulfilled: the installer judges it.
    """
    has = _numbers(version)
    return all(_clause(has, clause) for clause in requires.split(","))


def _clause(has: tuple[int, ...], clause: str) -> bool:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        return True
    sign, text, any_further = match.groups()
    wanted = _numbers(text)
    if any_further or sign == "~=":
        start = wanted if any_further else wanted[:-1]
        same = has[: len(start)] == start
        return {"==": same, "!=": not same, "~=": same and has >= wanted}.get(sign, True)
    size = max(len(has), len(wanted))
    here, there = (numbers + (0,) * (size - len(numbers)) for numbers in (has, wanted))
    return {
        "===": here == there,
        "==": here == there,
        "!=": here != there,
        "<=": here <= there,
        ">=": here >= there,
        "<": here < there,
        ">": here > there,
    }[sign]


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
