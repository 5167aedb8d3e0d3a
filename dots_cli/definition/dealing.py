"""How objects are dealt among the models of a service, and whether such models can start."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from dots_cli.definition.model import EsdlObject

LONGEST_VARIABLE = 131_072
"""Bytes of one `NAME=value` and the zero behind it: MAX_ARG_STRLEN of Linux, see execve(2)."""

LONGEST_ID = 63
"""Letters of a model's id, which is a host name, too: one label (RFC 1035, section 2.3.4)."""


def chunks(objects: Sequence[EsdlObject], models: int) -> list[Sequence[EsdlObject]]:
    """The objects in order, in parts of `chunk_size`."""
    size = chunk_size(len(objects), models)
    return [objects[at : at + size] for at in range(0, len(objects), size)]


def chunk_size(objects: int, models: int) -> int:
    """How many objects a model has: ceil(objects / models), 0 models meaning one object each."""
    return max(-(-objects // models), 1) if models else 1


def longest_ids(objects: Sequence[EsdlObject], models: int) -> tuple[int, int | None]:
    """Bytes of the longest variable `esdl_ids` of these models, with the zero behind it.

    Also the least number of models, from `models` on, that can all be given theirs; None where an
    object alone has too long an id.
    """
    # Behind each id stands a semicolon, or at last the zero.
    ends = [0, *accumulate(len(item.id.encode()) + 1 for item in objects)]

    def longest(size: int) -> int:
        starts = range(0, len(objects), size)
        return len("esdl_ids=") + max(
            (ends[min(at + size, len(objects))] - ends[at] for at in starts), default=0
        )

    given = longest(size := chunk_size(len(objects), models))
    enough = models
    while longest(size) > LONGEST_VARIABLE:
        if size == 1:
            return given, None
        enough = -(-len(objects) // (size - 1))
        size = chunk_size(len(objects), enough)
    return given, enough
