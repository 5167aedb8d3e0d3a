"""Containers started, followed, shown, removed: by `dots`, and by `docker compose` from its files.

    python benchmarks/containers.py [--quick]

60 models of an image that just waits, created to running and removed again, in turns with `docker
compose up -d` and `down -t 1` of the compose.yaml that the same plan is rendered as; `dots status`
meanwhile. 20 containers that write a million lines as fast as they can, followed to the end, in
turns with `docker compose logs -f > file`; every line has to be there once. And a run whose model
is killed, until its verdict is on the screen.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import runs
from measured import QUICK, conclude, figure, load

from dots_cli.definition import Overrides, read
from dots_cli.plan import serialise
from dots_cli.plan.build import build
from dots_cli.plan.model import ContainerSpec, Plan
from dots_cli.render import run_folder
from dots_cli.runtime.base import CouldNotGoOn, PreparationDone, RunOptions, Started
from dots_cli.runtime.containers.docker_runtime import DockerRuntime
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Project
from dots_cli.runtime.containers.logs import LogFile, LogFollower
from dots_cli.runtime.guard_line import GuardLine
from tests.support import containers, quick

MODELS = 4 if QUICK else 60
TALKERS = 2 if QUICK else 20
LINES = 1_000 if QUICK else 50_000
TIMES = 1 if QUICK else 3
MOST_MEMORY = 150.0
QUIET = 3.0
"""Seconds without a line after the last container has ended."""

WAITS = ("sh", "-c", "trap 'exit 0' TERM; sleep 3600 & wait")
TALKS = (
    "python3",
    "-c",
    f"for n in range({LINES}): print(f'line {{n}} of a model that has a lot to tell')",
)
IMAGE = "python:3.13-slim"


def main() -> int:
    """Measure and print; 1 where a goal is missed."""
    print(load())
    begun = usage()
    with runs.workplace() as folder:
        os.environ["DOTS_HOME"] = str(folder / "home")
        logs = [(followed(folder / f"logs-{n}"), followed_by_compose(folder)) for n in range(TIMES)]
        megabytes = usage()
        models = [(ours(folder), compose(folder)) for _ in range(TIMES)]
        with containers.shared(folder / "platform") as platform, platform.used() as home:
            verdicts = [killed(folder / f"killed-{n}", home) for n in range(TIMES)]
    up, down, status = (median(one[k] for one, _ in models) for k in range(3))
    peer_up, peer_down = (median(other[k] for _, other in models) for k in range(2))
    took, peer_took = (median(pair[k] for pair in logs) for k in range(2))
    print(f"memory at the start {begun:.0f} MB, after following {megabytes:.0f} MB")
    print(load())
    return conclude(
        figure(f"{MODELS} models to running", up, peer_up, 1.0),
        figure(f"{MODELS} models removed", down, peer_down, 1.0),
        figure(f"dots status of {MODELS}", status, None, 1.0),
        figure(f"logs of {TALKERS} containers", took, peer_took, 1.0),
        figure("memory of following", megabytes, None, MOST_MEMORY, "MB"),
        figure("dead model to verdict", max(verdicts), None, 2.0),
    )


def ours(folder: Path) -> tuple[float, float, float]:
    """Seconds to have all running, to remove all with `dots teardown`, and for `dots status`."""
    plan, scenario = waiting(folder, "ours")
    made = run_folder.create(
        plan.run_id,
        about={"created": time.time() - 3600, "runtime": "docker", "options": {}},
        scenario=scenario,
        definition=b"",
        plan=serialise.to_json(plan),
    )
    posted: queue.SimpleQueue[Any] = queue.SimpleQueue()
    guard = GuardLine(made.path, made.log("supervisor"), lambda: None)
    runtime = DockerRuntime(made, plan, posted.put, RunOptions(), guard)
    try:
        runtime.prepare()
        expect(posted, PreparationDone)
        begin = time.perf_counter()
        runtime.start_federation()
        for _ in plan.containers:
            expect(posted, Started)
        up = time.perf_counter() - begin
        made.verdict.write_text(json.dumps(ENDED), encoding="utf-8")
        status = min(timed(dots("status", plan.run_id)) for _ in range(TIMES))
        return up, timed(dots("teardown", plan.run_id)), status
    finally:
        containers.dots("teardown", plan.run_id)
        runtime.close()
        guard.dismiss()


ENDED = {"verdict": "failed", "cause": "end", "model": None, "message": "", "exit_code": 5}


def compose(folder: Path) -> tuple[float, float]:
    """Seconds of `docker compose up -d` and of `down -t 1`, with the file of the same plan."""
    from dots_cli.render.compose import compose_file

    plan, _ = waiting(folder, "peer")
    place = folder / plan.run_id
    place.mkdir(exist_ok=True)
    (place / "compose.yaml").write_text(compose_file(plan, {}), encoding="utf-8")
    (place / ".env").write_text("BROKER_KEY=k\n", encoding="utf-8")
    try:
        up = timed(in_project(place, "up", "--detach", "--quiet-pull"))
    finally:
        # Compose sometimes removes the network too early, and fails.
        down = timed(in_project(place, "down", "-t", "1", check=False))
        in_project(place, "down", "-t", "1")()
    return up, down


def waiting(folder: Path, name: str) -> tuple[Plan, bytes]:
    """A plan of models that just wait, of a store that is somewhere else."""
    place = folder / f"{name}-{time.time_ns()}"
    service = replace(quick.PV, objects=MODELS, models=0, env={}, more={"image": IMAGE})
    path = quick.write(place, [service])
    text = path.with_name("scenario.services.yaml").read_text(encoding="utf-8")
    text += "store: {url: 'http://store.invalid:8086'}\n"
    path.with_name("scenario.services.yaml").write_text(text, encoding="utf-8")
    scenario, definition = read(path, None, Overrides())
    plan = build(scenario, definition, run_id=place.name, runtime="docker")
    specs = tuple(bare(spec) for spec in plan.containers)
    return replace(plan, containers=specs), scenario.content


def bare(spec: ContainerSpec) -> ContainerSpec:
    """Without what would be waited for: a health check, one after the other."""
    return replace(
        spec,
        image=IMAGE,
        build=None,
        command=WAITS,
        environment=(),
        files=(),
        health=None,
        start_after=(),
        stdin_open=False,
    )


def followed(folder: Path) -> float:
    """Seconds from the first start to the last line of all, in a file for each container."""
    folder.mkdir()
    project = Project(f"dots-talk-{time.time_ns()}", folder)
    names = [f"talker-{n}" for n in range(TALKERS)]
    with Engine.connect() as engine:
        engine.info()
        networks = {"run": engine.ensure_network(project, "run")}
        made: list[str] = []
        try:
            for name in names:
                spec = ContainerSpec(name, "model", IMAGE, command=TALKS, networks=("run",))
                made.append(engine.create(spec, project, {}, lambda _: b"", networks))
            begin = time.perf_counter()
            followers = [
                LogFollower(engine, ident, engine.attach(ident), LogFile(folder / f"{name}.log"))
                for ident, name in zip(made, names, strict=True)
            ]
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(engine.start, made))
            for follower in followers:
                follower.done.wait()
            took = time.perf_counter() - begin
        finally:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(engine.remove, made))
            engine.remove_network(networks["run"])
    expected = "".join(f"line {n} of a model that has a lot to tell\n" for n in range(LINES))
    for name in names:
        assert (folder / f"{name}.log").read_text(encoding="utf-8") == expected, name
    return took


def followed_by_compose(folder: Path) -> float:
    """Seconds of starting and `docker compose logs -f > file`; says how many lines that lost."""
    place = folder / f"talk-{time.time_ns()}"
    place.mkdir()
    services = {
        f"talker-{n}": {
            "image": IMAGE,
            "command": list(TALKS),
            "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
        }
        for n in range(TALKERS)
    }
    (place / "compose.yaml").write_text(json.dumps({"services": services}), encoding="utf-8")
    try:
        in_project(place, "create", "--quiet-pull")()
        begin = time.perf_counter()
        in_project(place, "start")()
        took = until_quiet(place, begin)
    finally:
        in_project(place, "down", "-t", "1")()
    with (place / "log").open("rb") as log:
        count = sum(b" of a model that has a lot to tell" in line for line in log)
    print(f"docker compose logs -f: {TALKERS * LINES - count:,} of {TALKERS * LINES:,} lines lost")
    return took


def until_quiet(place: Path, begin: float) -> float:
    """Seconds from `begin` to the last byte of `docker compose logs -f > file`.

    It does not end by itself where its containers ended before it looked at them.
    """
    command = ["docker", "compose", "logs", "-f", "--no-color"]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=place, stdout=log, stdin=subprocess.DEVNULL)
    last, size, looked = time.perf_counter(), 0, time.perf_counter()
    running = True
    while process.poll() is None and (running or time.perf_counter() - last < QUIET):
        time.sleep(0.02)
        now = (place / "log").stat().st_size
        if now != size:
            size, last = now, time.perf_counter()
        if running and time.perf_counter() - looked > 1:
            looked = time.perf_counter()
            ps = ["docker", "compose", "ps", "--status", "running", "--quiet"]
            running = bool(subprocess.run(ps, cwd=place, capture_output=True, check=True).stdout)
    if process.poll() is None:
        process.kill()
    process.wait()
    return last - begin


def killed(folder: Path, home: Path) -> float:
    """Seconds from the death of a model's container to the verdict on the screen."""
    slow = quick.with_fault(quick.HOUSE, "slow_step", value=0.25)
    scenario = quick.write(folder, [quick.WEATHER, quick.PV, slow], duration="1d")
    containers.give_images(scenario)
    before = set((home / "runs").glob("[!.]*"))
    command = [sys.executable, "-m", "dots_cli", "run", str(scenario)]
    command += ["--runtime", "docker", "--no-grafana"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout
        at = 0.0
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace")
            if "%)" in line and not at:
                (made,) = set((home / "runs").glob("[!.]*")) - before
                victim = f"dots-{made.name}-pv-2-1"
                subprocess.run(["docker", "kill", victim], stdout=subprocess.DEVNULL, check=True)
                at = time.time()
            if "failed" in line and "scenario-" in line:
                return time.time() - at
    raise SystemExit("no verdict on the screen")


def expect(posted: queue.SimpleQueue[Any], kind: type[Any]) -> Any:
    """The next message of that kind; SystemExit where the runtime could not go on."""
    while True:
        message = posted.get(timeout=300)
        if isinstance(message, CouldNotGoOn) or getattr(message, "error", None):
            raise SystemExit(f"{message}")
        if isinstance(message, kind):
            return message


def dots(*arguments: str) -> Any:
    def call() -> None:
        done = containers.dots(*arguments)
        assert done.returncode == 0, done.stderr

    return call


def in_project(place: Path, *arguments: str, check: bool = True) -> Any:
    def call() -> None:
        command = ["docker", "compose", *arguments]
        done = subprocess.run(
            command, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        assert done.returncode == 0 or not check, done.stderr.decode()

    return call


def timed(call: Any) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def usage() -> float:
    """The largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    sys.exit(main())
