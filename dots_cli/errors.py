"""Every way in which a command can fail: a class with a message, a hint and an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Literal


class ExitCode(IntEnum):
    """What the exit code of `dots` says; each has one meaning."""

    SUCCEEDED = 0
    BUG = 1
    USAGE = 2
    INPUT = 3
    ENVIRONMENT = 4
    MODEL = 5
    CONDUCTOR = 6
    STORE = 7
    STALLED = 8
    TIMED_OUT = 9
    STOPPED = 10
    SUPERVISOR = 11
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in a file of the user.

    `line` counts from 1; 0 where the problem belongs to the file as a whole.
    """

    file: Path
    line: int
    message: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"

    @property
    def place(self) -> str:
        """`file:line`, as editors and terminals understand it."""
        return f"{self.file}:{self.line}" if self.line else str(self.file)


class DotsError(Exception):
    """A failure that is not our bug: says what is wrong and what to do about it.

    To be raised as one of its classes, which have an exit code each.
    """

    exit_code: ExitCode

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(DotsError):
    """The command line asks for something that does not exist or does not go together."""

    exit_code = ExitCode.USAGE


class InputError(DotsError):
    """The user's files are wrong; carries every problem found in them, not only the first."""

    exit_code = ExitCode.INPUT

    def __init__(self, message: str, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)


class EnvironmentFailure(DotsError):
    """The machine lacks something: an interpreter, a package index, disk space, Docker."""

    exit_code = ExitCode.ENVIRONMENT


class StoreFailure(DotsError):
    """The store of results cannot be read or written."""

    exit_code = ExitCode.STORE


class SupervisorLost(DotsError):
    """The process that owned a run is gone and nobody could say how the run ended."""

    exit_code = ExitCode.SUPERVISOR


def all_in_one(errors: Sequence[Exception], what: str) -> Exception:
    """One error that tells of all of these (at least one): `2 {what}:`, and a line for each.

    `InputError` where all are the user's mistakes, else `EnvironmentFailure`. A bug among them is
    the one that counts: it is given back as it is, with its traceback and the others as notes.
    """
    bugs = [error for error in errors if not isinstance(error, DotsError | OSError)]
    first = [*bugs, *errors][0]
    if len(errors) == 1:
        return first
    if bugs:
        for other in errors:
            if other is not first:
                first.add_note(f"and: {other!r}")
        return first
    messages = "\n".join(f"- {getattr(error, 'message', error)}" for error in errors)
    hints = dict.fromkeys(e.hint.rstrip(".") for e in errors if isinstance(e, DotsError) and e.hint)
    kind = InputError if all(isinstance(e, InputError) for e in errors) else EnvironmentFailure
    return kind(f"{len(errors)} {what}:\n{messages}", "; ".join(hints))
