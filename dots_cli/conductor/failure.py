"""The ways in which a federation fails, told so that a person can act on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Kind = Literal[
    "join",
    "stalled",
    "unexpected",
    "calculations",
    "wiring",
    "idle",
    "early",
    "broker",
    "descriptors",
    "internal",
]


class Failure(Exception):
    """Ends the federation; becomes the event `failed` and a non-zero exit code."""

    def __init__(
        self, kind: Kind, message: str, hint: str = "", models: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.hint = hint
        self.models = list(models)


class Ended(Exception):
    """The federation was disconnected on purpose: whoever worked in it stops quietly."""
