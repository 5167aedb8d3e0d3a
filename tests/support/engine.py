"""A second Docker engine, of one test alone: it may be restarted, starved and filled up."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.containers import docker
from tests.support.processes import wait_for

BASE = "python:3.13-slim"


class OwnEngine:
    """A `dockerd` with folders, a socket and a bridge of its own."""

    def __init__(self, folder: Path, options: Sequence[str]) -> None:
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"unix://{folder / 'docker.sock'}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "dockerd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    # In a network of its own: `--bridge none` removes the machine's docker0.
                    *("unshare", "--net"),
                    *("dockerd", "-H", self.address, "--bridge", "none", "--iptables=false"),
                    *(() if "--data-root" in self._options else self._data_root()),
                    *("--exec-root", str(self._folder / "exec")),
                    *("--pidfile", str(self._folder / "pid"), *self._options),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers, 60, f"a second engine answers:\n{self.log()}")

    def _data_root(self) -> tuple[str, str]:
        return ("--data-root", str(self._folder / "data"))

    def stop(self) -> None:
        """SIGTERM: it ends its containers and then itself."""
        if self._process:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def log(self) -> str:
        """The last of what it has printed."""
        return (self._folder / "dockerd.log").read_text(errors="replace")[-3000:]

    def docker(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The Docker CLI on this engine."""
        return docker("-H", self.address, *arguments)

    def take(self, image: str) -> None:
        """Copy an image from the machine's engine."""
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
            done = subprocess.run(
                ["docker", "-H", self.address, "load", "--quiet"],
                stdin=saved.stdout,
                capture_output=True,
                check=False,
            )
        assert done.returncode == 0, done.stderr.decode() + self.log()

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log()
        return self.docker("info").returncode == 0


@contextmanager
def own_engine(*options: str) -> Iterator[OwnEngine]:
    """A second engine that runs; skipped where one cannot be started."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a second engine can be started by root on Linux only")
    # Its socket's path has to be short.
    with tempfile.TemporaryDirectory(prefix="engine-", ignore_cleanup_errors=True) as name:
        engine = OwnEngine(Path(name), options)
        engine.start()
        try:
            yield engine
        finally:
            for ident in engine.docker("ps", "-aq").stdout.split():
                engine.docker("rm", "--force", ident)
            # Their bridges would outlive the engine.
            own = ("network", "ls", "--quiet", "--filter", "type=custom")
            for ident in engine.docker(*own).stdout.split():
                engine.docker("network", "rm", ident)
            engine.stop()
