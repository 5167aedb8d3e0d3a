"""Phase 1: all models join, say how many calculations they have, and receive the ESDL."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from . import roll_call
from .failure import Failure
from .federation import MAX_TIME, Broker, Sender, Stage, poll
from .front_door import FrontDoor
from .settings import Settings

SENDER = "broker_initialization_federate"
ENDPOINT = "broker_endpoint_amount_of_calculations"
PART = 10_000_000
"""Characters of base64 text per message."""

Say = Callable[..., None]


@dataclass(frozen=True)
class Spoken:
    """What a model turned out to be."""

    dialect: Literal["old", "new"]
    reported: int | None


class Phase1:
    """The federation that hands the ESDL out."""

    def __init__(self, settings: Settings, stage: Stage, say: Say) -> None:
        self._settings = settings
        self._stage = stage
        self._say = say
        self._reported: dict[str, str] = {}

    def run(self, spawn: Callable[[str, Callable[[], None]], threading.Thread]) -> dict[str, int]:
        """Go through the phase; the number of calculations of each model.

        `spawn` runs a function in a thread whose failure ends the run.
        """
        settings = self._settings
        parts = esdl_parts(settings)
        broker = self._stage.enter(
            lambda: Broker(
                host=settings.host,
                port=settings.port + 2,
                first_core_port=settings.port + 10,
                federates=len(settings.models) + 1,
                key=settings.key,
                global_time=False,
            )
        )
        door = FrontDoor(settings.host, settings.port, settings.port + 2)
        try:
            door.open(spawn)
            sender = Sender(broker, SENDER, ENDPOINT)
            self._say("listening", port=settings.port)
            self._wait_for_models(broker, sender)
            door.close_entrance()
            calculations = self._hand_out(broker, sender, parts)
            for _ in poll(lambda: broker.wait_for_end(0.5), self._stage):
                pass
            self._stage.leave()
        finally:
            door.close()
        self._say("handed_out")
        return calculations

    def _wait_for_models(self, broker: Broker, sender: Sender) -> None:
        expected = [model.id for model in self._settings.models]
        herald = Herald(1, self._say, self._settings.limits.join)

        def complete() -> bool:
            call = roll_call.of_models(broker.federates(), expected, [SENDER])
            herald.saw(call)
            return call.complete

        for waited in poll(complete, self._stage):
            herald.waited(waited)
        sender.start_initialising()
        for waited in poll(lambda: sender.arrived, self._stage):
            herald.waited_for_ready(waited, broker.not_ready)
        sender.finish_initialising()
        sender.execute()

    def _hand_out(self, broker: Broker, sender: Sender, parts: list[bytes]) -> dict[str, int]:
        """Send one part at each whole second from 2 on; before it, see what the models said."""
        self._reach(sender, 2.0)
        spoken = spoken_by(self._settings, broker.endpoints(), self._reported)
        calculations = agreed_calculations(self._settings, spoken)
        for name, count in calculations.items():
            self._say("dialect", model=name, dialect=spoken[name].dialect, calculations=count)
        for number, part in enumerate(parts):
            self._reach(sender, 2.0 + number)
            for model in self._settings.models:
                sender.send(f"{model.id}/esdl", part)
        self._reach(sender, MAX_TIME)
        sender.leave()
        return calculations

    def _reach(self, sender: Sender, simulated: float) -> None:
        granted = 0.0
        while granted < simulated:
            granted = sender.request(simulated)
            self._reported.update(sender.received())
            self._stage.check()


class Herald:
    """Says who has joined and who is missing: on every change, and now and then while it lasts."""

    def __init__(self, phase: int, say: Say, limit: float) -> None:
        self._phase = phase
        self._say = say
        self._limit = limit
        self._call = roll_call.RollCall((), (), ())
        self._waited = 0.0
        self._next = 5.0

    def saw(self, call: roll_call.RollCall) -> None:
        """Take note of who is there; `Failure` where somebody is whom nobody planned."""
        if call.unexpected:
            raise unexpected(call.unexpected)
        if call != self._call:
            self._call = call
            self._tell(call.missing)

    def waited(self, seconds: float) -> None:
        """Take note of the time that has passed; `Failure` where it was too much."""
        self._waited = seconds
        self._watch_limit(list(self._call.missing), "has not joined", "have not joined")

    def waited_for_ready(self, seconds: float, not_ready: Callable[[], list[str]]) -> None:
        """All have joined, some are not yet ready to start."""
        self._waited = seconds
        if seconds >= self._next or seconds >= self._limit:
            models = sorted({name.split("/", 1)[0] for name in not_ready()})
            self._watch_limit(
                models, "joined but did not get ready", "joined but did not get ready"
            )

    def _watch_limit(self, models: list[str], one: str, many: str) -> None:
        if self._waited >= self._limit:
            names = ", ".join(models) or "a federate"
            raise Failure(
                "join",
                f"{names} {one if len(models) == 1 else many} phase {self._phase} within "
                f"{self._limit:g} s",
                "Look at the end of its log; give it longer with the limit `join`.",
                models,
            )
        if self._waited >= self._next:
            self._next += 5.0 if self._next < 30.0 else 30.0
            self._tell(models)

    def _tell(self, missing: list[str] | tuple[str, ...]) -> None:
        joined = [model for model in self._call.joined if model not in missing]
        self._say(
            "joining",
            phase=self._phase,
            joined=joined,
            missing=list(missing),
            waited=round(self._waited, 1),
        )


def esdl_parts(settings: Settings) -> list[bytes]:
    """The ESDL as models want it: base64, in parts. Without a byte order mark: they choke on it."""
    try:
        data = settings.esdl.read_bytes()
    except OSError as error:
        raise Failure("internal", f"the ESDL file cannot be read: {error}") from error
    text = base64.b64encode(data.removeprefix(b"\xef\xbb\xbf"))
    return [text[start : start + PART] for start in range(0, len(text), PART)]


def spoken_by(
    settings: Settings, endpoints: list[str], reported: Mapping[str, str]
) -> dict[str, Spoken]:
    """What each model speaks: a new one has a second endpoint and has sent a number from it."""
    known = set(endpoints)
    spoken = {}
    for model in settings.models:
        own = f"{model.id}/{model.id}"
        text = reported.get(own)
        if own not in known and text is None:
            spoken[model.id] = Spoken("old", None)
        else:
            spoken[model.id] = Spoken("new", _number(model.id, text))
    return spoken


def agreed_calculations(settings: Settings, spoken: Mapping[str, Spoken]) -> dict[str, int]:
    """The number of calculations of each model; `Failure` where nobody says it or two disagree."""
    silent: dict[str, list[str]] = {}
    wrong = []
    agreed = {}
    for model in settings.models:
        reported = spoken[model.id].reported
        if reported is None and model.calculations is None:
            silent.setdefault(model.service, []).append(model.id)
        elif reported is not None and model.calculations not in (None, reported):
            wrong.append((model, reported))
        else:
            agreed[model.id] = reported if reported is not None else model.calculations or 0
    if wrong:
        model, reported = wrong[0]
        raise Failure(
            "calculations",
            f"{model.id} has {_counted(reported)}, but the service {model.service} is declared "
            f"with {_counted(model.calculations or 0)}",
            f"Write `calculations: {reported}` at the service {model.service}, or leave the line "
            "out: this model reports its number itself.",
            [model.id for model, _ in wrong],
        )
    if silent:
        services = ", ".join(silent)
        raise Failure(
            "calculations",
            f"the models of {services} do not say how many calculations they have: they are built "
            "on dots-infrastructure before 1.0.5",
            f"Write `calculations: n` at the service {services} in the service definition, where n "
            "is the number of calculations that the service adds.",
            [model for models in silent.values() for model in models],
        )
    return agreed


def unexpected(names: tuple[str, ...]) -> Failure:
    """A federate is there that nobody planned: the federation must not start with it."""
    return Failure(
        "unexpected",
        f"{', '.join(names)} joined the federation, which nobody planned",
        "Check `calculations` of that service: it must be the number of calculations of one model. "
        "A name of no model of this run is a program of somebody else.",
        sorted({name.split("/", 1)[0] for name in names if "/" in name}),
    )


def _number(model: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise Failure(
            "calculations", f"{model} reported {text!r} as its number of calculations", "", [model]
        ) from None


def _counted(number: int) -> str:
    return f"{number} calculation" if number == 1 else f"{number} calculations"
