"""Phase 1: all models join, say how many calculations they have, and receive the ESDL."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from . import roll_call
from .broker import MAX_TIME, Broker
from .failure import Failure
from .federates import Mailbox
from .front_door import FrontDoor
from .herald import Herald
from .settings import Model, Settings
from .speak import Say
from .stage import Stage, poll
from .whereabouts import left_early

SENDER = "broker_initialization_federate"
ENDPOINT = "broker_endpoint_amount_of_calculations"
FIRST_CORE_PORT = 10
PART = 10_000_000
"""Characters of base64 text per message."""


@dataclass(frozen=True)
class Spoken:
    """What a model turned out to be; an old one's number is what was declared."""

    dialect: Literal["old", "new"]
    calculations: int


class Phase1:
    """The federation that hands the ESDL out."""

    def __init__(self, settings: Settings, stage: Stage, say: Say) -> None:
        self._settings = settings
        self._stage = stage
        self._say = say
        self._reported: dict[str, str] = {}

    def run(
        self,
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
        handing_out: Callable[[], None],
    ) -> dict[str, Spoken]:
        """Go through the phase; what each model turned out to be.

        `spawn` runs a function in a thread whose failure ends the run; `handing_out` is called
        when all have joined.
        """
        settings = self._settings
        parts = esdl_parts(settings)
        broker = self._stage.enter(
            lambda: Broker(
                host=settings.host,
                port=settings.port + 2,
                first_core_port=settings.port + FIRST_CORE_PORT,
                federates=len(settings.models) + 1,
                key=settings.key,
            )
        )
        door = FrontDoor(settings.host, settings.port, settings.port + 2, settings.key)
        try:
            sender = Mailbox(broker, SENDER, ENDPOINT)
            broker.dismiss_decoy()
            door.open(spawn)
            self._say("listening", port=settings.port)
            self._wait_for_models(broker, sender)
            door.close_entrance()
            handing_out()
            spoken = self._hand_out(broker, sender, parts)
            while not broker.wait_for_end(0.5):
                self._stage.check()
            self._stage.leave()
        finally:
            door.close()
        self._say("handed_out")
        return spoken

    def _wait_for_models(self, broker: Broker, sender: Mailbox) -> None:
        expected = [model.id for model in self._settings.models]
        herald = Herald(1, self._settings, self._say)

        def complete() -> bool:
            states = broker.states()
            failure = left_early(roll_call.gone(states), [SENDER])
            if failure is not None:
                raise failure
            call = roll_call.of_models(states, expected, [SENDER])
            herald.saw(call)
            return call.complete

        for _ in poll(complete, self._stage):
            herald.waits()
        sender.start_initialising()
        for _ in poll(lambda: complete() and sender.arrived, self._stage):
            herald.waits_for_ready(broker.not_ready)
        sender.finish_initialising()
        sender.execute()

    def _hand_out(self, broker: Broker, sender: Mailbox, parts: list[bytes]) -> dict[str, Spoken]:
        """Send one part at each whole second from 2 on; before it, see what the models said."""
        self._reach(sender, 2.0)
        spoken = spoken_by(self._settings, broker.endpoints(), self._reported)
        for name, said in spoken.items():
            self._say("dialect", model=name, dialect=said.dialect, calculations=said.calculations)
        for number, part in enumerate(parts):
            self._reach(sender, 2.0 + number)
            for model in self._settings.models:
                sender.send(f"{model.id}/esdl", part)
        self._reach(sender, MAX_TIME)
        sender.leave()
        return spoken

    def _reach(self, sender: Mailbox, simulated: float) -> None:
        granted = 0.0
        while granted < simulated:
            granted = sender.request(simulated)
            self._reported.update(sender.received())
            self._stage.check()


def esdl_parts(settings: Settings) -> list[bytes]:
    """The ESDL as models want it: base64, in parts. Without a byte order mark: they choke on it."""
    try:
        data = settings.esdl.read_bytes()
    except OSError as error:
        raise Failure("internal", f"the ESDL file cannot be read: {error}") from error
    text = base64.b64encode(data.removeprefix(b"\xef\xbb\xbf"))
    return [text[start : start + PART] for start in range(0, len(text), PART)]


def spoken_by(
    settings: Settings, endpoints: Iterable[str], reported: Mapping[str, str]
) -> dict[str, Spoken]:
    """What each model is: a new one has a second endpoint and has sent a number from it.

    `Failure` of kind `calculations` where nobody knows the number, or two disagree about it.
    """
    known = set(endpoints) | set(reported)
    spoken = {}
    silent = []
    wrong = []
    for model in settings.models:
        own = f"{model.id}/{model.id}"
        number = _number(model.id, reported[own]) if own in reported else None
        if number is not None and model.calculations not in (None, number):
            wrong.append((model, number))
        elif number is None and model.calculations is None:
            silent.append(model)
        else:
            spoken[model.id] = Spoken(
                "new" if own in known else "old",
                number if number is not None else model.calculations or 0,
            )
    if wrong:
        raise _disagreement(wrong)
    if silent:
        raise _undeclared(silent)
    return spoken


def _number(model: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Failure(
            "calculations", f"{model} reported {text!r} as its number of calculations", "", [model]
        ) from None


def _disagreement(wrong: list[tuple[Model, int]]) -> Failure:
    model, number = wrong[0]
    return Failure(
        "calculations",
        f"{model.id} has {_counted(number)}, but the service {model.service} is declared with "
        f"{_counted(model.calculations or 0)}",
        f"Write `calculations: {number}` at the service {model.service}, or leave the line out: "
        "this model reports its number itself.",
        [model.id for model, _ in wrong],
    )


def _undeclared(silent: list[Model]) -> Failure:
    named = services_of(silent)
    return Failure(
        "calculations",
        f"the number of calculations of {named} is not known: its models do not report it "
        "(dots-infrastructure before 1.0.5)",
        f"Write `calculations: n` at {named} in the service definition, n being the number of "
        "calculations that the service adds.",
        [model.id for model in silent],
    )


def services_of(models: Iterable[Model]) -> str:
    """The services of these models in words: `the services home, pv`."""
    services = sorted({model.service for model in models})
    return f"{'the service' if len(services) == 1 else 'the services'} {', '.join(services)}"


def _counted(number: int) -> str:
    return f"{number} calculation" if number == 1 else f"{number} calculations"
