"""Who does not answer at all: a stopped process, a dead one, or one that cannot be reached.

A question for the times of all federates is answered when the last one has: it does not say who
keeps it waiting. So every core is asked for itself. It answers in a thread of its own, however long
its federates compute.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time

from .broker import Broker
from .questions import QueryFailed

PATIENCE = 1.0
"""Seconds for an answer that takes a thousandth of one."""


def silent(broker: Broker, patience: float = PATIENCE) -> tuple[str, ...]:
    """Names of the federates whose cores do not answer within so many seconds.

    None where no core answers: then the question, and not a model, is at fault. QueryFailed where
    the broker ends.
    """
    members = broker.members()
    answered: queue.SimpleQueue[str] = queue.SimpleQueue()

    def ask(core: str) -> None:
        # "name" is a question that the core gets; some the broker would answer in its place.
        with contextlib.suppress(QueryFailed):
            broker.ask_core(core)
            answered.put(core)

    for core in members:
        threading.Thread(target=ask, args=(core,), daemon=True).start()
    waiting = dict(members)
    deadline = time.monotonic() + patience
    with contextlib.suppress(queue.Empty):
        while waiting:
            waiting.pop(answered.get(timeout=max(0.001, deadline - time.monotonic())))
    if len(waiting) == len(members):
        return ()
    return tuple(sorted(name for names in waiting.values() for name in names))
