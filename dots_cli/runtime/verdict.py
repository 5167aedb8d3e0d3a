"""Decides how a run ended from what was seen of it. Pure: no clock, no files, no processes.

The first cause counts, for one failure brings others with it. A cause that may itself be the
consequence of another (a model that left early, a broker that lost somebody) waits for `SETTLE`
seconds, in which a more telling one may arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dots_cli.errors import DotsError, ExitCode
from dots_cli.runtime.events import Outcome
from dots_cli.runtime.os_processes import describe_exit

SETTLE = 0.3

StopReason = Literal["interrupted", "terminated", "stopped"]

_STOPS: dict[str, tuple[str, ExitCode]] = {
    "interrupted": ("stopped by Ctrl-C", ExitCode.INTERRUPTED),
    "terminated": ("stopped by SIGTERM", ExitCode.TERMINATED),
    "stopped": ("stopped on request", ExitCode.STOPPED),
}

_REFUSED = (
    "The model's log has the whole answer. Where that is a `field type conflict`, let the service "
    "write one type all the time: `float(value)`. In containers earlier runs count, too."
)
_CONDUCTOR_FAILURES: dict[str, tuple[Outcome, str, ExitCode]] = {
    "join": ("timed_out", "join", ExitCode.TIMED_OUT),
    "stalled": ("stalled", "step", ExitCode.STALLED),
    "calculations": ("failed", "definition", ExitCode.INPUT),
    "wiring": ("failed", "definition", ExitCode.INPUT),
    "idle": ("failed", "definition", ExitCode.INPUT),
    "early": ("failed", "model", ExitCode.MODEL),
    "unexpected": ("failed", "federation", ExitCode.CONDUCTOR),
}


@dataclass(frozen=True)
class Verdict:
    """How a run ended, as `verdict.json` holds it."""

    verdict: Outcome
    cause: str
    model: str | None
    message: str
    exit_code: int
    hint: str = ""


class Judge:
    """Collects what happens to one run; `verdict` is None until it is decided."""

    def __init__(self, models: Iterable[str], external: Iterable[str] = ()) -> None:
        """`external` are those of the models whose exit code nobody learns."""
        self.verdict: Verdict | None = None
        self.simulation_ended = False
        self.conductor_ended = False
        self.running: set[str] = set(models)
        self._external = frozenset(external)
        self._joined: set[str] = set()
        self._seen: set[str] = set()
        self._waiting: tuple[float, Verdict] | None = None
        self._spoilt = False
        self._refusals: dict[str | None, str] = {}

    def model_started(self, name: str) -> None:
        """A model's process can be seen."""
        self._seen.add(name)

    def has_been_seen(self, name: str) -> bool:
        """Whether a model had a process that could be seen."""
        return name in self._seen

    def models_joined(self, names: Iterable[str]) -> None:
        """These are in the federation."""
        self._joined.update(names)

    def may_come_again(self, name: str) -> bool:
        """Whether a model that ended has nothing spoilt: its author starts it once more."""
        return name in self._external and name not in self._joined

    def model_ended(
        self, name: str, code: int, now: float, detail: str = "", *, forced: bool = False
    ) -> None:
        """A model's process is gone; `forced` where it was made to end."""
        if self.may_come_again(name):
            return
        self.running.discard(name)
        self._spoilt |= forced or code != 0
        words = detail or describe_exit(code)
        if code != 0:
            message = f"{name} {words}"
            hint = ""
            refusal = self._refusals.get(name) or self._refusals.get(None)
            if refusal and self.simulation_ended:
                message += f" after the store refused data: {refusal}"
                hint = _REFUSED
            self._decide(Verdict("failed", "model", name, message, ExitCode.MODEL, hint))
        elif not self.simulation_ended:
            how = "ended" if name in self._external else "exited with code 0"
            message = f"{name} {how} before the simulated end"
            self._suspect(Verdict("failed", "model", name, message, ExitCode.MODEL), now)
        self._succeed_if_whole()

    def model_stayed(self, name: str, seconds: float) -> None:
        """The simulation is over and a model neither ends nor works."""
        message = (
            f"{name} did not end within {seconds:.0f} s of the end of the simulation "
            "although it does nothing: a calculation may have failed"
        )
        self._decide(Verdict("failed", "model", name, message, ExitCode.MODEL))

    def simulation_reached_its_end(self) -> None:
        """Simulated time is at the end and every planned federate is there."""
        self.simulation_ended = True
        self._waiting = None

    def conductor_failed(
        self, kind: str, models: Sequence[str], message: str, hint: str, now: float
    ) -> None:
        """The conductor has ended the federation and says why."""
        default: tuple[Outcome, str, ExitCode] = ("failed", "conductor", ExitCode.CONDUCTOR)
        outcome, cause, code = _CONDUCTOR_FAILURES.get(kind, default)
        model = models[0] if models else None
        verdict = Verdict(outcome, cause, model, message, code, hint)
        if kind in ("early", "broker", "internal"):
            self._suspect(verdict, now)
        else:
            self._decide(verdict)

    def conductor_process_ended(self, code: int, now: float, detail: str = "") -> None:
        """The conductor's process is gone; right only after the simulation has ended."""
        self.conductor_ended = True
        if code != 0 or not self.simulation_ended:
            message = f"the conductor {detail or describe_exit(code)}"
            verdict = Verdict("failed", "conductor", None, message, ExitCode.CONDUCTOR)
            self._suspect(verdict, now)
        self._succeed_if_whole()

    def conductor_hangs(self, seconds: float) -> None:
        """The conductor runs, and has said nothing for longer than it would wait for anybody."""
        message = f"the conductor has not said anything for {seconds:.0f} s"
        self._decide(Verdict("failed", "conductor", None, message, ExitCode.CONDUCTOR))

    def store_ended(self, code: int, detail: str = "") -> None:
        """The store's process is gone while models may still write."""
        message = f"the store {detail or describe_exit(code)}"
        self._decide(Verdict("failed", "store", None, message, ExitCode.STORE))

    def store_refused(self, message: str, model: str | None = None) -> None:
        """The store has not taken data; a model may only log that, so it is kept in mind.

        It is told in another way than the ends of models are, and may be heard after the last.
        """
        self._refusals.setdefault(model, message)
        if self.verdict is not None and self.verdict.verdict == "succeeded":
            self.verdict = self._store_failed()

    def stop_requested(self, reason: StopReason) -> None:
        """Somebody asked the run to end."""
        message, code = _STOPS[reason]
        self._decide(Verdict("stopped", reason, None, message, code))

    def run_took_too_long(self, limit: float, where: str) -> None:
        """The limit for the whole run has passed."""
        message = f"the run took longer than its limit of {limit:.0f} s ({where})"
        hint = "give it more time: `--limit-run`, or `limits: {run: ...}` in the definition"
        self._decide(Verdict("timed_out", "run", None, message, ExitCode.TIMED_OUT, hint))

    def could_not_start(self, error: Exception) -> None:
        """A service cannot be made ready, or a process cannot be started."""
        if isinstance(error, DotsError):
            cause = "definition" if error.exit_code == ExitCode.INPUT else "environment"
            self._decide(
                Verdict("failed", cause, None, error.message, int(error.exit_code), error.hint)
            )
        else:
            message = f"{type(error).__name__}: {error}"
            self._decide(Verdict("failed", "bug", None, message, ExitCode.BUG))

    def machine_failed(self, message: str, hint: str) -> None:
        """The machine itself is the cause, a full disk for instance; outranks what follows it."""
        self.verdict = Verdict("failed", "environment", None, message, ExitCode.ENVIRONMENT, hint)

    def settle(self, now: float) -> None:
        """Decide what has waited long enough for a more telling cause."""
        if self._waiting and now - self._waiting[0] >= SETTLE:
            self._decide(self._waiting[1])

    def _suspect(self, verdict: Verdict, now: float) -> None:
        if self._waiting is None:
            self._waiting = (now, verdict)
        elif self._waiting[1].model is None and verdict.model is not None:
            self._waiting = (self._waiting[0], verdict)

    def _decide(self, verdict: Verdict) -> None:
        if self.verdict is None:
            self.verdict = replace(verdict, exit_code=int(verdict.exit_code))

    def _succeed_if_whole(self) -> None:
        whole = self.simulation_ended and self.conductor_ended and not self.running
        if not whole or self._waiting is not None:
            return
        if self.verdict is not None and self.verdict.verdict == "stopped" and not self._spoilt:
            # The wish came too late to cut anything off: nothing of the results is missing.
            self.verdict = None
        if self._refusals:
            self._decide(self._store_failed())
        self._decide(Verdict("succeeded", "end", None, "succeeded", int(ExitCode.SUCCEEDED)))

    def _store_failed(self) -> Verdict:
        model, why = next(iter(self._refusals.items()))
        whose = f" of {model}" if model else ""
        message = f"the store refused data{whose}: {why}"
        return Verdict("failed", "store", model, message, int(ExitCode.STORE), _REFUSED)
