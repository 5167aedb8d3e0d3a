"""Running out of file descriptors is avoided where it can be, and told by name where it cannot."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from dots_cli.conductor import conduct, descriptors
from dots_cli.runtime.processes import ports
from tests.support import ROOT

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")

RAISES = """
import resource
from dots_cli.conductor import descriptors
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 200))
descriptors.raise_limit()
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""

RUNS_OUT = """
import resource, socket, sys, threading
from dots_cli.conductor.failure import Failure
from dots_cli.conductor.front_door import FrontDoor
told = []
def start(name, work):
    def guarded():
        try:
            work()
        except Failure as failure:
            told.append(failure)
    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    return thread
port = int(sys.argv[1])
door = FrontDoor("127.0.0.1", port, port + 2)
door.open(start)
client = socket.socket()
resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno() + 1, 200))
client.connect(("127.0.0.1", port))
door._thread.join(20)
print(told[0].kind, told[0].message, told[0].hint)
"""


def run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@posix
def test_the_limit_is_raised_as_far_as_it_may_be() -> None:
    assert run(RAISES).strip() == "(200, 200)"


@posix
def test_a_front_door_that_has_no_descriptor_left_says_so_and_what_to_do() -> None:
    block = ports.reserve(1)
    try:
        said = run(RUNS_OUT, str(block.base))
    finally:
        block.release()
    assert said.startswith("descriptors the conductor cannot take another connection: Too many")
    assert "ulimit -n" in said


def test_any_other_failure_to_accept_is_nothing_to_fail_for() -> None:
    descriptors.check(OSError(errno.ECONNABORTED, "aborted"))


def test_whoever_else_in_the_conductor_has_none_left_is_no_bug() -> None:
    assert conduct._bug(OSError(errno.EMFILE, "Too many open files")).kind == "descriptors"
    assert conduct._bug(OSError(errno.EACCES, "not yours")).kind == "internal"
