"""What the conductor says, and that nobody else is heard beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dots_cli.conductor.speak import Speaker
from tests.support import ROOT

LOUD = """
import os
from dots_cli.conductor.speak import take_stdout
say = take_stdout()
print("a library in Python", flush=True)
os.write(1, b"a library in C\\n")
os.system("echo a child")
say("listening", port=20000)
print("another one", flush=True)
say("ended")
"""


def python(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    around = {name: value for name, value in os.environ.items() if name != "HELICS_BROKER_KEY"}
    return subprocess.run(
        [sys.executable, *args],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env=around | (env or {}),
        stdin=subprocess.DEVNULL,
    )


def test_what_libraries_print_does_not_come_between_the_events() -> None:
    done = python("-c", LOUD)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"event": "listening", "port": 20000},
        {"event": "ended"},
    ]
    for printed in ("a library in Python", "a library in C", "a child", "another one"):
        assert printed in done.stderr


def test_lines_of_many_threads_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "events"
    with path.open("wb") as file:
        say = Speaker(file.fileno())

        def speak(who: int) -> None:
            for number in range(100):
                say("progress", who=who, number=number, padding="x" * 3000)

        threads = [threading.Thread(target=speak, args=(who,)) for who in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    events = [json.loads(line) for line in path.read_bytes().splitlines()]
    for who in range(5):
        assert [e["number"] for e in events if e["who"] == who] == list(range(100))


def test_a_line_longer_than_a_pipe_arrives_whole() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as source:
        say = Speaker(writer)

        def speak() -> None:
            say("wired", units="ü" * 300_000)
            os.close(writer)

        thread = threading.Thread(target=speak)
        thread.start()
        (line,) = source.read().splitlines()
        thread.join()
    assert json.loads(line) == {"event": "wired", "units": "ü" * 300_000}


def test_that_nobody_listens_any_more_does_not_stop_the_work() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        Speaker(writer)("progress", simulated=900.0)
    finally:
        os.close(writer)


def test_a_name_with_a_newline_does_not_make_two_lines(tmp_path: Path) -> None:
    path = tmp_path / "events"
    with path.open("wb") as file:
        Speaker(file.fileno())("failed", message="one\ntwo", models=["pv\r\n1"])
    assert path.read_bytes().count(b"\n") == 1
    assert json.loads(path.read_bytes())["message"] == "one\ntwo"


@pytest.mark.parametrize(
    ("content", "key", "told"),
    [
        (None, "secret", "cannot be read"),
        ("{", "secret", "does not hold settings"),
        ('{"format": 2}', "secret", "format 2 is not 1"),
        ('{"format": 1}', "", "HELICS_BROKER_KEY is not set"),
    ],
)
def test_a_conductor_with_wrong_settings_says_so_and_ends_with_1(
    tmp_path: Path, content: str | None, key: str, told: str
) -> None:
    path = tmp_path / "settings.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    done = python("-m", "dots_cli.conductor", str(path), env={"HELICS_BROKER_KEY": key})
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    said = json.loads(line)
    assert set(said) == {"event", "kind", "models", "message", "hint"}
    assert (said["event"], said["kind"], said["models"]) == ("failed", "internal", [])
    assert told in said["message"]
    assert "Traceback" not in done.stderr


def test_a_conductor_without_settings_says_how_to_start_it() -> None:
    done = python("-m", "dots_cli.conductor")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "usage" in done.stderr
