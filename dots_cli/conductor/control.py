"""What the conductor is asked to do while it works: JSON lines on stdin."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

CommandName = Literal["pause", "resume", "stop", "disconnect"]


@dataclass(frozen=True)
class Command:
    """A request. `at`: the simulated second to pause at, None for as soon as possible."""

    name: CommandName
    at: float | None = None


@dataclass(frozen=True)
class SupervisorGone:
    """Stdin has ended: whoever started the conductor is no longer there."""


def parse(line: str | bytes) -> Command | None:
    """The command of a line; None for one that is not understood."""
    try:
        data = json.loads(line)
        name = data["command"]
        at = data.get("at")
        if name in get_args(CommandName):
            return Command(name, None if at is None else float(at))
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError):
        pass
    return None


def listen(lines: Iterable[bytes], tell: Callable[[Command | SupervisorGone], None]) -> None:
    """Pass every command on until the lines end; then say so."""
    try:
        for line in lines:
            command = parse(line)
            if command is None:
                print(f"not a command: {line!r}", file=sys.stderr)
            else:
                tell(command)
    finally:
        tell(SupervisorGone())
