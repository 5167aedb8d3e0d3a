"""Brings a run's processes to their end, politely first, in steps that each have a time limit.

A stopped run: time barrier and quiet (the conductor's work), then the models write and leave, then
SIGTERM, then SIGKILL. After a failure there is no quiet to wait for: the federation is ended at
once, what survives may write, then the same. After the simulated end models have left by
themselves and write, and so they do where the conductor has ended the federation by itself: they
are only waited for. The store ends last, for models write to it.
"""

from __future__ import annotations

from collections.abc import Mapping

from dots_cli.runtime.base import Runtime
from dots_cli.runtime.verdict import Verdict

QUIET = 25.0
"""For the federation to come to rest at a step's edge."""
WRITE = 30.0
"""For models to write what they hold after a polite stop."""
WRITE_OF_SURVIVORS = 8.0
"""The same after a failure: whoever was waiting for inputs then never leaves its loop."""
WRITE_AFTER_FAILURE = 3.0
TERMINATE = 2.0
"""Between SIGTERM and SIGKILL."""
GONE = 5.0
"""After SIGKILL."""
LINGER = 0.5
"""For the conductor to end by itself after the last model: HELICS can take seconds to close."""


class Ending:
    """The last part of a run; `go_on` is called until `is_over`.

    `running` is what still runs, role by name; `simulated` says that the simulated end was reached
    before, `failed` that the conductor has ended a federation that simulated, and said why.
    `forces` is true from the moment on in which somebody is made to end.
    """

    def __init__(
        self,
        runtime: Runtime,
        running: Mapping[str, str],
        verdict: Verdict,
        now: float,
        *,
        simulated: bool = False,
        failed: bool = False,
    ) -> None:
        self._runtime = runtime
        # A model that has left too early is writing as well: an exception is no loss of results.
        left = failed and verdict.cause == "model"
        self._culprit = None if left else verdict.model
        self._write = _patience(verdict)
        write = self._write if simulated or failed else 0.0
        self._steps = _steps(verdict, running, write, left=failed)
        self._only_writing = False
        self.forces = False
        self._deadline = now
        self._store_asked = False
        self._killed = False
        self._hurried = False
        self._next(now, running)

    def go_on(self, now: float, running: Mapping[str, str]) -> None:
        """Take the next step where the time of the last one is over."""
        if not _workers(running):
            self._end_store(now, sorted(running))
            return
        if "model" not in running.values():
            self._hurry(now)
        if now >= self._deadline or (self._only_writing and not self._writers(running)):
            self._next(now, running)

    def federation_left(self, now: float, *, simulated: bool) -> None:
        """The conductor has released the models; they write now, if they have simulated at all."""
        if self.forces:
            return
        self._steps = [step for step in self._steps if step[0] != "disconnect"]
        self._deadline = now + (self._write if simulated else WRITE_AFTER_FAILURE)

    def at_once(self) -> None:
        """SIGKILL is the next step, and it is due."""
        self.forces = True
        self._steps = [step for step in self._steps if step[0] == "kill"]
        self._deadline = 0.0

    def is_over(self, running: Mapping[str, str]) -> bool:
        """Whether nothing is left, or nothing more can be done."""
        return not running or self._killed

    def _next(self, now: float, running: Mapping[str, str]) -> None:
        if not self._steps:
            self._killed = True
            return
        action, seconds = self._steps.pop(0)
        self._deadline = now + seconds
        self._only_writing = action == "write"
        self.forces |= action in ("terminate", "kill")
        workers = _workers(running)
        match action:
            case "stop" | "disconnect":
                self._runtime.tell_conductor({"command": action})
            case "terminate":
                self._runtime.ask_to_end(workers)
            case "kill":
                self._runtime.kill(workers)

    def _writers(self, running: Mapping[str, str]) -> list[str]:
        """Models that may still write; whoever has failed is not waited for."""
        return [n for n, role in running.items() if role == "model" and n != self._culprit]

    def _hurry(self, now: float) -> None:
        """Nobody needs the conductor any more."""
        if not self._hurried:
            self._hurried = True
            self._only_writing = False
            self._steps = [step for step in self._steps if step[0] == "kill"]
            self._deadline = min(self._deadline, now + LINGER)

    def _end_store(self, now: float, stores: list[str]) -> None:
        if not self._store_asked:
            self._store_asked = True
            self._deadline = now + TERMINATE
            self._runtime.ask_to_end(stores)
        elif now >= self._deadline:
            self._runtime.kill(stores)
            self._killed = True


def _workers(running: Mapping[str, str]) -> list[str]:
    return sorted(name for name, role in running.items() if role != "store")


def _patience(verdict: Verdict) -> float:
    if verdict.verdict == "stopped":
        return WRITE
    # Without a store there is nothing to wait for but that they notice.
    return WRITE_AFTER_FAILURE if verdict.cause == "store" else WRITE_OF_SURVIVORS


def _steps(
    verdict: Verdict, running: Mapping[str, str], write: float, *, left: bool
) -> list[tuple[str, float]]:
    """`write` is how many seconds models may write that the conductor need not let go any more.

    `left` says that it has let them go, though it may still run.
    """
    if verdict.verdict == "succeeded":
        return [("kill", GONE)]
    forced = [("terminate", TERMINATE), ("kill", GONE)]
    if left or "conductor" not in running.values():
        if write:
            return [("write", write), *forced]
        # Models notice the loss of their broker only after half a minute or more.
        return forced
    if verdict.verdict == "stopped":
        return [("stop", QUIET), ("disconnect", WRITE_AFTER_FAILURE), *forced]
    return [("disconnect", WRITE_AFTER_FAILURE), *forced]
