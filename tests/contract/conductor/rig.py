"""A conductor and quick models as processes of their own: real federations, started directly."""

from __future__ import annotations

import json
import os
import queue
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
QUICK = ROOT / "tests" / "models" / "quick"
PATIENCE = 60.0
TYPES = {"PVInstallation": ["pv one", "pv,two"], "EConnection": ["home"], "HeatPump": ["hp"]}


@dataclass(frozen=True)
class Quick:
    """A quick model: its id, ESDL type, what the environment says of it, and what was declared."""

    id: str
    esdl_type: str = "PVInstallation"
    ids: tuple[str, ...] = ("pv one",)
    calculations: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable
    module: tuple[str, ...] = ("-m", "quick")


def producer(name: str = "pv-1", dialect: str = "new", **env: str) -> Quick:
    """A model with a period and two objects; an old one is declared as it must be."""
    count = env.get("QUICK_CALCULATIONS", "1")
    return Quick(
        name,
        ids=("pv one", "pv,two"),
        calculations=int(count) if dialect == "old" else None,
        env={"QUICK_DIALECT": dialect, **env},
    )


def consumer(name: str = "home-1", dialect: str = "old", **env: str) -> Quick:
    """A model that computes when the producers' values have come."""
    return Quick(
        name,
        "EConnection",
        ids=("home",),
        calculations=1 if dialect == "old" else None,
        env={"QUICK_DIALECT": dialect, "QUICK_SUBSCRIBE": "PVInstallation/value:kW", **env},
    )


class Process:
    """A child process whose output goes to files, ended at the end of the test."""

    def __init__(self, command: list[str], env: Mapping[str, str], log: Path, **more: Any) -> None:
        self.log = log
        with log.open("wb") as file:
            self.popen = subprocess.Popen(
                command, env={**os.environ, **env}, stderr=file, **{"stdout": file, **more}
            )

    def ended(self, patience: float = PATIENCE) -> int:
        """Wait for the end; the exit code."""
        try:
            return self.popen.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running; its log: {self.text()[-3000:]}") from None

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()


class Conductor(Process):
    """A conductor; collects what it says."""

    def __init__(self, command: list[str], env: Mapping[str, str], log: Path) -> None:
        super().__init__(
            command, env, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=log.parent
        )
        self.events: list[dict[str, Any]] = []
        self.times: list[float] = []
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _next(self, deadline: float) -> dict[str, Any] | None:
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"said only {self.events}\n{self.text()[-3000:]}") from None
        if line is None:
            return None
        event: dict[str, Any] = json.loads(line)
        self.events.append(event)
        self.times.append(time.monotonic())
        return event

    def until(
        self,
        name: str,
        patience: float = PATIENCE,
        where: Callable[[dict[str, Any]], bool] = lambda event: True,
    ) -> dict[str, Any]:
        """Wait for the next event of that name."""
        deadline = time.monotonic() + patience
        while (event := self._next(deadline)) is not None:
            if event["event"] == name and where(event):
                return event
        raise AssertionError(f"ended without {name}: {self.events}\n{self.text()[-3000:]}")

    def rest(self, patience: float = PATIENCE) -> list[dict[str, Any]]:
        """Wait for the end of what it says; everything it has said."""
        deadline = time.monotonic() + patience
        while self._next(deadline) is not None:
            pass
        return self.events

    def all(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    def ask(self, command: str, **more: Any) -> float:
        """Send a command; when."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(json.dumps({"command": command, **more}).encode() + b"\n")
        self.popen.stdin.flush()
        return time.monotonic()

    def hang_up(self) -> None:
        """Close its stdin, as a killed supervisor would."""
        assert self.popen.stdin is not None
        self.popen.stdin.close()

    def end(self) -> None:
        super().end()
        self._reader.join(10)
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


class Rig:
    """One federation: its folder, port block, key, conductor and models."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.key = secrets.token_hex(8)
        self.conductor: Conductor | None = None
        self.models: dict[str, Process] = {}
        self.package, self.package_root = "dots_cli.conductor", ROOT
        self.esdl = folder / "scenario.esdl"
        self.esdl.write_text(esdl(), encoding="utf-8")

    def conduct(
        self,
        models: list[Quick],
        *,
        duration: int = 6 * 3600,
        join: float = 60.0,
        step: float = 60.0,
        control: bool = True,
        **more: Any,
    ) -> Conductor:
        """Start the conductor alone."""
        settings = {
            "format": 1,
            "esdl": str(self.esdl),
            "duration": duration,
            "host": "127.0.0.1",
            "port": self.port,
            "models": [
                {
                    "id": m.id,
                    "service": m.id.rsplit("-", 1)[0],
                    "esdl_type": m.esdl_type,
                    "calculations": m.calculations,
                }
                for m in models
            ],
            "limits": {"join": join, "step": step},
            "pause_at": None,
            **more,
        }
        self.duration = duration
        file = self.folder / "settings.json"
        file.write_text(json.dumps(settings), encoding="utf-8")
        command = [sys.executable, "-m", self.package, str(file)]
        self.conductor = Conductor(
            command + ["--control"] * control,
            {"HELICS_BROKER_KEY": self.key, "PYTHONPATH": str(self.package_root)},
            self.folder / "conductor.log",
        )
        return self.conductor

    def start(self, model: Quick, known: list[str] | None = None) -> Process:
        """Start one model."""
        env = {
            "model_id": model.id,
            "esdl_type": model.esdl_type,
            "esdl_ids": ";".join(model.ids),
            "simulation_id": "test-run",
            "broker_ip": "127.0.0.1",
            "broker_port": str(self.port),
            "start_time": "2024-01-01 00:00:00",
            "simulation_duration_in_seconds": str(self.duration),
            "calculation_services": ";".join(known or TYPES),
            "INFLUXDB_HOST": "127.0.0.1",
            "log_level": "info",
            "HELICS_BROKER_KEY": self.key,
            "PYTHONPATH": str(QUICK),
            "QUICK_RESULTS": str(self.folder / f"{model.id}.points"),
            **model.env,
        }
        command = [model.python, *model.module]
        process = Process(command, env, self.folder / f"{model.id}.log")
        self.models[model.id] = process
        return process

    def run(self, models: list[Quick], **more: Any) -> Conductor:
        """Start the conductor and all models."""
        conductor = self.conduct(models, **more)
        for model in models:
            self.start(model)
        return conductor

    def points(self, model: str) -> list[str]:
        return (self.folder / f"{model}.points").read_text(encoding="utf-8").splitlines()

    def end(self) -> None:
        for process in [*self.models.values(), *filter(None, [self.conductor])]:
            process.end()


@contextmanager
def port_block() -> Iterator[int]:
    """The first of 100 ports that are free, held by a socket on the last of them."""
    starts = list(range(20000, 32000, 100))
    random.shuffle(starts)
    for start in starts:
        with socket.socket() as holder:
            try:
                holder.bind(("127.0.0.1", start + 99))
                for port in (*range(start, start + 20), *range(start + 50, start + 70)):
                    with socket.socket() as trial:
                        trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            yield start
            return
    raise AssertionError("no free block of ports")


@contextmanager
def rig(folder: Path) -> Iterator[Rig]:
    """A federation in a folder; nothing of it is left running."""
    with port_block() as port:
        made = Rig(folder, port)
        try:
            yield made
        finally:
            made.end()


def esdl(padding: int = 0) -> str:
    """A small scenario, with a comment of `padding` characters to make it large."""
    objects = "\n".join(
        f'<asset xsi:type="esdl:{esdl_type}" id="{esdl_id}" name="{esdl_id} of the house"/>'
        for esdl_type, ids in TYPES.items()
        for esdl_id in ids
    )
    filler = "\n".join(f"<!-- {'x' * 990} -->" for _ in range(padding // 1000))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<esdl:EnergySystem xmlns:esdl="http://www.tno.nl/esdl"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="es" name="Überall">\n'
        f'{filler}<instance xsi:type="esdl:Instance" id="i"><area xsi:type="esdl:Area" id="a">\n'
        f"{objects}\n</area></instance></esdl:EnergySystem>\n"
    )
