"""The conductor's own federates: what HELICS is asked to do in the name of one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import helics as h

from .broker import Broker
from .failure import Ended
from .inside import inside


class Federate:
    """A federate of the conductor's own. HELICS' complaints become `Ended`: its broker is gone."""

    def __init__(self, federate: Any) -> None:
        self._federate = federate

    def start_initialising(self) -> None:
        """Ask to be initialised, without waiting; see `arrived`."""
        with _inside_helics():
            h.helicsFederateEnterInitializingModeAsync(self._federate)

    def finish_initialising(self) -> None:
        """All federates have asked to be initialised: their interfaces are known."""
        with _inside_helics():
            h.helicsFederateEnterInitializingModeComplete(self._federate)

    @property
    def arrived(self) -> bool:
        """Whether what was started has come to its end."""
        with _inside_helics():
            return bool(h.helicsFederateIsAsyncOperationCompleted(self._federate))

    def execute(self) -> None:
        """Enter executing mode; everybody else does so too."""
        with _inside_helics():
            h.helicsFederateEnterExecutingMode(self._federate)

    def request(self, simulated: float) -> float:
        """Wait for simulated time; the time granted."""
        with _inside_helics():
            return float(h.helicsFederateRequestTime(self._federate, simulated))

    def leave(self) -> None:
        """Disconnect from the federation."""
        with _inside_helics():
            h.helicsFederateDisconnect(self._federate)


class Mailbox(Federate):
    """A federate that sends and receives messages, at an endpoint of its own."""

    def __init__(self, broker: Broker, name: str, endpoint: str) -> None:
        with _inside_helics():
            info = h.helicsCreateFederateInfo()
            h.helicsFederateInfoSetCoreName(info, broker.core(f"{name}_core", 1))
            federate = h.helicsCreateMessageFederate(name, info)
            self._endpoint = h.helicsFederateRegisterEndpoint(federate, endpoint)
        super().__init__(federate)

    def send(self, destination: str, text: bytes) -> None:
        """Send a message; it arrives at the simulated time of now."""
        with _inside_helics():
            h.helicsEndpointSendBytesTo(self._endpoint, text, destination)

    def received(self) -> list[tuple[str, str]]:
        """The messages that have come: source endpoint and text."""
        messages = []
        with _inside_helics():
            while h.helicsEndpointHasMessage(self._endpoint):
                message = h.helicsEndpointGetMessage(self._endpoint)
                messages.append(
                    (h.helicsMessageGetSource(message), h.helicsMessageGetString(message))
                )
        return messages

    def block(self, name: str, at: float) -> None:
        """Let the federate of that name alone be granted no time from `at` on."""
        with _inside_helics():
            h.helicsFederateSendCommand(self._federate, name, f"set barrier {at:.0f} {BLOCK}")


BLOCK = 7
"""HELICS tells the barriers of one federate apart by a number; its own have the broker's id, 1."""


@contextlib.contextmanager
def _inside_helics() -> Iterator[None]:
    try:
        with inside():
            yield
    except h.HelicsException as error:
        raise Ended(str(error)) from error
