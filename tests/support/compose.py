"""A rendered stack on the real engine, by the real `docker compose`; nothing of it is left."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from dots_cli.render.secrets import read_variables
from tests.support.processes import wait_for


class Stack:
    """A folder that `dots render` wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))
        self.variables = read_variables(folder / ".env")
        self.project: str = self.data["name"]
        self.run_id = self.project.removeprefix("dots-")
        self.models = [
            name
            for name, service in self.data["services"].items()
            if service["labels"]["dots.role"] == "model"
        ]

    def compose(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """`docker compose ARGUMENTS` in the folder, as a person would type it there."""
        return subprocess.run(
            ["docker", "compose", *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def containers(self) -> dict[str, dict[str, Any]]:
        """State, ExitCode, Health of every container, by service."""
        told = self.compose("ps", "--all", "--format", "json").stdout
        rows = [json.loads(line) for line in told.splitlines()]
        return {row["Service"]: row for row in rows}

    def wait_for_models(self, seconds: float = 120) -> dict[str, int]:
        """The exit code of each model, once all have ended."""

        def ended() -> bool:
            there = self.containers()
            return all(there[model]["State"] == "exited" for model in self.models)

        wait_for(ended, seconds, f"all models of {self.project} have ended")
        there = self.containers()
        return {model: there[model]["ExitCode"] for model in self.models}

    def port(self, service: str, inside: int) -> int:
        """The port of this machine that leads to one of a service."""
        told = self.compose("port", service, str(inside)).stdout.strip()
        address, _, port = told.rpartition(":")
        assert address == "127.0.0.1", told
        return int(port)

    def get(self, port: int, path: str) -> tuple[int, str]:
        """Status and text of an answer on 127.0.0.1."""
        return _asked(urllib.request.Request(f"http://127.0.0.1:{port}{path}"))

    def query(self, text: str, *, user: str = "reader", secret: str = "STORE_READER_PASSWORD",
              **more: str) -> tuple[int, dict[str, Any]]:  # fmt: skip
        """Status and answer of a query to the store."""
        body = urllib.parse.urlencode({"db": "dots", "epoch": "s", "q": text} | more)
        status, told = self._store("/query", body.encode(), user, secret)
        return status, json.loads(told)

    def write(self, lines: bytes, *, user: str, secret: str) -> int:
        """Status of a write to the store."""
        return self._store("/write?db=dots&precision=s", lines, user, secret)[0]

    def _store(self, path: str, body: bytes, user: str, secret: str) -> tuple[int, str]:
        login = base64.b64encode(f"{user}:{self.variables[secret]}".encode()).decode()
        url = f"http://127.0.0.1:{self.port('influxdb', 8086)}{path}"
        return _asked(urllib.request.Request(url, body, {"Authorization": f"Basic {login}"}))


@contextmanager
def removed_at_the_end(stack: Stack) -> Iterator[Stack]:
    """`down --volumes`, whatever happened, and the images that were built of services."""
    try:
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "1")
        built = [
            service["image"]
            for service in stack.data["services"].values()
            if "build" in service and service["labels"]["dots.role"] == "model"
        ]
        if built:
            subprocess.run(["docker", "rmi", *built], capture_output=True, check=False, timeout=60)


def of_project(project: str) -> list[str]:
    """Every container, network and volume of a Compose project."""
    label = f"label=com.docker.compose.project={project}"
    found = []
    for listing in (["ps", "--all"], ["network", "ls"], ["volume", "ls"]):
        command = ["docker", *listing, "--quiet", "--filter", label]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        found += done.stdout.split()
    return found


def _asked(request: urllib.request.Request) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()
