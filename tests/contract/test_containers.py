"""What containers print is whole in their logs; runs do not meet; images do not pile up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dots_cli.plan.model import BUILT, ContainerSpec
from dots_cli.runtime.containers import cleanup
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Project
from dots_cli.runtime.containers.logs import LogFile, LogFollower
from tests.contract.conftest import Runs
from tests.support import quick
from tests.support.containers import docker, needs_containers
from tests.support.processes import wait_for

pytestmark = needs_containers


@pytest.fixture
def runtime() -> str:
    return "docker"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine.connect() as connected:
        connected.info()
        yield connected


@pytest.fixture
def project(engine: Engine, tmp_path: Path) -> Iterator[Project]:
    """A project of this test alone; what is in it is removed afterwards."""
    run_id = f"test-{os.urandom(5).hex()}"
    yield Project(f"dots-{run_id}", tmp_path)
    cleanup.remove_run(engine, run_id)


def made(engine: Engine, project: Project, program: str, **more: Any) -> str:
    """A container of the project that runs a Python program; not started."""
    networks = {"run": engine.ensure_network(project, "run")}
    spec = ContainerSpec(
        "pv-1",
        "model",
        "python:3.13-slim",
        command=("python3", "-c", program),
        networks=("run",),
        labels=(("dots.run", project.name.removeprefix("dots-")), ("dots.role", "model")),
        **more,
    )
    return engine.create(spec, project, {}, lambda _: b"", networks)


# Runs do not meet


def test_two_runs_in_containers_and_one_of_processes_at_once(
    runs: Runs, dots_home: Path, tmp_path: Path
) -> None:
    scenarios = [quick.write(tmp_path / f"{n}", duration=7200 * (n + 1)) for n in range(3)]
    contained = [runs.detach(scenario) for scenario in scenarios[:2]]
    local = runs.run_dots(
        *("run", scenarios[2], "--runtime", "process", "--detach"),
        env={"DOTS_HOME": str(dots_home)},
        check=0,
    )
    process_run = dots_home / "runs" / local.stdout.strip()
    for folder in (*contained, process_run):
        verdict = runs.wait_for_verdict(folder, 120)
        assert verdict["verdict"] == "succeeded", verdict
    for folder, home, hours in (
        (contained[0], runs.home, 2),
        (contained[1], runs.home, 4),
        (process_run, dots_home, 6),
    ):
        told = runs.run_dots(
            *("export", folder.name, "-o", tmp_path / folder.name),
            env={"DOTS_HOME": str(home)},
            check=0,
        )
        assert told.returncode == 0
        text = (tmp_path / folder.name / "PVInstallation.csv").read_text(encoding="utf-8")
        rows = text.splitlines()[1:]
        assert len(rows) == 2 * hours * 4
        assert all(folder.name in row for row in rows)


# Output

PROGRAM = r"""
import os, sys, time
out, err = sys.stdout.buffer, sys.stderr.buffer
for n in range(20_000):
    out.write(b"line %d\n" % n)
    if n % 1000 == 0:
        out.flush(); err.write(b"note %d\n" % n); err.flush(); time.sleep(0.1)
out.write(b"x" * 1_000_000 + b"\n"); out.flush()
err.write(b"\xff\xfe no UTF-8\n"); err.flush()
out.write(b"no end"); out.flush()
"""
OUTPUT = b"".join(b"line %d\n" % n for n in range(20_000)) + b"x" * 1_000_000 + b"\nno end\n"
NOTES = b"".join(b"note %d\n" % n for n in range(0, 20_000, 1000)) + b"\xff\xfe no UTF-8\n"


def test_ten_thousand_lines_a_second_are_in_the_log_each_once_with_its_time(
    engine: Engine, project: Project, tmp_path: Path
) -> None:
    ident = made(engine, project, PROGRAM)
    log = tmp_path / "pv-1.log"
    follower = LogFollower(engine, ident, engine.attach(ident), LogFile(log))
    engine.start(ident)
    assert follower.done.wait(60)
    lines = log.read_bytes().splitlines(keepends=True)
    notes = [line for line in lines if line.startswith((b"note", b"\xff"))]
    assert b"".join(notes) == NOTES
    assert b"".join(line for line in lines if line not in notes) == OUTPUT
    times = log.with_suffix(".times").read_text(encoding="ascii").splitlines()
    assert len(times) == len(lines)
    assert times == sorted(times)
    first = docker("logs", "--timestamps", ident).stdout.split(" ")[0]
    assert times[0][:16] == first[:16], "the engine's clock"


@pytest.mark.parametrize("after", [1, 70_000, 400_000])
def test_output_goes_on_where_the_connection_broke(
    engine: Engine, project: Project, tmp_path: Path, after: int
) -> None:
    """The connection breaks in the middle of what a running container says."""
    ident = made(engine, project, PROGRAM)
    log = tmp_path / "pv-1.log"
    attached = engine.attach(ident)
    whole, taken = attached.read, 0

    def broken() -> bytes:
        nonlocal taken
        data = whole()
        taken += len(data)
        if taken > after:
            attached.close()
            return b""
        return data

    attached.read = broken  # type: ignore[method-assign]
    follower = LogFollower(engine, ident, attached, LogFile(log))
    engine.start(ident)
    assert follower.done.wait(60)
    lines = readable(log.read_bytes())
    assert sorted(lines) == sorted(readable(OUTPUT + NOTES))
    times = log.with_suffix(".times").read_bytes()
    assert times.count(b"\n") == log.read_bytes().count(b"\n")


def test_what_was_said_last_is_kept_where_the_connection_broke_before_the_end(
    engine: Engine, project: Project, tmp_path: Path
) -> None:
    """The container has ended when we notice that no more comes."""
    program = "print('first', flush=True); input(); print('last')"
    ident = made(engine, project, program, stdin_open=True)
    log = tmp_path / "pv-1.log"
    attached = engine.attach(ident)
    whole, calls = attached.read, iter([True])

    def broken() -> bytes:
        if next(calls, False):
            return whole()
        attached.write(b"\n")
        wait_for(lambda: engine.inspect(ident).has_ended, 60, "its end")
        attached.close()
        return b""

    attached.read = broken  # type: ignore[method-assign]
    follower = LogFollower(engine, ident, attached, LogFile(log))
    engine.start(ident)
    assert follower.done.wait(60)
    assert log.read_bytes() == b"first\nlast\n"


def readable(data: bytes) -> list[str]:
    """Lines as the engine's log keeps them, which has no bytes that are no UTF-8."""
    return data.decode("utf-8", "replace").split("\n")


def test_the_last_line_of_a_short_life_is_not_lost(engine: Engine, tmp_path: Path) -> None:
    """A container that ends at once has its last line in the log."""
    for n in range(6):
        project = Project(f"dots-test-{os.urandom(5).hex()}", tmp_path)
        try:
            ident = made(engine, project, "for n in range(10): print(n)")
            follower = LogFollower(
                engine, ident, engine.attach(ident), LogFile(tmp_path / f"{n}.log")
            )
            engine.start(ident)
            assert follower.done.wait(30)
        finally:
            cleanup.remove_run(engine, project.name.removeprefix("dots-"))
        assert (tmp_path / f"{n}.log").read_text() == "".join(f"{i}\n" for i in range(10))


def test_an_image_that_was_built_anew_leaves_none_behind(engine: Engine, tmp_path: Path) -> None:
    name = f"dots-tests/anew-{os.urandom(4).hex()}"

    def built(text: str) -> str:
        (tmp_path / "Dockerfile").write_text(f"FROM python:3.13-slim\nLABEL text={text}\n")
        engine.build(tmp_path, name, None, {BUILT: "test"}, lambda _: None)
        image = engine.image(name)
        assert image
        return image.id

    try:
        old, new = built("one"), built("two")
        assert old != new
        assert engine.image(old)
        cleanup.remove_old_images(engine)
        assert engine.image(old) is None
        assert engine.image(new)
    finally:
        engine.remove_image(name)


def test_a_build_tells_line_by_line(engine: Engine, tmp_path: Path) -> None:
    printing = "RUN printf 'one\\ntwo\\r\\033[91mthree\\033[0m\\n\\n'"
    (tmp_path / "Dockerfile").write_text(f"FROM python:3.13-slim\n{printing}\n")
    said: list[str] = []
    name = f"dots-tests/lines-{os.urandom(4).hex()}"
    try:
        engine.build(tmp_path, name, None, {}, said.append)
    finally:
        engine.remove_image(name)
    assert {"one", "two"} <= set(said)
    assert not any(letter in line for line in said for letter in "\r\n")
