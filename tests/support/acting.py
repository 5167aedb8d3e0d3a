"""A run without models: its folder is real, and the test writes what a supervisor would write."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from filelock import FileLock

from dots_cli.plan import serialise
from dots_cli.plan.model import (
    PLAN_FORMAT,
    EsdlRef,
    Federation,
    Limits,
    Model,
    Plan,
    Simulation,
    StorePlan,
)
from dots_cli.render import run_folder
from dots_cli.render.run_folder import RunFolder
from dots_cli.runtime import control
from dots_cli.runtime.event_log import EventLog
from dots_cli.runtime.events import Event, RunStarted, VerdictReached

MODELS = ("pv-1", "pv-2", "weather-1")
DAY = 86400


def make_run(
    run_id: str = "two-houses-ab12cd",
    *,
    name: str | None = None,
    models: Sequence[str] = MODELS,
    created: float | None = None,
) -> RunFolder:
    """The folder of a run of one day, 2024-01-01, that nobody has taken over yet."""
    plan = Plan(
        format=PLAN_FORMAT,
        run_id=run_id,
        scenario="two-houses",
        runtime="process",
        simulation=Simulation(datetime(2024, 1, 1), DAY, "info"),
        limits=Limits(),
        services=("PVInstallation",),
        models=tuple(
            Model(model, model.rpartition("-")[0], "PVInstallation", (EsdlRef(model, model),), 1)
            for model in models
        ),
        federation=Federation(tuple(models), len(models)),
        store=StorePlan(None, "dots"),
        containers=(),
    )
    about = {
        "name": name,
        "scenario": "/data/two-houses.esdl",
        "created": time.time() if created is None else created,
        "runtime": "process",
    }
    return run_folder.create(
        run_id, about=about, scenario=b"", definition=b"", plan=serialise.to_json(plan)
    )


class Actor:
    """Plays the supervisor of a run: holds its lock, appends events, takes requests."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._lock = FileLock(folder.lock)
        self._lock.acquire(timeout=5)
        self._log = EventLog(folder)
        self._log_progress_always()
        self.tell(RunStarted(run_id=folder.run_id, runtime="process", models=list(MODELS)))

    def __enter__(self) -> Actor:
        return self

    def __exit__(self, *_: object) -> None:
        self.die()

    def tell(self, *events: Event) -> None:
        """Append events."""
        for event in events:
            self._log.append(event)

    def say(self, model: str, data: bytes | str) -> None:
        """Write to a model's log, as the model does."""
        with self.folder.log(model).open("ab") as log:
            log.write(data.encode() if isinstance(data, str) else data)

    def end(
        self,
        verdict: str = "succeeded",
        *,
        cause: str = "end",
        model: str | None = None,
        message: str = "succeeded",
        exit_code: int = 0,
        with_event: bool = True,
    ) -> None:
        """Record the verdict and let the run go."""
        fields = {
            "verdict": verdict,
            "cause": cause,
            "model": model,
            "message": message,
            "exit_code": exit_code,
        }
        run_folder.write_atomically(self.folder.verdict, json.dumps(fields))
        if with_event:
            self.tell(VerdictReached(**fields))  # type: ignore[arg-type]
        self.die()

    def die(self) -> None:
        """Let the run go, as the system does for a process that was killed."""
        self._lock.release()

    def requests(self) -> list[control.Request]:
        """What has been asked of it since the last call."""
        return control.take(self.folder)

    def answer(self, act: Callable[[control.Request], bool]) -> threading.Thread:
        """Act on every request in the background until `act` returns True."""

        def work() -> None:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                if any(act(request) for request in self.requests()):
                    return
                time.sleep(0.02)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def _log_progress_always(self) -> None:
        self._log._due = lambda: True  # type: ignore[method-assign]
