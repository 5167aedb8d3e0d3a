"""A question to HELICS, in its query language, and its answer.

The queries are those of https://docs.helics.org/en/latest/user-guide/advanced_topics/queries.html
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import warnings
from typing import Any

import helics as h

from .failure import Ended
from .inside import inside

ENDING = 0.2
"""Seconds after which an answer that has not come may never come."""

warnings.filterwarnings("ignore", message="This function will return a JSON object")


class QueryFailed(Exception):
    """HELICS did not answer a question; normal while a federation is being ended."""


def query(broker: Any, what: str, target: str = "root") -> Any:
    """The answer of `target` to a query, read as JSON; `QueryFailed` where there is none."""
    found = answer(broker, what, target)
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError as error:
            raise QueryFailed(f"{what}: {found}") from error
    if isinstance(found, dict) and "error" in found:
        raise QueryFailed(f"{what}: {found['error']}")
    return found


def answer(broker: Any, what: str, target: str) -> Any:
    """What HELICS answers, as it stands; `QueryFailed` where it does not.

    A broker that is just ending takes the question and never answers it. So it is asked in a
    thread, which then stays behind.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    question = (broker, what, target, answers)
    threading.Thread(target=_put_question, args=question, daemon=True).start()
    found: Any = QueryFailed(f"{what}: the broker has ended")
    there = True
    while there:
        with contextlib.suppress(queue.Empty):
            found = answers.get(timeout=ENDING)
            break
        there = _is_there(broker)
    else:
        with contextlib.suppress(queue.Empty):
            found = answers.get(timeout=ENDING)
    if isinstance(found, Exception):
        raise found
    return found


def _is_there(broker: Any) -> bool:
    try:
        with inside():
            return bool(h.helicsBrokerIsConnected(broker))
    except Ended:
        return False


def _put_question(broker: Any, what: str, target: str, answers: queue.SimpleQueue[Any]) -> None:
    try:
        with inside():
            question = h.helicsCreateQuery(target, what)
            try:
                answers.put(h.helicsQueryBrokerExecute(question, broker))
            finally:
                h.helicsQueryFree(question)
    except Exception as error:
        known = isinstance(error, (h.HelicsException, Ended))
        answers.put(QueryFailed(f"{what}: {error}") if known else error)
