"""The runtime of containers: each run a Compose project of its own on the engine.

Conductor and models are containers of `dots-<run id>`, on a network of their own; the store belongs
to the platform, which outlives the run. What takes its time is done in threads; what they learn is
posted. A container's end is posted after its last line is in its log.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from dots_cli.definition.volumes import parse_volume
from dots_cli.errors import DotsError
from dots_cli.plan.containers import GRAFANA_PORT, SETTINGS_FILE, STORE_PORT, project_name
from dots_cli.plan.model import ContainerSpec, Plan
from dots_cli.render.run_folder import RunFolder
from dots_cli.render.secrets import random_secrets
from dots_cli.render.stack import write_stack
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
from dots_cli.runtime.containers import (
    cleanup,
    own_store,
    processors,
    run_networks,
    sounded,
    whereabouts,
)
from dots_cli.runtime.containers.activity import Activity
from dots_cli.runtime.containers.ends import Ends
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import EngineFailure, Project
from dots_cli.runtime.containers.images import Images, Ready
from dots_cli.runtime.containers.lease import Lease
from dots_cli.runtime.containers.logs import LogFile, LogFollower, Talk
from dots_cli.runtime.containers.streams import Attached
from dots_cli.runtime.engine_probe import where_to_ask
from dots_cli.runtime.events import Notice
from dots_cli.runtime.guard_line import GuardLine

STARTERS = 4
"""Containers started at once: more make the engine slower."""
LAST_LINES = 1.0
"""Seconds that the end of a container waits for its last lines."""
GONE = 5.0


@dataclass
class _Running:
    """A container of the run, from its creation to the moment its end was told."""

    spec: ContainerSpec
    attached: Attached
    follower: LogFollower
    started: threading.Event = field(default_factory=threading.Event)


class DockerRuntime:
    """`Runtime` by containers; `guard` hears that there are some."""

    def __init__(
        self, folder: RunFolder, plan: Plan, post: Post, options: RunOptions, guard: GuardLine
    ) -> None:
        self._folder = folder
        self._plan = plan
        self._post = post
        self._options = options
        self._guard = guard
        self._project = Project(project_name(plan.run_id), folder.stack)
        self._variables = (
            random_secrets()
            | {"INFLUXDB_PORT": str(STORE_PORT), "GRAFANA_PORT": str(GRAFANA_PORT)}
            | {name: os.environ.get(name, "") for name in plan.variables}
        )
        self._engine: Engine | None = None
        self._images: Images | None = None
        self._ready: dict[str, Ready] = {}
        self._names: dict[str, str] = {}
        self._ends: Ends | None = None
        self._running: dict[str, _Running] = {}
        self._lease = Lease(plan.containers, post)
        self._sounding: Sounding | None = None
        self._lock = threading.Lock()
        self._closing = False
        self._started_some = False
        self._activity: Activity | None = None
        self._workers = ThreadPoolExecutor(STARTERS, thread_name_prefix="container")
        # Apart: an end can wait a minute for an engine that is away; a signal must not wait for it.
        self._enders = ThreadPoolExecutor(STARTERS, thread_name_prefix="end")
        self._signallers = ThreadPoolExecutor(STARTERS, thread_name_prefix="signal")

    def prepare(self) -> None:
        """Write the stack, and have every image on the engine."""
        self._in_background(self._prepare, lambda error: PreparationDone(error))

    def start_store(self) -> None:
        """The platform: started if it does not run, used as it is if it does."""
        if containers_of(self._plan.containers, "store"):
            self._in_background(self._start_platform)

    def start_federation(self, sounding: Sounding | None = None) -> None:
        """The conductor first, then the models, some at once."""
        self._sounding = sounding
        self._in_background(self._start_federation)

    def tell_conductor(self, command: Mapping[str, object]) -> None:
        """A line of JSON on the conductor's stdin."""
        for running in self._snapshot().values():
            if running.spec.role == "conductor":
                with contextlib.suppress(OSError):
                    running.attached.write(json.dumps(dict(command)).encode() + b"\n")

    def ask_to_end(self, names: Sequence[str]) -> None:
        """SIGTERM. The platform's store is let go: it serves others."""
        self._signal(names, "SIGTERM")

    def kill(self, names: Sequence[str]) -> None:
        """SIGKILL. The platform's store is let go."""
        self._signal(names, "SIGKILL")

    def activity(self, name: str) -> float:
        """Processor seconds of a container, as the engine has told them last; waits for nothing."""
        for ident, running in self._snapshot().items():
            if running.spec.name == name and self._activity:
                return self._activity.of(ident)
        return 0.0

    def close(self) -> None:
        """End the preparation and what still runs. The containers stay, until `dots teardown`."""
        with self._lock:
            self._closing = True
        if self._images:
            self._images.cancel()
        self._lease.close()
        left = self._snapshot()
        for running in left.values():
            self._signal([running.spec.name], "SIGKILL")
        self._workers.shutdown(wait=bool(left), cancel_futures=False)
        self._end_what_started()
        deadline = time.monotonic() + GONE
        for running in left.values():
            running.follower.done.wait(max(0.0, deadline - time.monotonic()))
        self._signallers.shutdown(wait=True, cancel_futures=False)
        self._enders.shutdown(wait=True, cancel_futures=False)
        if self._ends:
            self._ends.close()
        for running in left.values():
            running.follower.close()
        if self._engine:
            self._engine.close()

    def _end_what_started(self) -> None:
        """A start can be under way while its container is signalled, which then misses it."""
        if self._engine and self._started_some:
            with contextlib.suppress(EngineFailure):
                if cleanup.running(self._engine, self._plan.run_id):
                    cleanup.end_run(self._engine, self._plan.run_id, 0)

    # Preparing

    def _prepare(self) -> None:
        self._engine = engine = Engine.connect()
        self._activity = Activity(engine.cpu_seconds)
        processors.require_enough(engine.info().cpus, self._plan)
        own_store.require_open(engine, self._plan.containers)
        write_stack(
            self._folder.stack,
            self._plan,
            self._folder.scenario.read_bytes(),
            self._variables,
            pause_at=self._options.pause_at,
        )
        whereabouts.write_note(self._folder.stack, engine.identity(), where_to_ask(os.environ))
        self._images = Images(
            engine,
            self._folder.stack,
            self._post,
            self._service_of,
            self._guard,
            offline=self._options.offline,
        )
        self._ready = self._images.ensure(self._plan.containers)
        record = self._images.record(self._ready)
        self._guard.containers()
        self._ends = Ends(engine, self._plan.run_id, self._ended, self._returned, self._gone)
        self._post(PreparationDone(record=record))

    def _service_of(self, spec: ContainerSpec) -> str:
        return self._plan.model(spec.name).service if spec.role == "model" else spec.name

    # Starting

    def _start_platform(self) -> None:
        assert self._engine
        self._variables |= self._lease.begin(self._engine, self._folder.stack)

    def _start_federation(self) -> None:
        assert self._engine
        sounding = self._sounding
        if sounding:
            cleanup.remove_containers(self._engine, self._plan.run_id)
        networks = run_networks.ensure(self._engine, self._plan, self._project)
        (conductor,) = containers_of(self._plan.containers, "conductor")
        models = [
            spec
            for spec in containers_of(self._plan.containers, "model")
            if sounding is None or spec.name in sounding.models
        ]
        conducted: Future[bool] = Future()

        def start(spec: ContainerSpec) -> None:
            started = False
            try:
                self._start(spec, networks, conducted)
                started = True
            finally:
                if spec is conductor:
                    conducted.set_result(started)

        # Of several that cannot be started the first is told.
        for done in [self._workers.submit(start, spec) for spec in (conductor, *models)]:
            done.result()
        self._lease.learn()

    def _start(
        self, spec: ContainerSpec, networks: Mapping[str, str], conducted: Future[bool]
    ) -> None:
        """Create a container, and start it; a model when the conductor's name can be found.

        `conducted` tells whether the conductor was started: without it no model is.
        """
        assert self._engine
        if self._closing:
            return
        engine = self._engine
        for volume in map(parse_volume, spec.volumes):
            if volume.is_named:
                engine.ensure_volume(self._project, volume.source)
        spec = self._as_it_starts(engine, spec)
        ident = engine.create(spec, self._project, self._variables, self._content, networks)
        attached = engine.attach(ident)
        follower = LogFollower(engine, ident, attached, self._sink(spec), self._disk_failed)
        running = _Running(spec, attached, follower)
        with self._lock:
            if self._closing:
                follower.close()
                return
            self._running[ident] = running
        try:
            wanted = spec.role != "model" or conducted.result()
            with self._lock:
                if not wanted:
                    self._running.pop(ident, None)
                if self._closing or not wanted:
                    follower.close()
                    return
                self._started_some = True
            engine.start(ident)
            if self._closing:
                engine.kill(ident)
        except EngineFailure:
            with self._lock:
                self._running.pop(ident, None)
            follower.close()
            raise
        self._post(Started(spec.name, spec.role, ident))
        running.started.set()

    def _image(self, engine: Engine, name: str, ready: Ready) -> str:
        """An image as it was made ready: by its name, or by its id where the name is another's."""
        if name not in self._names:
            # Another run may have built the same source since, and a record has to be true.
            there = engine.image(name)
            self._names[name] = name if there and there.id == ready.image.id else ready.image.id
        return self._names[name]

    def _as_it_starts(self, engine: Engine, spec: ContainerSpec) -> ContainerSpec:
        """The spec with the platform its image needs; in a sounding told of more ESDL types."""
        if ready := self._ready.get(spec.image or ""):
            platform = spec.platform or ready.platform
            spec = replace(
                spec, image=self._image(engine, spec.image or "", ready), platform=platform
            )
        if self._sounding and spec.role == "model":
            spec = sounded.spec_of(spec, self._sounding)
        return spec

    def _content(self, source: str) -> bytes:
        """A file of the stack; the conductor of a sounding is told something else."""
        if self._sounding and source == SETTINGS_FILE.source:
            return sounded.settings(self._plan, self._sounding)
        return (self._folder.stack / source).read_bytes()

    def _sink(self, spec: ContainerSpec) -> LogFile | Talk:
        if spec.role != "conductor":
            return LogFile(self._folder.log(spec.name))

        def hear(line: str) -> None:
            self._post(Said(spec.name, line))

        return Talk(self._folder.log(spec.role), hear)

    # Ending

    def _signal(self, names: Sequence[str], signal: str) -> None:
        self._lease.let_go(names)
        for ident, running in self._snapshot().items():
            if running.spec.name in names and self._engine:
                with contextlib.suppress(RuntimeError):  # closed meanwhile
                    self._signallers.submit(self._quietly, self._engine.signal, ident, signal)

    def _quietly(self, action: Callable[[str, str], None], ident: str, signal: str) -> None:
        with contextlib.suppress(EngineFailure):
            action(ident, signal)

    def _ended(self, ident: str) -> None:
        with contextlib.suppress(RuntimeError):  # closed meanwhile
            self._enders.submit(self._tell_end, ident)

    def _tell_end(self, ident: str) -> None:
        """Post the end of a container, once, when its start was posted and its log is whole."""
        running = self._snapshot().get(ident)
        if running is None or self._ends is None:
            return
        running.started.wait(GONE)
        running.follower.done.wait(LAST_LINES)
        code, detail = self._ends.tell(ident, lambda: self._closing)
        with self._lock:
            if self._running.pop(ident, None) is None:
                return
        running.attached.close()
        if refused := self._lease.refused(ident):
            told = {"event": "refused", "message": refused, "model": running.spec.name}
            self._post(Said(running.spec.name, json.dumps(told)))
        self._post(Ended(running.spec.name, running.spec.role, code, detail))

    def _returned(self) -> None:
        message = "the connection to the Docker engine was lost and is there again"
        self._post(Notice(message=message, severity="warning"))

    def _gone(self, error: EngineFailure) -> None:
        self._post(CouldNotGoOn(error))

    def _disk_failed(self, error: OSError) -> None:
        self._post(CouldNotGoOn(error))

    # Help

    def _in_background(
        self,
        action: Callable[[], None],
        failed: Callable[[Exception], PreparationDone | CouldNotGoOn] = CouldNotGoOn,
    ) -> None:
        def run() -> None:
            try:
                action()
            except Exception as error:
                if not self._closing or isinstance(error, DotsError):
                    self._post(failed(error))

        threading.Thread(target=run, name=action.__name__, daemon=True).start()

    def _snapshot(self) -> dict[str, _Running]:
        with self._lock:
            return dict(self._running)
