"""Phase 2: the co-simulation behind its gate, from the first knock to the last farewell."""

from __future__ import annotations

from collections.abc import Callable

from . import roll_call, wiring
from .failure import Failure
from .federation import Broker, Gate, Stage, poll
from .phase1 import Herald, Say
from .settings import Settings
from .watch import left_early

GATE = "dots_gate"
FIRST_CORE_PORT = 50


class Phase2:
    """The federation that simulates. Nobody starts before the gate does."""

    def __init__(
        self, settings: Settings, calculations: dict[str, int], stage: Stage, say: Say
    ) -> None:
        self._settings = settings
        self._calculations = calculations
        self._stage = stage
        self._say = say

    def run(
        self, started: Callable[[Broker, list[str]], None], reached_end: Callable[[], None]
    ) -> None:
        """Go through the phase.

        `started` is called with the broker when all have joined and time is about to start;
        `reached_end` when the simulated end was reached with all of them.
        """
        settings = self._settings
        count = sum(self._calculations.values())
        broker = self._stage.enter(
            lambda: Broker(
                host=settings.host,
                port=settings.port,
                first_core_port=settings.port + FIRST_CORE_PORT,
                federates=count + 1,
                key=settings.key,
                global_time=True,
            )
        )
        gate = Gate(broker, GATE)
        federates = self._wait_for_federates(broker, gate)
        self._check_wiring(broker, federates)
        started(broker, federates)
        gate.execute()
        self._say("executing", federates=federates)
        granted = gate.request(float(settings.duration))
        self._stage.check()
        if granted < settings.duration:
            raise Failure("broker", f"the federation broke at {granted:g} s of simulated time")
        failure = left_early(broker.states(), federates)
        if failure is not None:
            raise failure
        reached_end()
        gate.leave()
        while not broker.wait_for_end(0.5):
            self._stage.check()
        self._stage.check()
        self._stage.leave()

    def _wait_for_federates(self, broker: Broker, gate: Gate) -> list[str]:
        herald = Herald(2, self._say, self._settings.limits.join)

        def complete() -> bool:
            call = roll_call.of_calculations(broker.federates(), self._calculations, [GATE])
            herald.saw(call)
            return call.complete

        for waited in poll(complete, self._stage):
            herald.waited(waited)
        gate.start_initialising()
        for waited in poll(lambda: gate.arrived, self._stage):
            herald.waited_for_ready(waited, broker.not_ready)
        gate.finish_initialising()
        self._stage.check()
        return sorted(name for name in broker.federates() if name != GATE)

    def _check_wiring(self, broker: Broker, federates: list[str]) -> None:
        unknown = broker.ask_unknown_publications()
        if unknown:
            raise wiring.holes(
                self._settings, wiring.missing_publications(broker.ask_data_flow(), unknown)
            )
        interfaces = {name: broker.ask_interfaces(name) for name in federates}
        idle = [
            name
            for name, interface in interfaces.items()
            if not interface.get("inputs") and not broker.ask_period(name)
        ]
        if idle:
            raise wiring.idle(self._settings, idle)
        self._say("wired", units=wiring.units(interfaces.values()))
