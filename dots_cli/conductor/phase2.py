"""Phase 2: the co-simulation behind its gate, from the first knock to the last farewell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from . import roll_call, rounds, wiring
from .broker import VERSION, Broker
from .failure import Ended, Failure
from .front_door import FrontDoor
from .gate import Gate
from .herald import Herald, too_late
from .phase1 import Spoken, services_of
from .settings import Settings
from .speak import Say
from .stage import Stage, poll
from .whereabouts import left_early

GATE = "dots_gate"
INNER = 4
"""Not where phase 1's broker was: HELICS can need a moment to give its ports back."""
SETTLING = 0.1
SHORTEST_SETTLING = 0.15
LONGEST_SETTLING = 0.5


class Phase2:
    """The federation that simulates. Nobody starts before the gate does."""

    def __init__(
        self, settings: Settings, spoken: dict[str, Spoken], stage: Stage, say: Say
    ) -> None:
        self._settings = settings
        self._expected = {model: said.calculations for model, said in spoken.items()}
        self._unverified = [model for model, said in spoken.items() if said.dialect == "old"]
        self._stage = stage
        self._say = say
        self._gate_open = False
        self._interfaces: dict[str, dict[str, Any]] = {}
        self._flow: dict[str, Any] = {}

    def run(
        self,
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
        started: Callable[[Gate], None],
        reached_end: Callable[[], None],
        turned_away: Callable[[Failure | None], None],
        broke: Callable[[Failure], None],
    ) -> None:
        """Go through the phase.

        `spawn` runs a function in a thread whose failure ends the run; `started` is called when all
        have joined and time is about to start, `reached_end` when the simulated end was reached
        with all of them; `turned_away` when somebody came too late, with the failure that this is,
        or None where it can only have been a stranger; `broke` when HELICS ends the federation and
        says why.
        """
        settings = self._settings
        calculations = sum(self._expected.values())
        check_ports(settings, calculations)
        # The way through the door costs time: only where the broker cannot count far enough.
        inner = INNER if rounds.run_out(settings.duration, calculations, VERSION) else 0

        def refused() -> None:
            if self._gate_open:
                unverified = self._unverified
                turned_away(too_late(settings, unverified) if unverified else None)

        def incompatible(published: str, taken: str) -> None:
            links = wiring.links(self._flow, self._interfaces)
            broke(wiring.incompatible(settings, links, published, taken))

        broker = self._stage.enter(
            lambda: Broker(
                host=settings.host,
                port=settings.port + inner,
                first_core_port=settings.port + first_core_port(settings),
                federates=calculations + 1,
                key=settings.key,
                refused=refused,
                incompatible=incompatible,
            )
        )
        if not inner:
            self._simulate(broker, started, reached_end)
            return
        door = FrontDoor(
            settings.host, settings.port, settings.port + inner, rounds=rounds.Rounds()
        )
        try:
            door.open(spawn)
            broker.entrance = settings.port
            self._simulate(broker, started, reached_end)
        finally:
            door.close()

    def _join(self, broker: Broker) -> Gate:
        """The conductor's own federate. `Failure` where the federation ended before it was in.

        A federation whose only federate leaves is over for HELICS, though others were to come.
        """
        try:
            return Gate(broker, GATE, float(self._settings.duration))
        except Ended as error:
            self._stage.check()
            raise Failure(
                "early",
                f"a model left in the moment in which it joined, and the federation broke: {error}",
                "Look at the ends of the models' logs.",
            ) from error

    def _simulate(
        self, broker: Broker, started: Callable[[Gate], None], reached_end: Callable[[], None]
    ) -> None:
        settings = self._settings
        gate = self._join(broker)
        federates = self._wait_for_federates(broker, gate)
        self._check_wiring(broker)
        started(gate)
        gate.execute()
        self._say("executing", federates=federates)
        granted = gate.travel(self._stage.check)
        self._stage.check()
        if granted < settings.duration:
            raise Failure("broker", f"the federation broke at {granted:g} s of simulated time")
        failure = left_early(broker.left(), [GATE])
        if failure is not None:
            raise failure
        reached_end()
        gate.leave()
        while not broker.wait_for_end(0.5):
            self._stage.check()
        self._stage.check()
        self._stage.leave()

    def _wait_for_federates(self, broker: Broker, gate: Gate) -> list[str]:
        herald = Herald(2, self._settings, self._say)

        def complete() -> bool:
            states = broker.states()
            failure = left_early(roll_call.gone(states), [GATE])
            if failure is not None:
                raise failure
            call = roll_call.of_calculations(states, self._expected, [GATE])
            herald.saw(call)
            return call.complete

        settled = self._settled(lambda: herald.waited)
        for _ in poll(lambda: settled(complete() and not broker.on_the_doorstep()), self._stage):
            herald.waits()
        self._gate_open = True
        broker.dismiss_decoy()

        def not_ready() -> list[str]:
            return [name for name in broker.not_ready() if name != GATE]

        for _ in poll(lambda: complete() and not not_ready(), self._stage):
            herald.waits_for_ready(not_ready)
        federates = sorted(name for name in broker.federates() if name != GATE)
        # Asked now: HELICS ends the federation while it initialises where units do not match.
        self._interfaces = {name: broker.ask_interfaces(name) for name in federates}
        self._flow = broker.ask_data_flow()
        gate.start_initialising()
        for _ in poll(lambda: complete() and gate.arrived, self._stage):
            herald.waits_for_ready(broker.not_ready)
        gate.finish_initialising()
        self._stage.check()
        return federates

    def _settled(self, joining: Callable[[], float]) -> Callable[[bool], bool]:
        """Whether everybody has been there for long enough, told again and again if they are.

        A model that did not report its number can have calculations that nobody declared: these
        get a moment to show up, in proportion to the seconds that joining took.
        """
        since: list[float] = []

        def look(there: bool) -> bool:
            if not there:
                since.clear()
                return False
            now = joining()
            since.append(now)
            moment = min(LONGEST_SETTLING, max(SHORTEST_SETTLING, SETTLING * since[0]))
            return not self._unverified or now - since[0] >= moment

        return look

    def _check_wiring(self, broker: Broker) -> None:
        unknown = broker.ask_unknown_publications()
        if unknown:
            missing = wiring.missing_publications(broker.ask_data_flow(), unknown)
            raise wiring.holes(self._settings, missing)
        idle = [
            name
            for name, interface in self._interfaces.items()
            if not interface.get("inputs") and not broker.ask_period(name)
        ]
        if idle:
            raise wiring.idle(self._settings, idle)
        self._say("wired", units=wiring.units(self._interfaces.values()))


def first_core_port(settings: Settings) -> int:
    """Where phase 2's cores start in the block of ports, behind those of phase 1.

    Each core takes one; apart from those of the models, each phase has two of the conductor's.
    """
    return max(50, 10 + len(settings.models) + 10)


def check_ports(settings: Settings, calculations: int) -> None:
    """`Failure` where the block of ports is too small for that many cores on this machine.

    Whoever reserves the block has to guess the calculations that are not declared.
    """
    needed = first_core_port(settings) + calculations + 3
    if needed <= settings.ports or settings.in_container:
        return
    message = f"{calculations} calculations need {needed} ports, {settings.ports} are reserved"
    undeclared = [model for model in settings.models if model.calculations is None]
    if not undeclared:
        raise Failure("broker", message, "Run fewer models: `models: n` at a service.")
    raise Failure(
        "calculations",
        message,
        f"Write `calculations: n` at {services_of(undeclared)} in the service definition, n being "
        "the number of calculations that the service adds: then as many as these need are "
        "reserved. Or run fewer models: `models: n`.",
        [model.id for model in undeclared],
    )
