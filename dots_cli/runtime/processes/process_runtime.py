"""The runtime that needs nothing but Python: models, conductor and store as local processes.

Models write straight into their log files, so nothing stands between a model and its log: no line
is lost when the supervisor is killed, and a flood of lines costs it nothing. One thread a process
waits for its end; the conductor's and the store's lines of JSON come through a pipe each.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dots_cli.errors import EnvironmentFailure, all_in_one
from dots_cli.plan.model import ContainerSpec, Plan
from dots_cli.plan.references import resolve
from dots_cli.render.conductor import conductor_settings
from dots_cli.render.run_folder import RunFolder, cache_home
from dots_cli.runtime import os_processes, system_packages
from dots_cli.runtime.base import (
    CouldNotGoOn,
    Ended,
    Post,
    PreparationDone,
    RunOptions,
    Said,
    Sounding,
    Started,
    containers_of,
)
from dots_cli.runtime.events import Notice, Prepared, Preparing
from dots_cli.runtime.guard_line import GuardLine
from dots_cli.runtime.processes import ports, workplaces
from dots_cli.runtime.processes.environments import Environment, Environments, digest_of, timed
from dots_cli.runtime.processes.external import Invitation, Invitations, Lookout
from dots_cli.runtime.processes.launching import Launch

BUILDERS = 2
BROKEN_OFF = 2.0
"""Seconds for a launch to notice that it was broken off."""
LOOPBACK = "127.0.0.1"

_NOT_INHERITED = ("PYTHON", "VIRTUAL_ENV", "CONDA_", "HELICS_", "DOTS_", "INFLUXDB_")


class ProcessRuntime:
    """`Runtime` by local processes; `guard` hears of every process group."""

    def __init__(
        self, folder: RunFolder, plan: Plan, post: Post, options: RunOptions, guard: GuardLine
    ) -> None:
        self._folder = folder
        self._plan = plan
        self._post = post
        self._guard = guard
        self._options = options
        self._environments = Environments(cache_home(), offline=options.offline, witness=guard)
        self._ready: dict[tuple[str, str | None], Environment] = {}
        self._processes: dict[str, tuple[str, subprocess.Popen[bytes]]] = {}
        self._lock = threading.Lock()
        self._missing: dict[str, tuple[str, ...]] = {}
        self._closing = False
        self._launch: Launch | None = None
        self._invitations = Invitations(folder)
        self._lookout = Lookout(plan.run_id, plan.external, post)
        self._ports: ports.PortBlock | None = None
        self._variables = {
            "BROKER_HOST": LOOPBACK,
            "BROKER_KEY": secrets.token_hex(16),
            "STORE_HOST": LOOPBACK,
            "STORE_USER": "dots",
            "STORE_PASSWORD": secrets.token_urlsafe(24),
        } | {name: os.environ.get(name, "") for name in plan.variables}

    def prepare(self) -> None:
        """Build the environments of all sources, two at a time."""
        threading.Thread(target=self._prepare, name="prepare", daemon=True).start()

    def start_store(self) -> None:
        """The embedded store; its port becomes known with its first line."""
        for spec in containers_of(self._plan.containers, "store"):
            argv = [sys.executable, "-m", "dots_cli.store.endpoint", str(self._folder.results)]
            environment = {
                "STORE_USER": self._variables["STORE_USER"],
                "STORE_PASSWORD": self._variables["STORE_PASSWORD"],
                "STORE_DATABASE": self._plan.store.database,
            }
            self._start(spec, [*argv, "--until-eof"], environment, self._folder.path, talks=True)

    def start_federation(self, sounding: Sounding | None = None) -> None:
        """The conductor and the models, without waiting for one another, in the background."""
        self._launch = Launch(
            lambda launch: self._start_federation(launch, sounding),
            lambda error: self._post(CouldNotGoOn(error)),
            self._launch,
        )

    def _start_federation(self, launch: Launch, sounding: Sounding | None) -> None:
        if self._ports:
            self._ports.release()
        self._ports = ports.reserve_for([m.calculations for m in self._plan.models])
        launch.go_on()
        self._variables["BROKER_PORT"] = str(self._ports.base)
        settings = self._folder.path / "conductor.json"
        told = conductor_settings(
            self._plan,
            esdl=str(self._folder.scenario),
            host=LOOPBACK,
            port=self._ports.base,
            ports=self._ports.size,
            pause_at=self._options.pause_at,
            only=sounding.models if sounding else None,
        )
        settings.write_text(told, encoding="utf-8")
        key = {"HELICS_BROKER_KEY": self._variables["BROKER_KEY"]}
        argv = [sys.executable, "-m", "dots_cli.conductor", str(settings), "--control"]
        (conductor,) = containers_of(self._plan.containers, "conductor")
        self._start(conductor, argv, key, self._folder.path, talks=True, launch=launch)
        if self._plan.external:
            self._lookout.start()
        for spec in containers_of(self._plan.containers, "model"):
            if sounding is None or spec.name in sounding.models:
                self._start_model(spec, sounding, launch)

    def tell_conductor(self, command: Mapping[str, object]) -> None:
        """A line of JSON on the conductor's stdin; nobody is started after one that ends it."""
        if command["command"] in ("stop", "disconnect"):
            self._break_off()
        for role, process in self._snapshot().values():
            if role == "conductor" and process.stdin:
                with contextlib.suppress(OSError, ValueError):
                    process.stdin.write(json.dumps(dict(command)).encode() + b"\n")
                    process.stdin.flush()

    def ask_to_end(self, names: Sequence[str]) -> None:
        """SIGTERM to the process groups of those that still run; nobody is started any more."""
        self._break_off()
        for pid in self._pids(names):
            os_processes.ask_to_end(pid)

    def kill(self, names: Sequence[str]) -> None:
        """SIGKILL to the process groups of those that still run; nobody is started any more."""
        self._break_off()
        for pid in self._pids(names):
            os_processes.kill(pid)

    def activity(self, name: str) -> float:
        """CPU seconds of a process and its children."""
        return sum(os_processes.cpu_seconds(pid) for pid in self._pids([name]))

    def close(self) -> None:
        """End the preparation and what still runs; release the ports."""
        self._break_off()
        with self._lock:
            self._closing = True
            self._invitations.withdraw()
        self._lookout.stop()
        self._environments.cancel()
        pids = self._pids(list(self._snapshot()))
        for pid in pids:
            os_processes.kill(pid)
        os_processes.wait_until_gone(pids, 2.0)
        if self._launch:
            self._launch.wait(BROKEN_OFF)
        if self._ports:
            self._ports.release()
        shutil.rmtree(self._folder.work, ignore_errors=True)

    def _break_off(self) -> None:
        """Let a launch that is under way start nobody any more."""
        with self._lock:
            if self._launch:
                self._launch.cancel()

    def _prepare(self) -> None:
        try:
            done = self._make_all_ready()
        except Exception as error:
            done = PreparationDone(error)
        self._post(done)

    def _make_all_ready(self) -> PreparationDone:
        wanted: dict[tuple[str, str | None], ContainerSpec] = {}
        for spec in containers_of(self._plan.containers, "model"):
            if spec.source is not None:
                wanted.setdefault((spec.source, spec.python), spec)
        errors: list[Exception] = []

        def make(key: tuple[str, str | None], spec: ContainerSpec) -> None:
            try:
                self._ready[key] = self._make_ready(spec)
            except Exception as error:
                errors.append(error)

        with ThreadPoolExecutor(BUILDERS) as pool:
            for done in [pool.submit(make, key, spec) for key, spec in wanted.items()]:
                done.result()
        record = {f"{source}": self._record(source, python) for source, python in self._ready}
        found = {"sources": record, "missing_packages": self._missing}
        error = all_in_one(errors, "services cannot be made ready") if errors else None
        return PreparationDone(error, found)

    def _make_ready(self, spec: ContainerSpec) -> Environment:
        assert spec.source is not None
        service = self._plan.model(spec.name).service
        source = Path(spec.source)

        def tell(what: str) -> None:
            self._post(Preparing(service=service, what=what))

        def explain(what: str) -> None:
            self._post(Notice(message=f"{service}: {what}"))

        self._look_for_packages(service, spec)
        made, seconds = timed(
            lambda: self._environments.ensure(
                source, spec.python, tell, spec.requires_python, explain
            )
        )
        self._post(Prepared(service=service, seconds=round(seconds, 3), cached=made.cached))
        return made

    def _look_for_packages(self, service: str, spec: ContainerSpec) -> None:
        missing = system_packages.missing(spec.packages)
        if missing:
            self._missing[service] = missing
            message = f"{service}: {system_packages.how_to_get(missing)}"
            self._post(Notice(message=message, severity="warning"))

    def _record(self, source: str, python: str | None) -> dict[str, object]:
        made = self._ready[source, python]
        specs = containers_of(self._plan.containers, "model")
        spec = next(spec for spec in specs if spec.source == source)
        fetched = {"git": spec.git, "commit": spec.commit} if spec.git else {}
        try:
            content: str | None = digest_of(Path(source))
        except OSError:
            content = None  # it changes just now, or holds what only others may read
        return {
            **fetched,
            "digest": content,
            "environment": made.digest,
            "packages": list(made.packages),
        }

    def _start_model(self, spec: ContainerSpec, sounding: Sounding | None, launch: Launch) -> None:
        made = None if spec.source is None else self._ready[spec.source, spec.python]
        told = {name: resolve(value, self._variables) for name, value in spec.environment}
        if sounding:
            types = [told["calculation_services"], *sounding.esdl_types]
            told["calculation_services"] = ";".join(types)
        if spec.source is None or made is None:
            self._invite(Invitation(spec.name, told), launch)
            return
        argv = _command(spec, made) if spec.command else []
        cwd = Path(spec.source)
        if spec.workdir is not None:
            root = self._folder.work / spec.name
            files = [(file.source, file.target) for file in spec.files]
            cwd = workplaces.lay_out(root, cwd, files, spec.workdir, launch.go_on)
            argv = workplaces.translated(argv, root)
            told = workplaces.translated_values(told, root)
        if spec.name in self._plan.external:
            self._invite(Invitation(spec.name, told, argv, cwd), launch)
        else:
            self._start(spec, argv, _inherited(made) | told, cwd, talks=False, launch=launch)

    def _invite(self, invitation: Invitation, launch: Launch) -> None:
        with self._lock:
            launch.go_on()
            written = self._invitations.write(invitation)
        self._post(written)

    def _start(
        self,
        spec: ContainerSpec,
        argv: list[str],
        environment: Mapping[str, str],
        cwd: Path,
        *,
        talks: bool,
        launch: Launch | None = None,
    ) -> None:
        log_name = spec.role if talks else spec.name
        if talks:
            environment = {**_own_environment(), **environment}
        environment = {**environment, os_processes.RUN_MARK: str(self._folder.path)}
        with self._folder.log(log_name).open("ab") as log, self._lock:
            if self._closing:
                return
            if launch:
                launch.go_on()
            try:
                process = os_processes.spawn(
                    argv,
                    env=environment,
                    cwd=cwd,
                    stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                    stdout=subprocess.PIPE if talks else log,
                    stderr=log,
                )
            except OSError as error:
                missing = isinstance(error, FileNotFoundError | PermissionError)
                raise EnvironmentFailure(
                    f"{spec.name} cannot be started: {' '.join(argv)}: {error.strerror}",
                    "check `command:` of its service" if missing else "see what the machine lacks",
                ) from error
            self._guard.started(process.pid, spec.role)
            self._processes[spec.name] = (spec.role, process)
        self._post(Started(spec.name, spec.role, str(process.pid)))
        watch = threading.Thread(target=self._watch, args=(spec, process), daemon=True)
        watch.start()

    def _watch(self, spec: ContainerSpec, process: subprocess.Popen[bytes]) -> None:
        if process.stdout:
            for raw in process.stdout:
                line = raw.decode("utf-8", "replace").strip()
                if spec.role == "store":
                    self._learn_port(line)
                self._post(Said(spec.name, line))
        code = process.wait()
        # What the process has started must not outlive it, and must not hold its ports.
        if sys.platform != "win32" and os_processes.group_is_there(process.pid):
            os_processes.kill(process.pid)
        with self._lock:
            self._processes.pop(spec.name, None)
        self._guard.ended(process.pid)
        self._post(Ended(spec.name, spec.role, code))

    def _learn_port(self, line: str) -> None:
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if said.get("event") == "listening":
                self._variables["STORE_PORT"] = str(said["port"])

    def _snapshot(self) -> dict[str, tuple[str, subprocess.Popen[bytes]]]:
        with self._lock:
            return dict(self._processes)

    def _pids(self, names: Sequence[str]) -> list[int]:
        running = self._snapshot()
        return [running[name][1].pid for name in names if name in running]


def _command(spec: ContainerSpec, made: Environment) -> list[str]:
    first, *rest = spec.command
    if first in ("python", "python3"):
        return [str(made.python), *rest]
    for name in (first, f"{first}.exe"):
        if (made.scripts / name).is_file():
            return [str(made.scripts / name), *rest]
    return [first, *rest]


def _inherited(made: Environment) -> dict[str, str]:
    """The caller's environment as far as a model may see it, and what every model needs."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}
    unproxied = {
        name: ",".join(filter(None, [os.environ.get(name), LOOPBACK, "localhost"]))
        for name in ("NO_PROXY", "no_proxy")
    }
    return (
        kept
        | unproxied
        | {
            "PATH": os.pathsep.join([str(made.scripts), kept.get("PATH", os.defpath)]),
            "VIRTUAL_ENV": str(made.folder),
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
        }
    )


def _own_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
