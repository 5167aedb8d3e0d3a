"""Models that a person starts: how to start them is written down, and their processes are watched.

The run does not start them, waits for them without a limit, and never ends their processes: these
belong to whoever started them. A process is known by the variables that it was given; where the
system does not show them, only the conductor tells what the model does.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dots_cli.render.run_folder import RunFolder, data_home
from dots_cli.runtime import os_processes
from dots_cli.runtime.base import Ended, Post, Started
from dots_cli.runtime.events import External

LOOK_EVERY = 0.3
UNKNOWN = "ended; it is not ours, so nobody knows its exit code"
_PYTHONS = ("python", "python3", "python.exe")


@dataclass(frozen=True)
class Invitation:
    """How a model is to be started: `argv` is empty where nobody knows; `cwd` likewise None."""

    model: str
    environment: Mapping[str, str]
    argv: Sequence[str] = ()
    cwd: Path | None = None


class Invitations:
    """The files of a run that tell how to start its external models; `withdraw` removes them.

    The variables hold secrets, so the files are their owner's alone. Each is written twice: in the
    run's folder, and at a place that is the same for every run, for a debugger's configuration that
    is to be written once (of several runs at a time the newest has it).
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder.path / "external"
        self._always = data_home() / "external"
        self._written: dict[Path, str] = {}

    def write(self, invitation: Invitation) -> External:
        """Write the files of a model; OSError where that cannot be done."""
        text = "".join(
            f"{name}={_quoted(value)}\n" for name, value in invitation.environment.items()
        )
        own, always = (
            folder / f"{invitation.model}.env" for folder in (self._folder, self._always)
        )
        for path in (own, always):
            _write_privately(path, text)
            self._written[path] = text
        launch = launch_entry(invitation, always)
        launch_file = self._folder / f"{invitation.model}.launch.json"
        launch_file.write_text(json.dumps(launch, indent=4) + "\n", encoding="utf-8")
        return External(
            model=invitation.model,
            env_file=str(own),
            shell=shell_line(invitation, own),
            launch=launch,
            launch_file=str(launch_file),
        )

    def withdraw(self) -> None:
        """Remove the variables, unless a later run has written its own in their place."""
        for path, text in self._written.items():
            with contextlib.suppress(OSError):
                if path.read_text(encoding="utf-8") == text:
                    path.unlink()
        self._written.clear()


def launch_entry(invitation: Invitation, env_file: Path) -> dict[str, Any]:
    """An entry of `configurations` in VS Code's launch.json, for its extension for Python."""
    entry: dict[str, Any] = {
        "name": f"dots: {invitation.model}",
        "type": "debugpy",
        "request": "launch",
        "envFile": str(env_file),
        "console": "integratedTerminal",
    }
    if invitation.cwd is not None:
        entry["cwd"] = str(invitation.cwd)
    if not invitation.argv:
        return entry | {"program": "${file}"}
    first, *rest = invitation.argv
    if Path(first).name not in _PYTHONS:
        return entry | {"program": first, "args": rest}
    entry["python"] = first
    if rest[:1] == ["-m"]:
        return entry | {"module": rest[1], "args": rest[2:]}
    return entry | {"program": rest[0] if rest else "${file}", "args": rest[1:]}


def shell_line(invitation: Invitation, env_file: Path) -> str:
    """A line for a POSIX shell, on Windows for PowerShell, that starts the model."""
    if sys.platform == "win32":
        return _powershell_line(invitation, env_file)
    parts = ["set -a", f". {shlex.quote(str(env_file))}", "set +a"]
    if not invitation.argv:
        return "; ".join(parts)
    place = f"cd {shlex.quote(str(invitation.cwd))} && " if invitation.cwd else ""
    return f"({'; '.join(parts)}; {place}exec {shlex.join(invitation.argv)})"


def _powershell_line(invitation: Invitation, env_file: Path) -> str:
    quoted = ["'" + word.replace("'", "''") + "'" for word in invitation.argv]
    parts = [
        f"Get-Content -LiteralPath '{env_file}' | ForEach-Object "
        '{ $n, $v = $_ -split "=", 2; Set-Item "env:$n" $v.Substring(1, $v.Length - 2) }'
    ]
    if invitation.cwd:
        parts.append(f"Set-Location -LiteralPath '{invitation.cwd}'")
    if quoted:
        parts.append(f"& {' '.join(quoted)}")
    return "; ".join(parts)


class Lookout:
    """Looks for the processes of external models and posts `Started` and `Ended` for them."""

    def __init__(self, run_id: str, models: Sequence[str], post: Post) -> None:
        self._run_id = run_id
        self._models = tuple(models)
        self._post = post
        self._over = threading.Event()
        self._since = time.time()
        self._there: dict[str, int] = {}

    def start(self) -> None:
        """Look from now on, in a thread."""
        self._since = time.time() - 1.0  # some systems count in hundredths, or from their start
        threading.Thread(target=self._look, name="lookout", daemon=True).start()

    def stop(self) -> None:
        """Look no longer; nothing is posted afterwards."""
        self._over.set()

    def _look(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            for model in self._models:
                wanted = {"simulation_id": self._run_id, "model_id": model}
                pids = os_processes.with_variables(wanted, self._since)
                if self._over.is_set():
                    return
                if pids and model not in self._there:
                    self._there[model] = min(pids)
                    self._post(Started(model, "model", str(min(pids))))
                elif not pids and model in self._there:
                    del self._there[model]
                    self._post(Ended(model, "model", 0, UNKNOWN))


def _quoted(value: str) -> str:
    """As both a POSIX shell and readers of `.env` files understand it."""
    if "'" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return '"' + escaped.replace("`", "\\`") + '"'


def _write_privately(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    draft.replace(path)
