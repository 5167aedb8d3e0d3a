"""What conductor and store say, passed on to those whom it concerns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from dots_cli.plan.model import Plan
from dots_cli.render.run_folder import RunFolder, write_atomically
from dots_cli.runtime.events import (
    Event,
    Executing,
    Joining,
    Notice,
    Paused,
    Progress,
    Resumed,
    SimulationEnded,
)
from dots_cli.runtime.limits import Watchdog
from dots_cli.runtime.recording import with_place
from dots_cli.runtime.soundings import Sounder
from dots_cli.runtime.verdict import Judge

LINE = 2000
"""Characters of a line that is not understood that go into our log."""


class Hearing:
    """The lines of JSON that conductor and store print, see docs/protocol.md.

    `simulated` seconds have been told of by now; `executing` once simulated time has begun;
    `failed` once the conductor has ended the federation for a failure.
    """

    def __init__(
        self,
        folder: RunFolder,
        plan: Plan,
        judge: Judge,
        watchdog: Watchdog,
        sounder: Sounder,
        *,
        emit: Callable[[Event], None],
        log: Callable[[str], None],
        federation_left: Callable[[float], None],
    ) -> None:
        self._folder = folder
        self._plan = plan
        self._judge = judge
        self._watchdog = watchdog
        self._sounder = sounder
        self._emit = emit
        self._log = log
        self._federation_left = federation_left
        self.store_listens = not any(c.role == "store" for c in plan.containers)
        self.executing = self.failed = False
        self.simulated = 0.0

    def hear(self, name: str, line: str, running: Mapping[str, str], now: float) -> None:
        """A line of the process of that name; `running` has the roles of all, by name."""
        role = running.get(name)
        if role == "conductor":
            self._watchdog.conductor_spoke(now, executing=self.executing)
        try:
            said: dict[str, Any] = dict(json.loads(line))
            event = Event.from_json(line)
        except (ValueError, TypeError, AttributeError):
            self._log(f"{name} said: {line[:LINE]}")
            return
        match said.get("event"):
            case "listening" if role == "store":
                self.store_listens = True
            case _ if self._sounder.is_on and role == "conductor":
                self.complain(self._sounder.hear(said), now)
            case "failed" if said.get("kind") == "idle" and self._sounder.begin(said, running, now):
                names = ", ".join(said["models"])
                self._emit(Notice(message=f"starting {names} once more to learn what is missing"))
            case "failed":
                self.complain(said, now)
                self.failed = True
                self._federation_left(now)
            case "refused":
                self._judge.store_refused(str(said.get("message", "")), said.get("model"))
            case "wired":
                write_atomically(self._folder.units, json.dumps(said.get("units", {}), indent=1))
            case "stopped":
                if (simulated := said.get("simulated", 0.0)) > self.simulated:
                    self._note(Progress(simulated=simulated), now)
                self._federation_left(now)
            case _:
                self._note(event, now)

    def complain(self, said: Mapping[str, Any] | None, now: float) -> None:
        """Let the judge know what the conductor says has failed; nothing where it says nothing."""
        if said is not None:
            kind, message = said.get("kind", "internal"), said.get("message", "it does not say why")
            models, hint = said.get("models", []), said.get("hint", "")
            if kind == "calculations":
                hint = with_place(hint, self._folder, self._plan, models)
            self._judge.conductor_failed(kind, models, message, hint, now)

    def _note(self, event: Event | None, now: float) -> None:
        match event:
            case None:
                return
            case Progress(simulated=simulated):
                self.simulated = simulated
            case Joining(joined=joined):
                self._judge.models_joined(joined)
            case Executing():
                self.executing = True
            case Paused():
                self._watchdog.paused(now)
            case Resumed():
                self._watchdog.resumed(now)
            case SimulationEnded():
                self.simulated = self._plan.simulation.duration
                self._judge.simulation_reached_its_end()
        self._emit(event)
