"""A real federation that breaks before the conductor itself is in it."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest

from dots_cli.conductor import phase2
from dots_cli.conductor.broker import Broker
from dots_cli.conductor.failure import Failure
from dots_cli.conductor.gate import Gate
from dots_cli.conductor.phase1 import Spoken
from dots_cli.conductor.phase2 import Phase2
from dots_cli.conductor.stage import Stage
from dots_cli.runtime.processes import ports
from tests.unit.conductor import made

JOINS_AND_LEAVES = """
import sys, helics as h
info = h.helicsCreateFederateInfo()
h.helicsFederateInfoSetCoreTypeFromString(info, "zmq")
h.helicsFederateInfoSetCoreInitString(info, sys.argv[1])
federate = h.helicsCreateValueFederate("pv-1/production", info)
for _ in range(2):
    h.helicsFederateRegisterGlobalPublication(federate, "PV/p/1", h.HelicsDataType.DOUBLE, "")
"""


def unexpected(*_: object) -> None:
    raise AssertionError("nothing of this phase comes about")


def test_a_model_that_leaves_before_the_conductor_has_joined_is_no_failure_of_the_broker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    block = ports.reserve(1)
    told = made.settings(port=block.base, key="key")

    def late(broker: Broker, *named: Any) -> Gate:
        address = f"--broker=127.0.0.1 --brokerport={block.base} --brokerkey=key"
        command = [sys.executable, "-c", JOINS_AND_LEAVES, address]
        left = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert "Publication already exists" in left.stderr, "it had joined"
        return Gate(broker, *named)

    monkeypatch.setattr(phase2, "Gate", late)
    stage = Stage()
    phase = Phase2(told, {"pv-1": Spoken("new", 1)}, stage, made.Listener())
    try:
        with pytest.raises(Failure, match="in the moment in which it joined") as caught:
            phase.run(lambda *_: threading.Thread(), *[unexpected] * 4)
        assert caught.value.kind == "early"
    finally:
        stage.end(5.0)
        block.release()
