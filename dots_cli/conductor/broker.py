"""The broker, and what can be asked of it. HELICS is known here, in `questions` and `federates`.

Queries named `ask_...` ask the federates and can block for many seconds when one of them was
killed: never from a thread that has to react. The other queries are answered by the broker alone.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import helics as h
from helics.capi import ffi

from . import questions, rounds
from .failure import Ended, Failure
from .inside import inside
from .ports import probe

MAX_TIME: float = h.HELICS_TIME_MAXTIME
VERSION: str = h.helicsGetVersion()
QUIET = "--loglevel=no_print"
REFUSED = re.compile(r"got disconnect from \S+\(0\)")
UNITS = re.compile(r"source has incompatible unit: (.*) is not convertible to (.*)$")
TWICE = re.compile(r"^duplicate publication names \((.*)\)$", re.IGNORECASE)

_listeners: list[Any] = []
"""HELICS calls them from threads of its own, nobody knows until when: they are never given back."""


class Broker:
    """The root broker of one phase, listening on `port` and `port + 1`.

    HELICS 3.6.1 takes the farewell of a core that it has just refused (a stranger with another key,
    somebody who is too late) for that of the first core in its list, and everything in that core is
    lost. So the first core is a decoy that holds nothing.

    When a core leaves, HELICS tells the others, and one that has no federate yet (for 0.1 s while
    it joins) leaves too. So the decoy is dismissed when nobody can be joining, and the front door
    keeps strangers waiting. In phase 2 a model can be quicker than the decoy, and join in the very
    moment in which a stranger is refused: that cannot be helped, only be told.

    Time is kept by the broker (`--globaltime`): kept by the federates among themselves it stood
    still for ever in 1 to 6 of 100 federations of phase 1.

    Called from a thread of HELICS: `refused` whenever somebody was not let in, and `incompatible`
    when it ends the federation for an input whose unit (the second) is not made from that of its
    source (the first).
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        first_core_port: int,
        federates: int,
        key: str,
        refused: Callable[[], None] = lambda: None,
        incompatible: Callable[[str, str], None] = lambda published, taken: None,
    ) -> None:
        self._port = self.entrance = port
        self.published_twice: str | None = None
        """The key of a publication that two have registered; HELICS ends the federation for it."""
        self._key = key
        self._refused = refused
        self._incompatible = incompatible
        probe(host, port)
        with inside():
            self._listen(host, first_core_port, federates)
        self._cores: list[Any] = []
        self._decoy = self.core(f"decoy_{port}", 0)

    def _listen(self, host: str, first_core_port: int, federates: int) -> None:
        port = self._port
        init = [
            f"-f {federates}",
            f"--port={port}",
            f"--portstart={first_core_port}",
            f"--brokerkey={self._key}",
            "--ipv4" if host == "0.0.0.0" else "--local_interface=tcp://127.0.0.1",
            "--loglevel=connections",
            "--globaltime",
        ]
        try:
            self._broker = h.helicsCreateBroker("zmq", "", " ".join(init))
        except h.HelicsException as error:
            raise Failure("broker", f"the HELICS broker did not start: {error}") from error
        if not h.helicsBrokerIsConnected(self._broker):
            raise Failure(
                "broker",
                f"the HELICS broker could not listen on port {port} or {port + 1}",
                "Another program took the port; start the run again.",
            )
        listener = ffi.callback("void(int, const char *, const char *, void *)", self._hear)
        _listeners.append(listener)
        h.helicsBrokerSetLoggingCallback(self._broker, listener, ffi.NULL)

    def dismiss_decoy(self) -> None:
        """Let the decoy leave; it has to before time can start. Waits until it is gone."""
        with inside():
            h.helicsCoreDisconnect(self._cores[0])
        deadline = time.monotonic() + 1.0
        while self._decoy_is_there() and time.monotonic() < deadline:
            time.sleep(0.002)

    def _decoy_is_there(self) -> bool:
        cores = self._query("current_state").get("cores", ())
        return any(
            c["attributes"]["name"] == self._decoy for c in cores if c["state"] != "disconnected"
        )

    def wait_for_end(self, seconds: float) -> bool:
        """Wait until every federate has left; False where some are still there."""
        with inside():
            return bool(h.helicsBrokerWaitForDisconnect(self._broker, int(seconds * 1000)))

    def disconnect(self) -> None:
        """End the federation for everybody; models leave their loops. Gives the ports back.

        The broker is not freed: others can be inside it. `close` frees everything at once.
        """
        with inside():
            h.helicsBrokerDisconnect(self._broker)

    def federates(self) -> list[str]:
        """Names of all federates that have ever joined."""
        return list(self._query("federates"))

    def endpoints(self) -> list[str]:
        """Full names of the endpoints of all federates."""
        return list(self._query("endpoints"))

    def states(self) -> dict[str, str]:
        """The state of each federate by name, `disconnected` for one that has left."""
        state = self._query("current_state")
        return {f["attributes"]["name"]: f["state"] for f in state.get("federates", ())}

    def left(self) -> list[str]:
        """Names of the federates that nobody waits for any more when time goes on.

        Each says farewell to who keeps time, then its core does to the broker. On a busy machine a
        whole simulation can lie between the two: `states` tells of the second only.
        """
        kept = {int(ident) for ident in self._query("dependents")}
        state = self._query("current_state")
        return sorted(
            f["attributes"]["name"]
            for f in state.get("federates", ())
            if f["state"] == "disconnected" or f["attributes"]["id"] not in kept
        )

    def on_the_doorstep(self) -> list[str]:
        """Cores that are in and have no federate yet: it comes 0.1 s later."""
        state = self._query("current_state")
        owners = {f["attributes"]["parent"] for f in state.get("federates", ())}
        return [
            core["attributes"]["name"]
            for core in state.get("cores", ())
            if core["state"] == "connected"
            and core["attributes"]["id"] not in owners
            and core["attributes"]["name"] != self._decoy
        ]

    def members(self) -> dict[str, list[str]]:
        """The federates of each core that is there, by the name of the core."""
        state = self._query("current_state")
        names = {c["attributes"]["id"]: c["attributes"]["name"] for c in state.get("cores", ())}
        found: dict[str, list[str]] = {}
        for f in state.get("federates", ()):
            if f["state"] != "disconnected":
                core = names[f["attributes"]["parent"]]
                found.setdefault(core, []).append(f["attributes"]["name"])
        return found

    def not_ready(self) -> list[str]:
        """Federates that have joined and have not yet asked to be initialised."""
        state = self._query("current_state")
        waiting = {
            core["attributes"]["id"]
            for core in state.get("cores", ())
            if core["state"] == "connected"
        }
        return [
            f["attributes"]["name"]
            for f in state.get("federates", ())
            if f["attributes"]["parent"] in waiting
        ]

    def time(self) -> float:
        """The simulated second that the federation has reached, 0 before it moves."""
        answer = self._query("current_time")
        return max(0.0, float(answer.get("time_next", 0.0)))

    def ask_times(self) -> list[dict[str, Any]]:
        """Name, `granted` time and `granted_mode` (it computes) of each federate still there.

        `Failure` where the broker has counted to where it can count no further; see `rounds`.
        """
        answer = self._query("global_time_debugging")
        rounds.check(answer.get("time", {}).get("sequenceCounter", 0), self.entrance != self._port)
        return [
            {
                "name": f["attributes"]["name"],
                "granted": float(f["granted"]),
                "granted_mode": bool(f["granted_mode"]),
            }
            for core in answer.get("cores", ())
            for f in core.get("federates", ())
        ]

    def ask_core(self, core: str) -> None:
        """Come back when that core has answered; it does so while its federates compute."""
        questions.answer(self._broker, "name", core)

    def ask_unknown_publications(self) -> list[str]:
        """Full keys that somebody subscribes to and nobody publishes."""
        return list(self._query("unconnected_interfaces").get("unknown_publications", ()))

    def ask_data_flow(self) -> dict[str, Any]:
        """The graph of publications and inputs; see `wiring`."""
        return dict(self._query("data_flow_graph"))

    def ask_interfaces(self, federate: str) -> dict[str, Any]:
        """`publications` and `inputs` of a federate with `name` (full key), `type`, `units`."""
        return dict(self._query("interface_details", federate))

    def ask_period(self, federate: str) -> float:
        """The time period of a federate in seconds, 0 for none."""
        return float(self._query("timeconfig", federate).get("period", 0.0))

    def core(self, name: str, federates: int) -> str:
        """Connect a core of the conductor's own; its name. `Ended` where the broker has ended.

        Early, before models knock: see above.
        """
        joining = f"--broker=127.0.0.1 --brokerport={self.entrance} --brokerkey={self._key} {QUIET}"
        with inside():
            if not h.helicsBrokerIsConnected(self._broker):
                raise Ended("the broker has ended")  # HELICS would look for it for 20 s
            core = h.helicsCreateCore("zmq", name, f"-f {federates} {joining}")
            h.helicsCoreConnect(core)
        self._cores.append(core)
        # HELICS looks only every 0.1 s whether a federate may join, if its core may not yet.
        time.sleep(0.005)
        return name

    def _hear(self, level: int, who: Any, message: Any, data: Any) -> None:
        text = ffi.string(message).decode("utf-8", "replace")
        if REFUSED.search(text):
            self._refused()
        elif units := UNITS.search(text):
            self._incompatible(units[1], units[2])
        elif self.published_twice is None and (twice := TWICE.search(text)):
            self.published_twice = twice[1]

    def _query(self, what: str, target: str = "root") -> Any:
        return questions.query(self._broker, what, target)


def close(patience: float) -> None:
    """Let HELICS send what it still holds back: a model that misses it waits 20 s for it.

    Frees everything, so not where somebody stays inside, for instance with a question to a model
    that was killed; what was to be sent has had all the patience to be sent then.
    """
    latest = time.monotonic() + patience
    if inside.close(patience):
        closing = threading.Thread(target=h.helicsCloseLibrary, daemon=True)
        closing.start()
        closing.join(max(0.0, latest - time.monotonic()))
