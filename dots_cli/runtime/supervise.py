"""The process that owns one run: starts it, watches it, ends it, records the verdict.

`python -m dots_cli.runtime.supervise FOLDER`, started detached by `launch`. One thread decides;
everything it learns comes through one queue, and requests come as files (see `control`).
"""

from __future__ import annotations

import json
import queue
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from dots_cli.plan import serialise
from dots_cli.plan.model import Plan
from dots_cli.render.run_folder import RunFolder, write_atomically
from dots_cli.runtime import control
from dots_cli.runtime.base import (
    Ended,
    Message,
    PreparationDone,
    RunOptions,
    Runtime,
    Said,
    Started,
)
from dots_cli.runtime.ending import Ending
from dots_cli.runtime.event_log import EventLog
from dots_cli.runtime.events import (
    Event,
    Executing,
    Notice,
    ProcessEnded,
    ProcessStarted,
    Progress,
    RunStarted,
    SimulationEnded,
    Stopping,
    VerdictReached,
)
from dots_cli.runtime.guard_line import GuardLine
from dots_cli.runtime.soundings import Sounder
from dots_cli.runtime.verdict import Judge, Verdict

TICK = 0.1
NEARLY_FULL = 2_000_000
"""Bytes free on the disk below which it, not what failed on it, is the cause."""


class Supervisor:
    """One run from its folder to its verdict."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._plan: Plan = serialise.from_json(folder.plan.read_text(encoding="utf-8"))
        self._queue: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._events = EventLog(folder)
        self._guard = GuardLine(folder.path, folder.log("supervisor"), self._guard_was_replaced)
        self._judge = Judge(model.id for model in self._plan.models)
        self._runtime = self._choose_runtime()
        self._sounder = Sounder(self._plan, self._runtime)
        self._running: dict[str, str] = {}
        self._ending: Ending | None = None
        self._store_listens = not any(c.role == "store" for c in self._plan.containers)
        self._prepared = False
        self._federation_started = False
        self._executing = False
        self._simulated = 0.0
        self._begin = time.monotonic()
        self._written_since: dict[str, tuple[float, float]] = {}

    def run(self) -> Verdict:
        """Run to the end; returns the verdict after it was recorded."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop_from_outside())
        try:
            self._emit(
                RunStarted(
                    run_id=self._plan.run_id,
                    runtime=self._plan.runtime,
                    models=[model.id for model in self._plan.models],
                )
            )
            self._runtime.prepare()
            while not self._is_over():
                self._take_message()
                self._take_requests()
                self._check_limits()
                self._judge.settle(time.monotonic())
                self._go_on()
        except OSError as error:
            self._machine_failed(error)
        except Exception:
            traceback.print_exc()
            self._judge.could_not_start(RuntimeError("the supervisor failed, see its log"))
        return self._finish()

    # What comes in

    def _take_message(self) -> None:
        try:
            message = self._queue.get(timeout=TICK)
        except queue.Empty:
            return
        while True:
            self._handle(message)
            try:
                message = self._queue.get_nowait()
            except queue.Empty:
                return

    def _handle(self, message: Message) -> None:
        now = time.monotonic()
        match message:
            case PreparationDone(error=None, record=record):
                self._prepared = True
                self._write_record(record or {})
                self._guarded(self._runtime.start_store)
            case PreparationDone(error=error) if error is not None:
                self._judge.could_not_start(error)
            case Started(name, role, handle):
                self._running[name] = role
                self._emit(ProcessStarted(name=name, role=role, handle=handle))
            case Said(name, line):
                self._hear(name, line, now)
            case Ended(name, role, code, detail):
                self._running.pop(name, None)
                if self._sounder.is_on and not detail:
                    detail = "was ended to learn what is missing"
                self._emit(ProcessEnded(name=name, role=role, code=code, detail=detail))
                if self._sounder.is_on and role != "store":
                    if role == "conductor":
                        self._complain(self._sounder.conductor_ended(), now)
                elif role == "model":
                    self._judge.model_ended(name, code, now, detail)
                elif role == "conductor":
                    self._judge.conductor_process_ended(code, now, detail)
                elif role == "store" and self._ending is None:
                    self._judge.store_ended(code, detail)
            case Event():
                self._emit(message)

    def _hear(self, name: str, line: str, now: float) -> None:
        try:
            said: dict[str, Any] = json.loads(line)
        except ValueError:
            print(f"{name} said: {line}", file=sys.stderr)
            return
        match said.get("event"):
            case "listening" if self._running.get(name) == "store":
                self._store_listens = True
            case _ if self._sounder.is_on and self._running.get(name) == "conductor":
                self._complain(self._sounder.hear(said), now)
            case "failed" if said["kind"] == "idle" and self._sounder.begin(
                said, self._running, now
            ):
                names = ", ".join(said["models"])
                self._emit(Notice(message=f"starting {names} once more to learn what is missing"))
            case "failed":
                self._complain(said, now)
            case "refused":
                self._judge.store_refused(str(said.get("message", "")), said.get("model"))
            case "wired":
                write_atomically(self._folder.units, json.dumps(said["units"], indent=1))
            case "stopped":
                self._simulated = said.get("simulated", self._simulated)
                if self._ending:
                    self._ending.federation_left(now, simulated=self._executing)
            case _:
                self._note(Event.from_json(line))

    def _complain(self, said: Mapping[str, Any] | None, now: float) -> None:
        if said is not None:
            self._judge.conductor_failed(
                said["kind"], said.get("models", []), said["message"], said.get("hint", ""), now
            )

    def _note(self, event: Event | None) -> None:
        match event:
            case None:
                return
            case Progress(simulated=simulated):
                self._simulated = simulated
            case Executing():
                self._executing = True
            case SimulationEnded():
                self._simulated = self._plan.simulation.duration
                self._judge.simulation_reached_its_end()
        self._emit(event)

    def _take_requests(self) -> None:
        for request in control.take(self._folder):
            match request.kind:
                case "stop":
                    self._judge.stop_requested(request.reason)
                    if request.now and self._ending:
                        self._ending.at_once()
                    elif request.now:
                        self._begin_ending(at_once=True)
                case "pause" | "resume" if self._ending is None:
                    self._runtime.tell_conductor({"command": request.kind, "at": request.at})
                case _:
                    pass

    def _check_limits(self) -> None:
        now = time.monotonic()
        limits = self._plan.limits
        if now - self._begin > limits.run and self._judge.verdict is None:
            where = f"simulated {self._simulated:.0f} s of {self._plan.simulation.duration} s"
            self._judge.run_took_too_long(limits.run, where)
        if self._judge.simulation_ended and self._judge.verdict is None:
            self._check_writers(now)

    def _check_writers(self, now: float) -> None:
        """A model that neither ends nor works after the end of the simulation has failed."""
        for name in sorted(self._judge.running):
            since, seen = self._written_since.get(name, (now, -1.0))
            if seen >= 0 and now - since < 1.0:
                continue
            activity = self._runtime.activity(name)
            if seen < 0 or activity - seen > 0.02 * (now - since):
                self._written_since[name] = (now, activity)
            elif now - since > self._plan.limits.finish:
                self._judge.model_stayed(name, now - since)

    # What goes on

    def _go_on(self) -> None:
        if self._judge.verdict is not None:
            if self._ending is None:
                self._begin_ending(at_once=False)
            assert self._ending is not None
            self._ending.go_on(time.monotonic(), self._running)
        elif self._sounder.is_on:
            now = time.monotonic()
            self._guarded(lambda: self._complain(self._sounder.go_on(self._running, now), now))
        elif self._prepared and self._store_listens and not self._federation_started:
            self._federation_started = True
            self._guarded(self._runtime.start_federation)

    def _begin_ending(self, *, at_once: bool) -> None:
        verdict = self._judge.verdict
        assert verdict is not None
        self._look_at_the_disk()
        verdict = self._judge.verdict or verdict
        if verdict.verdict != "succeeded":
            self._emit(Stopping(reason=verdict.message, model=verdict.model))
        self._ending = Ending(self._runtime, dict(self._running), verdict, time.monotonic())
        if at_once:
            self._ending.at_once()

    def _is_over(self) -> bool:
        return self._ending is not None and self._ending.is_over(self._running)

    def _finish(self) -> Verdict:
        self._runtime.close()
        self._drain()
        verdict = self._judge.verdict
        assert verdict is not None
        self._folder.reserve.unlink(missing_ok=True)
        fields = {k: v for k, v in asdict(verdict).items() if k != "hint"}
        if verdict.hint:
            fields["message"] += f"\n{verdict.hint}"
        write_atomically(self._folder.verdict, json.dumps(fields, indent=1) + "\n")
        self._emit(VerdictReached(**fields))
        self._events.close()
        self._guard.dismiss()
        return verdict

    def _drain(self) -> None:
        """Record the ends that came while the runtime was closed."""
        try:
            while True:
                message = self._queue.get_nowait()
                if isinstance(message, Ended):
                    self._handle(message)
        except queue.Empty:
            return
        except OSError:
            return

    # Help

    def _choose_runtime(self) -> Runtime:
        from dots_cli.runtime.process import ProcessRuntime

        given: Mapping[str, Any] = self._folder.read_json(self._folder.about).get("options", {})
        options = RunOptions(**given)
        return ProcessRuntime(self._folder, self._plan, self._queue.put, options, self._guard)

    def _guarded(self, action: Any) -> None:
        try:
            action()
        except Exception as error:
            if not hasattr(error, "hint"):
                traceback.print_exc()
            self._judge.could_not_start(error)

    def _write_record(self, record: Mapping[str, object]) -> None:
        about = self._folder.read_json(self._folder.about)
        whole = {"format": 1, "versions": about.get("versions", {}), **record}
        write_atomically(self._folder.record, json.dumps(whole, indent=1))

    def _guard_was_replaced(self) -> None:
        message = "the guard of the run was killed; another one is on watch"
        self._queue.put(Notice(message=message, severity="warning"))

    def _stop_from_outside(self) -> None:
        control.send(self._folder, control.Request("stop", reason="terminated"))

    def _look_at_the_disk(self) -> None:
        verdict = self._judge.verdict
        if verdict is None or verdict.verdict in ("succeeded", "stopped"):
            return
        if shutil.disk_usage(self._folder.path).free < NEARLY_FULL:
            self._machine_failed(OSError(28, "the disk is full"), verdict.message)

    def _machine_failed(self, error: OSError, consequence: str = "") -> None:
        self._folder.reserve.unlink(missing_ok=True)
        after = f" ({consequence})" if consequence else ""
        self._judge.machine_failed(
            f"cannot write to {self._folder.path}: {error.strerror or error}{after}",
            "free space, or set DOTS_HOME to a folder on another disk",
        )

    def _emit(self, event: Event) -> None:
        self._events.append(event)


def main(path: Path) -> None:
    """Hold the run's lock for as long as the run lives."""
    folder = RunFolder(path)
    # Whoever looks whether the run lives holds the lock for a moment too.
    with FileLock(folder.lock, timeout=5):
        Supervisor(folder).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
