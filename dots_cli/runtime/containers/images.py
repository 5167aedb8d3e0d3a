"""Has every image of a plan on the engine before anything starts: pulled, or built of a source."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from dots_cli.errors import DotsError, EnvironmentFailure, all_in_one
from dots_cli.plan.model import BUILT, ContainerSpec
from dots_cli.runtime import os_processes
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import EngineFailure, Image, NotThere
from dots_cli.runtime.events import Event, Notice, Prepared, Preparing
from dots_cli.runtime.guard_line import GuardLine

AT_ONCE = 3
TELL_EVERY = 0.5
SHOWN = 30
"""Lines of a failed build that are shown."""

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_NAMES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}


@dataclass(frozen=True)
class Ready:
    """An image that containers can be made of. `platform` is given where it is not the engine's."""

    image: Image
    platform: str | None


class Images:
    """Makes the images of one plan ready, several at once; `service_of` names whom one is for."""

    def __init__(
        self,
        engine: Engine,
        stack: Path,
        post: Callable[[Event], None],
        service_of: Callable[[ContainerSpec], str],
        guard: GuardLine,
        *,
        offline: bool,
    ) -> None:
        self._engine = engine
        self._stack = stack
        self._post = post
        self._service_of = service_of
        self._guard = guard
        self._offline = offline
        self._native = architecture(engine.info().architecture)
        self._cancelled = threading.Event()

    def ensure(self, specs: Sequence[ContainerSpec]) -> dict[str, Ready]:
        """Every image by its name. EnvironmentFailure names all those that cannot be had."""
        wanted = {spec.image: spec for spec in reversed(specs) if spec.image}
        ready: dict[str, Ready] = {}
        errors: dict[str, Exception] = {}

        def make(name: str, spec: ContainerSpec) -> None:
            try:
                ready[name] = self._make_ready(name, spec)
            except DotsError as error:
                errors[name] = error

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(make, *item) for item in wanted.items()]:
                done.result()
        if errors:
            failed = [errors[name] for name in wanted if name in errors]
            raise all_in_one(failed, "images cannot be made ready")
        self._warn(ready)
        return ready

    def cancel(self) -> None:
        """What still builds or is pulled is not waited for; it fails."""
        self._cancelled.set()

    def record(self, ready: Mapping[str, Ready]) -> dict[str, object]:
        """What runs, by digest, for the run's record."""
        info = asdict(self._engine.info())
        engine = {key: info[key] for key in ("version", "system", "architecture")}
        images = {
            name: {"id": one.image.id, "digests": list(one.image.digests), "platform": one.platform}
            for name, one in sorted(ready.items())
        }
        return {"engine": engine, "images": images}

    def _make_ready(self, name: str, spec: ContainerSpec) -> Ready:
        self._go_on()
        begin = time.monotonic()
        service = self._service_of(spec)
        before = self._engine.image(name)
        if spec.build and not (before and spec.role == "conductor"):
            self._build(name, spec, self._teller(service, f"building {name}"))
            found, asked = self._engine.image(name), spec.platform
        elif before is None:
            asked = self._pull(name, spec, self._teller(service, f"pulling {name}"))
            found = self._engine.image(name)
        else:
            found, asked = before, spec.platform
        if found is None:
            raise EngineFailure(f"image {name} is not there after it was made ready")
        seconds = round(time.monotonic() - begin, 3)
        cached = before is not None and before.id == found.id
        self._post(Prepared(service=service, seconds=seconds, cached=cached, what=name))
        if asked is None and found.architecture not in ("", self._native):
            asked = f"{found.os or 'linux'}/{found.architecture}"
        return Ready(found, asked)

    def _pull(self, name: str, spec: ContainerSpec, tell: Callable[[str], None]) -> str | None:
        """Fetch it; the platform it had to be fetched for, where that is not the engine's."""
        if self._offline:
            raise EngineFailure(
                f"image {name} (for {self._service_of(spec)}) is not on this machine",
                f"Leave --offline out, or fetch it before: docker pull {name}",
            )
        try:
            self._engine.pull(name, spec.platform, tell)
        except EngineFailure as error:
            if "no matching manifest" in error.message and spec.platform is None:
                other = "linux/amd64"
                self._engine.pull(name, other, tell)
                return other
            raise self._cannot_pull(name, spec, error) from error
        return spec.platform

    def _cannot_pull(self, name: str, spec: ContainerSpec, error: EngineFailure) -> EngineFailure:
        said = error.message.partition(": ")[2] or error.message
        registry = name.partition("/")[0] if "." in name.partition("/")[0] else ""
        hint = f"Check its name; if it is private: docker login {registry}".rstrip()
        if not isinstance(error, NotThere) and "denied" not in said and "unauthorized" not in said:
            hint = "Check the name and the network; or have it built: `source:` and no `image:`."
        return EngineFailure(f"image {name} (for {self._service_of(spec)}): {said}", hint)

    def _build(self, name: str, spec: ContainerSpec, tell: Callable[[str], None]) -> None:
        assert spec.build is not None
        said: list[str] = []

        def hear(line: str) -> None:
            line = _COLOUR.sub("", line).rstrip()
            if line:
                said.append(line)
            tell(line)

        context = self._stack / spec.build
        try:
            labels = {BUILT: spec.build}
            if docker := _cli_with_buildx():
                self._build_with_cli([docker], context, name, spec.platform, labels, hear)
            else:
                self._engine.build(context, name, spec.platform, labels, hear)
        except EngineFailure as error:
            service = self._service_of(spec)
            what = spec.source or "the conductor"
            last = "\n".join(f"  {line}" for line in said[-SHOWN:])
            raise EnvironmentFailure(
                f"{service}: the image of {what} cannot be built: {error.message}\n{last}".rstrip(),
                error.hint or f"Correct it, and try: docker build {what}",
            ) from error

    def _build_with_cli(
        self,
        docker: Sequence[str],
        context: Path,
        name: str,
        wanted: str | None,
        labels: Mapping[str, str],
        hear: Callable[[str], None],
    ) -> None:
        """The CLI's builder knows `RUN --mount`, the engine's own does not."""
        argv = [*docker, "buildx", "build", "--load", "--progress", "plain", "--tag", name]
        argv += ["--platform", wanted] if wanted else []
        for label, value in labels.items():
            argv += ["--label", f"{label}={value}"]
        process = os_processes.spawn(
            [*argv, str(context)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self._guard.started(process.pid, "build")
        try:
            assert process.stdout is not None
            for line in process.stdout:
                hear(line.decode("utf-8", "replace").rstrip())
            code = process.wait()
        finally:
            if process.poll() is None:
                os_processes.kill(process.pid)
            process.wait()
            self._guard.ended(process.pid)
        if code:
            raise EngineFailure(f"`docker buildx build` ended with code {code}")

    def _go_on(self) -> None:
        """Nothing; EngineFailure where it was cancelled."""
        if self._cancelled.is_set():
            raise EngineFailure("the preparation was stopped")

    def _teller(self, service: str, what: str) -> Callable[[str], None]:
        """Says that it goes on, and how far, some times a second at most."""
        self._post(Preparing(service=service, what=what))
        last = time.monotonic()

        def tell(line: str) -> None:
            nonlocal last
            self._go_on()
            if line and time.monotonic() - last >= TELL_EVERY:
                last = time.monotonic()
                self._post(Preparing(service=service, what=f"{what}: {line[:100]}"))

        return tell

    def _warn(self, ready: Mapping[str, Ready]) -> None:
        foreign = sorted(
            name
            for name, one in ready.items()
            if one.platform and one.image.architecture not in ("", self._native)
        )
        if foreign:
            message = (
                f"this machine is {self._native}, these images are not, and run slowly: "
                + ", ".join(foreign)
            )
            self._post(Notice(message=message, severity="warning"))


def architecture(name: str) -> str:
    """An engine's or machine's architecture as images call it: amd64, arm64."""
    name = name or platform.machine()
    return _NAMES.get(name, name)


def _cli_with_buildx() -> str | None:
    docker = shutil.which("docker")
    if docker is None:
        return None
    asked = [docker, "buildx", "version"]
    try:
        done = subprocess.run(
            asked, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return docker if done.returncode == 0 else None
