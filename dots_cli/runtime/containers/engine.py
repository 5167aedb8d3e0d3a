"""The Docker engine, in our own types and errors.

It follows the Docker CLI: `DOCKER_HOST`, else `DOCKER_CONTEXT`, else the context chosen with
`docker context use`, else the machine's own socket. Every call may be made from any thread.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dots_cli.plan.model import ContainerSpec
from dots_cli.runtime.containers import answers, failures, sdk, translate
from dots_cli.runtime.containers.facts import (
    Container,
    EngineFailure,
    EngineInfo,
    Image,
    NotThere,
    Project,
    Taken,
    labels_of,
)
from dots_cli.runtime.containers.sdk import failing
from dots_cli.runtime.containers.streams import Attached, Events, LogStream

POLL = 0.1
GONE = 30.0

Tell = Callable[[str], None]
Strings = Mapping[str, str]


class Engine:
    """A connection to an engine; give it back with `close`, or use it as a context manager."""

    def __init__(self, api: Any, address: str) -> None:
        self._api = api
        self.address = address
        self._ahead: float | None = None
        self._identity: str | None = None
        self._joins_all_at_once = sdk.api_version(str(api.api_version)) >= (1, 44)

    @classmethod
    def connect(cls) -> Engine:
        """The engine that the Docker CLI would use. EngineFailure says why none answers."""
        return cls(*sdk.open_connection())

    def close(self) -> None:
        """Close every idle connection."""
        self._api.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def info(self) -> EngineInfo:
        """What engine this is."""
        with failing("ask the engine about itself"):
            before = time.time()
            told = self._api.info()
        self._ahead = answers.ahead(told, before, time.time())
        return answers.info(told, str(self._api.api_version), self.address)

    def identity(self) -> str:
        """What tells this engine from others; empty where it calls itself by another id each time,
        as some do that only speak Docker's language."""
        if self._identity is None:
            with failing("ask the engine about itself"):
                one, other = (answers.identity(self._api.info()) for _ in range(2))
            self._identity = one if one == other else ""
        return self._identity

    # Containers

    def containers(self, **labels: str) -> list[Container]:
        """Those with these labels (`run`, `role`, `project`, `service`), in every state."""
        with failing("list containers"):
            found = self._api.containers(all=True, filters={"label": labels_of(labels)})
        return [answers.listed(item) for item in found]

    def inspect(self, name: str) -> Container:
        """One container by id or name, with everything that is known of it."""
        with failing(f"look at container {name}"):
            return answers.inspected(self._api.inspect_container(name))

    def create(
        self,
        spec: ContainerSpec,
        project: Project,
        variables: Strings,
        files: Callable[[str], bytes],
        networks: Strings,
    ) -> str:
        """Make a container of a spec, with its files and networks; it does not run yet.

        `files` gives the content of a file of the stack, `networks` the engine's name of each
        network of the spec. Volumes have to exist. Taken where the name belongs to another.
        """
        name = translate.container_name(spec, project)
        body = translate.container_body(
            spec, project, variables, networks, all_networks=self._joins_all_at_once
        )
        try:
            with failing(f"create container {name}"):
                made = self._api.create_container_from_config(body, name, platform=spec.platform)
        except Taken as error:
            self._explain_taken(name, error)
            raise
        ident = str(made["Id"])
        try:
            with failing(f"prepare container {name}"):
                self._join_others(ident, spec, project, networks)
                if spec.files:
                    archive = answers.archive({f.target: files(f.source) for f in spec.files})
                    self._api.put_archive(ident, "/", archive)
        except BaseException:
            with contextlib.suppress(EngineFailure):
                self.remove(ident)
            raise
        return ident

    def start(self, ident: str) -> None:
        """Start a container that was created."""
        with failing("start container ", lambda: self._called(ident)):
            self._api.start(ident)

    def stop(self, ident: str, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds; returns when it has ended."""
        with failing(f"stop container {ident[:12]}"):
            self._api.stop(ident, timeout=round(grace))

    def signal(self, ident: str, name: str) -> None:
        """Send a signal; nothing where the container does not run."""
        with contextlib.suppress(NotThere, Taken), failing(f"signal container {ident[:12]}"):
            self._api.kill(ident, name)

    def kill(self, ident: str) -> None:
        """End a container at once; nothing where it does not run."""
        self.signal(ident, "SIGKILL")

    def remove(self, ident: str) -> None:
        """Remove a container, running or not, with its anonymous volumes; it may be gone."""
        with contextlib.suppress(NotThere):
            try:
                with failing(f"remove container {ident[:12]}"):
                    self._api.remove_container(ident, force=True, v=True)
            except Taken as error:
                if "already in progress" not in error.message:
                    raise
                self._wait_until_removed(ident)

    def tail(self, ident: str, lines: int | None = None, since: float | None = None) -> str:
        """The last lines that a container has printed; those since a time of its clock."""
        with failing(f"read the log of container {ident[:12]}"):
            said: bytes = self._api.logs(ident, tail=lines or "all", since=since)
        return said.decode("utf-8", "replace")

    def cpu_seconds(self, ident: str) -> float:
        """Processor time that a container has used; 0 where it does not run."""
        with failing(f"look at container {ident[:12]}"):
            told = self._api.stats(ident, stream=False, one_shot=True)
        used = told.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage", 0)
        return float(used) / translate.SECOND

    def exec(self, ident: str, argv: list[str]) -> tuple[int, str]:
        """Run a command in a container to its end: its exit code and what it printed."""
        with failing(f"run a command in container {ident[:12]}"):
            made = self._api.exec_create(ident, argv)
            said: bytes = self._api.exec_start(made["Id"])
            code = self._api.exec_inspect(made["Id"])["ExitCode"]
        return int(code), said.decode("utf-8", "replace")

    # Networks and volumes

    def ensure_network(self, project: Project, name: str, labels: Strings | None = None) -> str:
        """The engine's name of a network of the project, made where it is missing.

        NoNetworkLeft where the engine has no address range for another one.
        """
        full = translate.network_name(project, name)
        if any(network == full for network in self.networks(project=project.name)):
            return full
        marked = translate.project_labels(project) | {"com.docker.compose.network": name}
        marked |= labels or {}
        with failing(f"create network {full}"):
            self._api.create_network(full, driver="bridge", labels=marked, check_duplicate=True)
        return full

    def networks(self, **labels: str) -> list[str]:
        """Names of the networks with these labels (`project`)."""
        with failing("list networks"):
            found = self._api.networks(filters={"label": labels_of(labels)})
        return [str(item["Name"]) for item in found]

    def network_labels(self) -> list[tuple[str, Strings]]:
        """Every network's name and labels."""
        with failing("list networks"):
            return [(str(n["Name"]), n.get("Labels") or {}) for n in self._api.networks()]

    def addresses(self, network: str) -> Strings:
        """By id the addresses of the containers that run on a network, as far as they are shown."""
        with failing(f"look at network {network}"):
            there = self._api.inspect_network(network).get("Containers") or {}
        return {ident: told.get("IPv4Address", "").split("/")[0] for ident, told in there.items()}

    def default_gateway(self) -> str | None:
        """The address of the engine's machine in its default network: `host-gateway` as a rule."""
        try:
            with failing("look at the default network"):
                told = self._api.inspect_network("bridge")
        except NotThere:
            return None
        ranges = (told.get("IPAM") or {}).get("Config") or ()
        return next((str(r["Gateway"]) for r in ranges if "." in r.get("Gateway", "")), None)

    def remove_network(self, name: str) -> None:
        """Remove a network; it may be gone. Taken while containers are on it."""
        with contextlib.suppress(NotThere), failing(f"remove network {name}"):
            self._api.remove_network(name)

    def ensure_volume(self, project: Project, name: str, labels: Strings | None = None) -> str:
        """The engine's name of a volume of the project, made where it is missing."""
        full = translate.volume_name(project, name)
        if full not in self.volumes(project=project.name):
            marked = translate.project_labels(project) | {"com.docker.compose.volume": name}
            with failing(f"create volume {full}"):
                self._api.create_volume(full, labels=marked | dict(labels or {}))
        return full

    def volumes(self, **labels: str) -> list[str]:
        """Names of the volumes with these labels (`project`)."""
        return list(self.volume_labels(**labels))

    def volume_labels(self, **labels: str) -> dict[str, Strings]:
        """By name every label of the volumes with these labels (`project`)."""
        with failing("list volumes"):
            found = self._api.volumes(filters={"label": labels_of(labels)})
        return {str(v["Name"]): v.get("Labels") or {} for v in found.get("Volumes") or ()}

    def remove_volume(self, name: str) -> None:
        """Remove a volume and its data; it may be gone. Taken while containers use it."""
        with contextlib.suppress(NotThere), failing(f"remove volume {name}"):
            self._api.remove_volume(name)

    # Images

    def image(self, name: str) -> Image | None:
        """An image that the engine has; None where it has not."""
        try:
            with failing(f"look at image {name}"):
                told = self._api.inspect_image(name)
        except NotThere:
            return None
        return Image(
            id=told["Id"],
            digests=tuple(told.get("RepoDigests") or ()),
            architecture=told.get("Architecture", ""),
            os=told.get("Os", ""),
        )

    def pull(self, name: str, platform: str | None, tell: Tell) -> None:
        """Fetch an image, with the user's Docker login. `tell` hears how far it is.

        NotThere where there is none of that name, or not for us; EngineFailure else.
        """
        with failing(f"pull image {name}"):
            for line in self._api.pull(name, stream=True, decode=True, platform=platform):
                sdk.raise_told(f"pull image {name}", line)
                if said := " ".join(filter(None, [line.get("id"), line.get("status")])):
                    tell(f"{said} {line.get('progress', '')}".rstrip())

    def build(
        self, context: Path, name: str, platform: str | None, labels: Strings, tell: Tell
    ) -> None:
        """Build a folder's Dockerfile with the engine's own builder; `tell` hears each line."""
        what = f"build image {name}"
        with failing(what):
            lines = self._api.build(
                path=str(context),
                tag=name,
                platform=platform,
                labels=dict(labels),
                rm=True,
                forcerm=True,
                decode=True,
            )
            full = False
            for line in lines:
                for text in str(line.get("stream", "")).splitlines():
                    full |= failures.FULL_SAID in text.lower()
                    tell(text)
                if full and line.get("error"):
                    # The engine tells only that a command has failed.
                    line = {"error": f"{line['error']}: {failures.FULL_SAID}"}
                sdk.raise_told(what, line)

    def nameless_images(self, label: str) -> list[str]:
        """Ids of the images with this label that no name leads to any more."""
        with failing("list images"):
            found = self._api.images(all=False, filters={"dangling": True, "label": label})
        return [str(item["Id"]) for item in found]

    def image_names(self, repository: str) -> list[str]:
        """Names of the images of a repository, the newest first."""
        with failing("list images"):
            found = self._api.images(name=repository)
        found.sort(key=lambda item: item["Created"], reverse=True)
        return [name for item in found for name in item.get("RepoTags") or ()]

    def remove_image(self, name: str) -> None:
        """Take a name from an image, and remove it with its last name; it may be gone."""
        with contextlib.suppress(NotThere), failing(f"remove image {name}"):
            self._api.remove_image(name)

    # Streams

    def events(self, since: float | None = None, **labels: str) -> Events:
        """What happens to containers with these labels, since seconds of 1970, until closed."""
        filters = {"type": "container", "label": labels_of(labels)}
        with failing("follow the engine's events"):
            return Events(self._api.events(since=since, filters=filters, decode=True))

    def attach(self, ident: str) -> Attached:
        """Everything that a container prints from now on, and its stdin.

        Opened before the start, it has the output from the first byte on.
        """
        told = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        with failing(f"attach to container {ident[:12]}"):
            return Attached(self._api.attach_socket(ident, params=told))

    def log_stream(self, ident: str, *, follow: bool) -> LogStream:
        """A container's log from its beginning, with the engine's times."""
        told = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow), "tail": "all"}
        with failing(f"read the log of container {ident[:12]}"):
            url = self._api._url("/containers/{0}/logs", ident)
            answer = self._api._get(url, params=told, stream=True, timeout=None)
            self._api._raise_for_status(answer)
        return LogStream(answer)

    def now(self) -> float:
        """The engine's clock, in seconds since 1970."""
        if self._ahead is None:
            self.info()
        return time.time() + (self._ahead or 0.0)

    @staticmethod
    def stamp(at: float) -> str:
        """A time as the engine writes it: `2024-06-21T12:00:00.123456789Z`, in UTC."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
        return f"{seconds}.{int(at % 1 * 1e9):09d}Z"

    # Help

    def _called(self, ident: str) -> str:
        with contextlib.suppress(EngineFailure):
            return self.inspect(ident).name
        return ident[:12]

    def _join_others(
        self, ident: str, spec: ContainerSpec, project: Project, networks: Strings
    ) -> None:
        if self._joins_all_at_once:
            return
        aliases = translate.endpoint(spec, project)["Aliases"]
        for name in sorted(spec.networks)[1:]:
            self._api.connect_container_to_network(ident, networks[name], aliases=aliases)

    def _wait_until_removed(self, ident: str) -> None:
        deadline = time.monotonic() + GONE
        with contextlib.suppress(NotThere):
            while time.monotonic() < deadline:
                self.inspect(ident)
                time.sleep(POLL)

    def _explain_taken(self, name: str, error: Taken) -> None:
        try:
            other = self.inspect(name)
        except EngineFailure:
            return
        whose = f"project {other.project}" if other.project else "no Compose project"
        raise Taken(
            f"the container name {name} is taken by another container ({other.id[:12]}, "
            f"{other.state}, of {whose}), which is left alone",
            f"Rename or remove it if nobody needs it: docker rm {other.id[:12]}",
        ) from error
