"""The process that owns one run: starts it, watches it, ends it, records the verdict.

`python -m dots_cli.runtime.supervise FOLDER`, started detached by `launch`. One thread decides;
everything it learns comes through one queue, and requests come as files (see `control`).
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from dots_cli.plan import serialise
from dots_cli.plan.model import Plan
from dots_cli.render.run_folder import RunFolder, write_atomically
from dots_cli.runtime import control, os_processes
from dots_cli.runtime.base import (
    CouldNotGoOn,
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
    Notice,
    ProcessEnded,
    ProcessStarted,
    RunStarted,
    Stopping,
)
from dots_cli.runtime.guard_line import GuardLine
from dots_cli.runtime.hearing import Hearing
from dots_cli.runtime.limits import Watchdog
from dots_cli.runtime.recording import (
    cannot_write,
    record_failed_start,
    record_verdict,
    with_missing_packages,
)
from dots_cli.runtime.soundings import Sounder
from dots_cli.runtime.verdict import Judge, Verdict

TICK = 0.1
STRAYS = 1.0
NEARLY_FULL = 2_000_000
"""Bytes free on the disk below which it, not what failed on it, is the cause."""


class Supervisor:
    """One run from its folder to its verdict."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._plan: Plan = serialise.from_json(folder.plan.read_text(encoding="utf-8"))
        self._queue: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._events = EventLog(folder)
        self._guard = GuardLine(folder.path, folder.log("supervisor"), self._warn)
        self._judge = Judge((model.id for model in self._plan.models), self._plan.external)
        self._runtime = self._choose_runtime()
        self._sounder = Sounder(self._plan, self._runtime)
        self._running: dict[str, str] = {}
        self._ending: Ending | None = None
        self._prepared = False
        self._missing_packages: dict[str, tuple[str, ...]] = {}
        self._federation_started = False
        self._held: control.Request | None = None
        self._watchdog = Watchdog(self._plan, self._runtime, self._judge, time.monotonic())
        self._hearing = Hearing(
            self._folder,
            self._plan,
            self._judge,
            self._watchdog,
            self._sounder,
            emit=self._emit,
            log=_log,
            federation_left=self._federation_left,
        )

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
                self._watchdog.look(self._hearing.simulated, time.monotonic())
                self._judge.settle(time.monotonic())
                self._miss_no_folder()
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
                self._missing_packages = dict((record or {}).get("missing_packages", {}))
                self._write_record(record or {})
                self._guarded(self._runtime.start_store)
            case PreparationDone(error=error) if error is not None:
                self._could_not_go_on(error)
            case CouldNotGoOn(error):
                self._could_not_go_on(error)
            case Started(name, role, handle):
                self._running[name] = role
                self._emit(ProcessStarted(name=name, role=role, handle=handle))
                self._judge.model_started(name)
                if role == "conductor" and self._held:
                    self._steer(self._held)
            case Said(name, line):
                self._hearing.hear(name, line, self._running, now)
            case Ended(name, role, code, detail):
                self._running.pop(name, None)
                if self._sounder.is_on and not detail:
                    detail = "was ended to learn what is missing"
                self._emit(ProcessEnded(name=name, role=role, code=code, detail=detail))
                if self._sounder.is_on and role != "store":
                    if role == "conductor":
                        self._hearing.complain(self._sounder.conductor_ended(), now)
                elif role == "model":
                    if self._judge.may_come_again(name):
                        self._emit(Notice(message=f"{name} ended before it joined; start it again"))
                    forced = self._ending is not None and self._ending.forces
                    self._judge.model_ended(name, code, now, detail, forced=forced)
                elif role == "conductor":
                    self._judge.conductor_process_ended(code, now, detail)
                    if self._judge.simulation_ended:
                        self._federation_left(now)
                elif role == "store" and self._ending is None:
                    self._judge.store_ended(code, detail)
            case Event():
                self._emit(message)

    def _take_requests(self) -> None:
        for request in control.take(self._folder, _log):
            match request.kind:
                case "stop":
                    self._judge.stop_requested(request.reason)
                    if request.now and self._ending:
                        self._ending.at_once()
                    elif request.now:
                        self._begin_ending(at_once=True)
                case "pause" | "resume" if self._ending is None:
                    self._steer(request)
                case _:
                    pass

    def _steer(self, request: control.Request) -> None:
        """Pause or resume; before there is a conductor, the last wish is kept for it."""
        if "conductor" in self._running.values():
            self._held = None
            self._runtime.tell_conductor({"command": request.kind, "at": request.at})
        else:
            self._held = request if request.kind == "pause" else None

    # What goes on

    def _go_on(self) -> None:
        if self._judge.verdict is not None:
            if self._ending is None:
                self._begin_ending(at_once=False)
            assert self._ending is not None
            self._ending.go_on(time.monotonic(), self._running)
        elif self._sounder.is_on:
            now = time.monotonic()
            self._guarded(lambda: self._sound(now))
        elif self._prepared and self._hearing.store_listens and not self._federation_started:
            self._federation_started = True
            self._guarded(self._runtime.start_federation)

    def _sound(self, now: float) -> None:
        self._hearing.complain(self._sounder.go_on(self._running, now), now)

    def _federation_left(self, now: float) -> None:
        if self._ending is not None:
            self._ending.federation_left(now, simulated=self._hearing.executing)

    def _begin_ending(self, *, at_once: bool) -> None:
        verdict = self._judge.verdict
        assert verdict is not None
        self._look_at_the_disk()
        verdict = self._judge.verdict or verdict
        if verdict.verdict != "succeeded":
            self._emit(Stopping(reason=verdict.message, model=verdict.model))
        self._ending = Ending(
            self._runtime,
            dict(self._running),
            verdict,
            time.monotonic(),
            simulated=self._judge.simulation_ended,
            failed=self._hearing.failed and self._hearing.executing,
        )
        if at_once:
            self._ending.at_once()

    def _is_over(self) -> bool:
        return self._ending is not None and self._ending.is_over(self._running)

    def _finish(self) -> Verdict:
        whole = [self._survived(step) for step in (self._runtime.close, self._drain)]
        verdict = self._judge.verdict
        assert verdict is not None
        verdict = with_missing_packages(verdict, self._plan, self._missing_packages)
        try:
            self._emit(record_verdict(self._folder, verdict))
            self._events.close()
        except OSError as error:
            _log(f"the end cannot be written: {error}")
        self._end_strays()
        if all(whole):  # else the guard ends what may be left, when it sees that we are gone
            self._guard.dismiss()
        return verdict

    def _survived(self, step: Callable[[], None]) -> bool:
        """Whether a last step was done; its failure is no reason to lose the verdict."""
        try:
            step()
        except Exception:
            traceback.print_exc()
            return False
        return True

    def _end_strays(self) -> None:
        """End what a process of the run has started outside its group."""
        strays = os_processes.marked_with(str(self._folder.path))
        os_processes.end_processes([pid for pid in strays if pid != self._guard.pid], STRAYS)

    def _drain(self) -> None:
        """Record the ends, and what the store has said, that came while the runtime was closed."""
        try:
            while True:
                message = self._queue.get_nowait()
                of_store = isinstance(message, Said) and self._running.get(message.name) == "store"
                if of_store or isinstance(message, Ended):
                    self._handle(message)
        except queue.Empty:
            return
        except OSError:
            return

    # Help

    def _choose_runtime(self) -> Runtime:
        given: Mapping[str, Any] = self._folder.read_json(self._folder.about).get("options", {})
        told = (self._folder, self._plan, self._queue.put, RunOptions(**given), self._guard)
        if self._plan.runtime == "docker":
            from dots_cli.runtime.containers.docker_runtime import DockerRuntime

            return DockerRuntime(*told)
        from dots_cli.runtime.processes.process_runtime import ProcessRuntime

        return ProcessRuntime(*told)

    def _guarded(self, action: Any) -> None:
        try:
            action()
        except Exception as error:
            self._could_not_go_on(error)

    def _could_not_go_on(self, error: Exception) -> None:
        if isinstance(error, OSError):
            self._machine_failed(error)
            return
        if not hasattr(error, "hint"):
            traceback.print_exception(error)
        self._judge.could_not_start(error)

    def _write_record(self, record: Mapping[str, object]) -> None:
        about = self._folder.read_json(self._folder.about)
        whole = {"format": 1, "versions": about.get("versions", {}), **record}
        write_atomically(self._folder.record, json.dumps(whole, indent=1))

    def _warn(self, message: str) -> None:
        self._queue.put(Notice(message=message, severity="warning"))

    def _stop_from_outside(self) -> None:
        control.send(self._folder, control.Request("stop", reason="terminated"))

    def _look_at_the_disk(self) -> None:
        verdict = self._judge.verdict
        if verdict is None or verdict.verdict in ("succeeded", "stopped"):
            return
        if shutil.disk_usage(self._folder.path).free < NEARLY_FULL:
            self._machine_failed(OSError(28, "the disk is full"), verdict.message)

    def _miss_no_folder(self) -> None:
        """Whoever has removed the folder can ask for nothing more: the run ends with it."""
        if not self._folder.control.is_dir():
            raise FileNotFoundError(2, "it was removed")

    def _machine_failed(self, error: OSError, consequence: str = "") -> None:
        message, hint = cannot_write(self._folder, error)
        after = f" ({consequence})" if consequence else ""
        self._judge.machine_failed(message + after, hint)

    def _emit(self, event: Event) -> None:
        self._events.append(event)


def _log(text: str) -> None:
    """Into the log of the supervisor."""
    print(text, file=sys.stderr)


def main(path: Path) -> None:
    """Hold the run's lock for as long as the run lives."""
    folder = RunFolder(path)
    # Whoever looks whether the run lives holds the lock for a moment too.
    with FileLock(folder.lock, timeout=5):
        try:
            supervisor = Supervisor(folder)
        except Exception as error:
            record_failed_start(folder, error)
            raise
        supervisor.run()
        os._exit(0)  # else Python waits for threads that pull an image, and they for a registry


if __name__ == "__main__":
    main(Path(sys.argv[1]))
