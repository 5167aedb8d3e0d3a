"""The containers of the platform: made, started, waited for, renewed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dots_cli.definition.volumes import parse_volume
from dots_cli.errors import EnvironmentFailure, StoreFailure
from dots_cli.plan.model import ContainerSpec
from dots_cli.plan.references import names, resolve
from dots_cli.render.compose import platform_file
from dots_cli.render.run_folder import write_atomically
from dots_cli.render.secrets import VARIABLES, write_variables
from dots_cli.render.stack import COMPOSE_FILE
from dots_cli.runtime.containers import cleanup, translate
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Container, EngineFailure, NotThere, Project, Taken

NAME_VARIABLE = "DOTS_PLATFORM"
ONE_OF_YOUR_OWN = f"Or set {NAME_VARIABLE} to a name, for a platform of your own."

MADE = "made.json"
"""Which container was made of what: by it is seen that one is out of date."""
WORKING_DIR = "com.docker.compose.project.working_dir"
"""The label that says in which folder a container's project was made."""
FILES = "stack"
"""The files that were copied into the containers, by their names in the stack."""

_STORE_GRACE = 30.0
"""Seconds from SIGTERM to SIGKILL for the store, which may have much to write; for others less."""
_GRACE = 5.0
_LOOK = 0.2
_PORTS_TRIED = 200
_TAIL = 6
_REFUSED = ("authorization failed", "authentication", "user not found", "not authorized")


class Shared:
    """The platform of one engine. `variables` are its passwords and ports, the latter kept anew."""

    def __init__(
        self,
        engine: Engine,
        project: Project,
        variables: dict[str, str],
        stack: Path,
        tell: Callable[[str], None],
        *,
        renew: bool,
    ) -> None:
        self._engine = engine
        self._project = project
        self._variables = variables
        self._stack = stack
        self._tell = tell
        self._renew = renew
        self._made = _read_made(project)

    def ensure(self, spec: ContainerSpec) -> None:
        """Have the container of a spec running; a store also takes data then."""
        found = self._engine.containers(project=self._project.name, service=spec.name)
        container = found[0] if found else None
        if container is None or not self._usable(container, spec):
            container = self._make_anew(container, spec)
        elif container.state != "running":
            container = self._start_again(container, spec)
        if spec.role == "store":
            self._wait_until_it_takes_data(container, spec)

    def write_compose(self, specs: Sequence[ContainerSpec]) -> None:
        """Write the file that the containers' labels name; `specs` are all of the platform."""
        files = {c.source: self._content(c.source).decode() for s in specs for c in s.files}
        file = self._project.folder / COMPOSE_FILE
        try:
            labels = volume_labels(self._project)
            text = platform_file(self._project.name, specs, files, labels)
            write_atomically(file, text)
        except OSError as error:
            raise cannot_write(file, error) from None

    def _usable(self, container: Container, spec: ContainerSpec) -> bool:
        """Whether it is as the spec wants it, or cannot be renewed now."""
        if container.state in ("removing", "dead"):
            return False
        if not self._renew or self._made.get(spec.name) == [container.id, self._made_of(spec)]:
            return True
        if container.state != "running":
            return False
        if self._is_used():
            self._tell(f"{spec.name} is to be renewed when no run uses it any more")
            return True
        return False

    def _is_used(self) -> bool:
        """Whether models of this user run: their runs lie where the platform's folder does."""
        home = self._project.folder.parent
        return any(
            Path(model.labels.get(WORKING_DIR, "/")).is_relative_to(home)
            for model in self._engine.containers(role="model")
            if not model.has_ended
        )

    def _start_again(self, container: Container, spec: ContainerSpec) -> Container:
        try:
            self._tell(f"starting {spec.name} again")
            self._engine.start(container.id)
            return self._engine.inspect(container.id)
        except EngineFailure:
            # Its port or its network may be gone; the data is in the volume.
            return self._make_anew(container, spec)

    def _make_anew(self, old: Container | None, spec: ContainerSpec) -> Container:
        self._tell(f"{'renewing' if old else 'starting'} {spec.name} ({spec.image})")
        self._have_image(spec)
        if old is not None:
            end(self._engine, old)
        project = self._project
        networks = {name: self._engine.ensure_network(project, name) for name in spec.networks}
        for volume in map(parse_volume, spec.volumes):
            if volume.is_named:
                self._engine.ensure_volume(project, volume.source, volume_labels(project))
        self._keep_files(spec)
        ident = self._start_on_free_ports(spec, networks)
        self._made[spec.name] = [ident, self._made_of(spec)]
        try:
            write_atomically(project.folder / MADE, json.dumps(self._made, indent=1))
            write_variables(project.folder / VARIABLES, self._variables)
        except OSError as error:
            raise cannot_write(project.folder, error) from None
        return self._engine.inspect(ident)

    def _have_image(self, spec: ContainerSpec) -> None:
        if spec.image and self._engine.image(spec.image) is None:
            self._tell(f"pulling {spec.image}")
            self._engine.pull(spec.image, spec.platform, self._tell)

    def _start_on_free_ports(self, spec: ContainerSpec, networks: dict[str, str]) -> str:
        """Create and start it; where a port is taken after all, with the next one."""
        variable = next((name for port in spec.ports for name in names(port.host)), None)
        known = spec.ports[0].container if spec.ports else 0
        tried = free_ports(int(self._variables.get(variable or "", known) or known), known)
        while True:
            if variable:
                self._variables[variable] = str(next(tried))
            ident = self._engine.create(
                spec, self._project, self._variables, self._content, networks
            )
            try:
                self._engine.start(ident)
                return ident
            except EngineFailure as error:
                with contextlib.suppress(EngineFailure):
                    self._engine.remove(ident)
                if variable is None or not _is_port_taken(error):
                    raise

    def _wait_until_it_takes_data(self, container: Container, spec: ContainerSpec) -> None:
        """Until its health check succeeds; asked by us, for the engine asks every few seconds."""
        check = spec.health
        deadline = time.monotonic() + (check.start_period if check else 0) + 30
        said = ""
        while time.monotonic() < deadline:
            now = self._engine.inspect(container.id)
            if now.has_ended or now.state == "restarting":
                raise self._does_not_run(now, spec)
            if check is None or now.health == "healthy":
                return
            with contextlib.suppress(EngineFailure):
                command = resolve(check.command, self._variables)
                code, said = self._engine.exec(container.id, ["sh", "-c", command])
                if code == 0:
                    return
                if any(words in said for words in _REFUSED):
                    raise self._refuses(spec)
            time.sleep(_LOOK)
        raise StoreFailure(
            f"{spec.name} of the platform does not get ready: {said.strip() or 'no answer'}",
            f"Its log says why: docker logs {container.name}",
        )

    def _does_not_run(self, container: Container, spec: ContainerSpec) -> StoreFailure:
        log = self._engine.tail(container.id, _TAIL).strip()
        with contextlib.suppress(EngineFailure):
            self._engine.stop(container.id, 1)  # else the engine starts it again and again
        ended = f" with code {container.exit_code}" if container.exit_code is not None else ""
        return StoreFailure(
            f"{spec.name} of the platform ended{ended}:\n{log}",
            "If nobody needs its data, `dots teardown --volumes` begins anew.",
        )

    def _refuses(self, spec: ContainerSpec) -> StoreFailure:
        volumes = ", ".join(
            translate.volume_name(self._project, volume.source)
            for volume in map(parse_volume, spec.volumes)
            if volume.is_named
        )
        return StoreFailure(
            f"the data of {spec.name} in the volume {volumes} is from another password than the "
            f"one in {self._project.folder / VARIABLES}",
            "Bring back the file that it was made with. If nobody needs that data, or there is "
            f"none for its first start was cut off: `dots teardown --volumes`. {ONE_OF_YOUR_OWN}",
        )

    def _keep_files(self, spec: ContainerSpec) -> None:
        """A copy of what goes into the container, for when it is made without a run."""
        for copy in spec.files:
            kept = self._project.folder / FILES / copy.source
            content = self._content(copy.source)
            try:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(content)
            except OSError as error:
                raise cannot_write(kept, error) from None

    def _content(self, source: str) -> bytes:
        for folder in (self._stack, self._project.folder / FILES):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                return (folder / source).read_bytes()
        raise EnvironmentFailure(
            f"{self._stack / source} is missing, which {self._project.name} is made of",
            "Start a run in containers: it writes it anew.",
        )

    def _made_of(self, spec: ContainerSpec) -> str:
        """A digest of all that decides how the container is: spec, passwords, files, image."""
        image = self._engine.image(spec.image) if spec.image else None
        digest = hashlib.sha256(repr(spec).encode())
        digest.update((image.id if image else "").encode())
        for _, value in spec.environment:
            digest.update(resolve(value, self._variables).encode())
        for copy in spec.files:
            digest.update(self._content(copy.source))
        return digest.hexdigest()


def volume_labels(project: Project) -> dict[str, str]:
    """What the platform's volumes carry: they outlive the containers that say whose they are."""
    return {cleanup.FOLDER_LABEL: str(project.folder)}


def end(engine: Engine, container: Container) -> None:
    """Stop a container politely and remove it; it may be gone."""
    with contextlib.suppress(NotThere):
        if container.state == "running":
            engine.stop(container.id, _STORE_GRACE if container.role == "store" else _GRACE)
        engine.remove(container.id)


def free_ports(first: int, known: int) -> Iterator[int]:
    """Ports of this machine that nobody listens on: that one, the known one, then those above."""
    candidates = dict.fromkeys([first, known, *range(known + 1, known + _PORTS_TRIED)])
    for port in candidates:
        if is_free(port):
            yield port
    raise EnvironmentFailure(
        f"no port from {known} to {known + _PORTS_TRIED} of this machine is free",
        "End what listens on them.",
    )


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of 127.0.0.1 now."""
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def cannot_write(place: Path, error: OSError) -> EnvironmentFailure:
    """The failure of writing below the platform's folder."""
    return EnvironmentFailure(
        f"cannot write {error.filename or place}: {error.strerror or error}",
        "Free space or fix the rights there, or set DOTS_HOME to another folder.",
    )


def _is_port_taken(error: EngineFailure) -> bool:
    if isinstance(error, Taken) and "port" in error.message:
        return True
    said = ("port is already allocated", "address already in use", "ports are not available")
    return any(words in error.message for words in said)


def _read_made(project: Project) -> dict[str, list[str]]:
    try:
        made = json.loads((project.folder / MADE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return made if isinstance(made, dict) else {}
