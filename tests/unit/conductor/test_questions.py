"""A question to the broker comes back, whatever goes wrong with it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dots_cli.conductor.broker import Broker
from dots_cli.runtime.processes import ports

PATIENCE = 20.0


def test_a_question_that_cannot_be_put_is_not_waited_for() -> None:
    block = ports.reserve(1)
    try:
        with ThreadPoolExecutor(1) as pool:
            broker = Broker(
                host="127.0.0.1",
                port=block.base,
                first_core_port=block.base + 10,
                federates=1,
                key="key",
            )
            try:
                # No text of HELICS: encoding it fails before anything is asked.
                asked = pool.submit(broker.ask_period, "\udc80")
                with pytest.raises(UnicodeEncodeError):
                    asked.result(PATIENCE)
            finally:
                broker.disconnect()
    finally:
        block.release()
