"""Asks before something goes that cannot be had back."""

from __future__ import annotations

import sys

from dots_cli.errors import UsageError
from dots_cli.output import console


def confirmed(question: str, hint: str, otherwise: str) -> bool:
    """Whether the answer is yes; says `otherwise` where it is not.

    UsageError with the hint where nobody answers.
    """
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stderr.write("\n")
        raise UsageError("nobody answers here", hint)
    if answer.strip().lower() in ("y", "yes"):
        return True
    console.say(otherwise)
    return False
