"""Runs of `dots run` as a user starts them, with what the screen showed when, and who took what."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dots_cli.render.run_folder import cache_home  # noqa: E402
from tests.support import quick  # noqa: E402

STAMPED = str(Path(__file__).with_name("stamped.py"))
EXAMPLE = ROOT / "examples" / "two-houses"
OURS = {"dots_cli.runtime.supervise": "supervisor", "dots_cli.runtime.guard": "guard"}
SAMPLING = 0.02
"""Seconds between two looks at processor times: what a process does after the last is not seen."""


@dataclass
class Run:
    """A run that has ended, or goes on in a `while_running`. Times are seconds since 1970."""

    home: Path
    command: subprocess.Popen[str]
    screen: list[tuple[float, str]] = field(default_factory=list)
    """Every line that the command line printed, and when it came."""
    ends: dict[str, float] = field(default_factory=dict)
    """When the process of a model was gone, as the system told."""
    processor: dict[str, float] = field(default_factory=dict)
    """Seconds on a processor: `command line`, `supervisor`, `guard`, `broker`, `store`, models."""
    models: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path | None:
        """The run's folder, once it is there."""
        return next((self.home / "runs").glob("[!.]*"), None)

    def events(self) -> list[dict[str, Any]]:
        """What the supervisor has told so far."""
        path = self.folder and self.folder / "events.jsonl"
        if not path or not path.exists():
            return []
        text = path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines() if line]

    def stamps(self, model: str) -> dict[str, list[float]]:
        """What `stamped.py` has logged in a model, by name."""
        assert self.folder
        found: dict[str, list[float]] = {}
        log = (self.folder / "logs" / f"{model}.log").read_text(encoding="utf-8", errors="replace")
        for line in log.splitlines():
            if line.startswith("stamp "):
                _, name, at = line.split()
                found.setdefault(name, []).append(float(at))
        return found

    def shown(self, text: str) -> float:
        """When the first line with that text was on the screen."""
        for at, line in self.screen:
            if text in line:
                return at
        raise SystemExit(f"never on the screen: {text}\n" + "\n".join(x for _, x in self.screen))


def two_houses(folder: Path, duration: str) -> Path:
    """The example with stamped models that log little, for any simulated time."""
    definition = yaml.safe_load((EXAMPLE / "services.yaml").read_text(encoding="utf-8"))
    definition["simulation"] |= {"duration": duration, "log_level": "warning"}
    for service in definition["services"]:
        service["source"] = str((EXAMPLE / service["source"]).resolve())
        service["command"] = ["python", STAMPED, service["command"][-1]]
    scenario = folder / "scenario.esdl"
    scenario.write_bytes((EXAMPLE / "scenario.esdl").read_bytes())
    (folder / "services.yaml").write_text(yaml.safe_dump(definition), encoding="utf-8")
    return scenario


def quick_models(
    folder: Path, duration: str, *, sleeping: float = 0.0, computing: float = 0.0
) -> Path:
    """Four stamped quick models of both dialects.

    In each step the last sleeps or each computes for so many seconds.
    """
    services = list(quick.THREE)
    if sleeping:
        services[-1] = quick.with_fault(quick.HOUSE, "slow_step", value=sleeping)
    if computing:
        services = [quick.with_fault(one, "busy_step", value=computing) for one in services]
    more = {"command": ["python", STAMPED, "quick"]}
    stamped = [quick.Quick(**{**vars(service), "more": more}) for service in services]
    return quick.write(folder, stamped, duration=duration)


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for scenarios and runs. Environments are kept where the user keeps them."""
    cache = str(cache_home())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        before = {key: os.environ.get(key) for key in ("DOTS_HOME", "DOTS_CACHE")}
        os.environ["DOTS_CACHE"] = cache
        try:
            yield Path(name)
        finally:
            for key, value in before.items():
                os.environ.pop(key, None)
                if value is not None:
                    os.environ[key] = value


def run(
    scenario: Path,
    while_running: Callable[[Run], None] = lambda run: None,
    *,
    expected: int = 0,
) -> Run:
    """`dots run SCENARIO` to its end, watched; SystemExit where it ends otherwise than expected.

    `while_running` is called in a thread of its own as soon as the command has been started.
    """
    home = Path(tempfile.mkdtemp(dir=scenario.parent))
    command = subprocess.Popen(
        [sys.executable, "-m", "dots_cli", "run", str(scenario), "--runtime", "process"],
        env=os.environ | {"DOTS_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    going = Run(home, command)
    over = threading.Event()
    threads = [
        threading.Thread(target=_sample, args=[going, over]),
        threading.Thread(target=_watch_ends, args=[going, over]),
        threading.Thread(target=while_running, args=[going]),
    ]
    for thread in threads:
        thread.start()
    assert command.stdout
    for line in command.stdout:
        going.screen.append((time.time(), line.rstrip()))
    code = command.wait()
    over.set()
    for thread in threads:
        thread.join()
    if code != expected:
        said = "\n".join(line for _, line in going.screen)
        raise SystemExit(f"dots run {scenario} ended with {code}, not {expected}:\n{said}")
    return going


def wait_for(going: Run, event: str, count: int = 1) -> list[dict[str, Any]]:
    """The events of that name, once there are so many; SystemExit when the run ends before."""
    while True:
        ended = going.command.poll() is not None
        found = [e for e in going.events() if e["event"] == event]
        if len(found) >= count:
            return found
        if ended:
            raise SystemExit(f"the run ended without {event}")
        time.sleep(0.02)


def _sample(going: Run, over: threading.Event) -> None:
    known: dict[int, tuple[str, psutil.Process]] = {}
    command = psutil.Process(going.command.pid)
    known[command.pid] = ("command line", command)
    looked = 0.0
    while not over.wait(SAMPLING):
        if time.monotonic() - looked > 0.25:
            looked = time.monotonic()
            _find(going, command, known)
        for pid, (name, process) in list(known.items()):
            try:
                times = process.cpu_times()
            except psutil.Error:
                del known[pid]
                continue
            going.processor[name] = max(going.processor.get(name, 0.0), times.user + times.system)


def _find(
    going: Run, command: psutil.Process, known: dict[int, tuple[str, psutil.Process]]
) -> None:
    """Add the processes that have come since the last look."""
    names = {name for name, _ in known.values()}
    try:
        for child in command.children(recursive=True):
            name = next((OURS[word] for word in child.cmdline() if word in OURS), None)
            # A child that has not become another program yet looks like its parent.
            if name and name not in names:
                names.add(name)
                known[child.pid] = (name, child)
    except psutil.Error:
        pass
    for event in going.events():
        if event["event"] != "process_started" or int(event["handle"]) in known:
            continue
        if event["role"] == "model":
            going.models.add(event["name"])
        try:
            known[int(event["handle"])] = (event["name"], psutil.Process(int(event["handle"])))
        except psutil.Error:
            continue


def _watch_ends(going: Run, over: threading.Event) -> None:
    """Note when models are gone; where the system is not Linux, to 5 ms."""
    open_: dict[int, str] = {}
    seen: set[str] = set()
    poll = select.poll() if hasattr(os, "pidfd_open") else None
    looked = 0.0
    while not over.is_set():
        if time.monotonic() - looked > 0.25:
            looked = time.monotonic()
            for event in going.events():
                if event["event"] == "process_started" and event["role"] == "model":
                    if event["handle"] in seen:
                        continue
                    seen.add(event["handle"])
                    handle = _handle(int(event["handle"]), poll)
                    if handle is not None:
                        open_[handle] = event["name"]
        for handle in _gone(open_, poll):
            going.ends[open_.pop(handle)] = time.time()
            if poll:
                poll.unregister(handle)
                os.close(handle)
    for handle in open_ if poll else ():
        os.close(handle)


def _handle(pid: int, poll: Any) -> int | None:
    if poll is None:
        return pid
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    poll.register(handle, select.POLLIN)
    return handle


def _gone(open_: dict[int, str], poll: Any) -> list[int]:
    if poll is not None:
        return [handle for handle, _ in poll.poll(50)]
    time.sleep(0.005)
    return [pid for pid in open_ if not psutil.pid_exists(pid)]
