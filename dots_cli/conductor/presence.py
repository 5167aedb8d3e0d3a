"""Whether the models' containers still run, where nobody else looks: has their name an address?

On a network of containers a model's id is a host name for as long as its container runs. HELICS
itself does not notice that a federate was lost as long as nobody writes to it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence

from .failure import Failure

PERIOD = 1.0
MISSES = 3
"""So often in a row an address that was there must be missing: one answer can get lost."""


def address(name: str) -> str | None:
    """The IPv4 address of a host; None where it has none. May take seconds."""
    try:
        # The dot keeps the name from being looked for in the domains of this machine.
        return socket.gethostbyname(f"{name}.")
    except (OSError, UnicodeError):  # the second: longer than a host name may be
        return None


def watch_over(
    models: Sequence[str],
    over: Callable[[], bool],
    *,
    look_up: Callable[[str], str | None] = address,
    wait: Callable[[], None] = lambda: time.sleep(PERIOD),
) -> None:
    """Look after the models until `over`; `Failure` once one is gone that was there before.

    A model whose name never had an address says nothing: it may not have been started, or names
    are no host names here.
    """
    seen: dict[str, str] = {}
    missed = dict.fromkeys(models, 0)
    while not over():
        for model in models:
            found = look_up(model)
            if found and model not in seen:
                seen[model] = found
            elif model in seen:
                missed[model] = 0 if found == seen[model] else missed[model] + 1
        gone = [model for model in models if missed[model] >= MISSES]
        if gone and not over():
            raise _ended(gone)
        wait()


def _ended(gone: Sequence[str]) -> Failure:
    who = ", ".join(gone)
    verb = "has" if len(gone) == 1 else "have"
    return Failure(
        "early",
        f"{who} {verb} ended before the end of the simulation: no container has that name any more",
        "Read the end of its log.",
        gone,
    )
