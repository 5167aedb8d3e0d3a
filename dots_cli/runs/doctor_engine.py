"""Looks at what runs in containers need: the engine, its memory and disk, ports, images."""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dots_cli.definition.shell import command
from dots_cli.errors import DotsError, EnvironmentFailure
from dots_cli.plan.containers import DATABASE, GRAFANA_IMAGE, RUN_LABEL, STORE_IMAGE, STORE_READER
from dots_cli.render.run_folder import RunFolder, data_home
from dots_cli.runs import registry
from dots_cli.runs.containers import may_have_some
from dots_cli.runs.findings import Finding, Grade, gigabytes
from dots_cli.runtime.engine_probe import Answer, probe

if TYPE_CHECKING:
    from dots_cli.runtime.containers.engine import Engine
    from dots_cli.runtime.containers.facts import EngineInfo
    from dots_cli.runtime.containers.platform import Platform

LITTLE_MEMORY = 2e9
LITTLE_DISK = 5e9
NO_DISK = 5e8

_SECTION = "containers"
_LISTED = 5
_DESKTOP = "In Docker Desktop: Settings, Resources."
_PLATFORM = ("INFLUXDB_PORT", "GRAFANA_PORT")


def containers() -> Iterator[Finding]:
    """Everything about containers; one finding where no engine answers."""
    answer = probe(patience=2.0)
    if not answer.answers:
        yield _nobody_answers(answer)
        return
    from dots_cli.runtime.containers.engine import Engine

    try:
        with Engine.connect() as engine:
            yield from _engine(engine)
    except DotsError as error:
        yield Finding(_SECTION, "engine", "problem", error.message, error.hint)


def _nobody_answers(answer: Answer) -> Finding:
    """No Docker at all is nothing wrong: sources run without it."""
    what = f"no Docker engine answers: {answer.why_not}"
    if "permission denied" in answer.why_not:
        hint = "Let your user use it: `sudo usermod -aG docker $USER`, then log in again."
        return Finding(_SECTION, "engine", "problem", what, hint)
    if answer.address.told_by:
        hint = "Correct or unset DOCKER_HOST, or choose a context: `docker context use ...`."
        return Finding(_SECTION, "engine", "problem", what, hint)
    hint = "Runs of sources work without. For images: install and start Docker."
    return Finding(_SECTION, "engine", "note", what, hint)


def _engine(engine: Engine) -> Iterator[Finding]:
    from dots_cli.runtime.containers import platform

    info = engine.info()
    kind = [info.system, info.architecture]
    kind += ["rootless"] if info.rootless else []
    yield Finding(
        *(_SECTION, "engine", "ok"),
        f"Docker {info.version} (API {info.api_version}) at {info.address}: {', '.join(kind)}",
    )
    yield _memory(info)
    yield from _disk(info)
    yield _builder()
    there: Platform | None = None
    try:
        there = platform.find(engine)
        yield _platform(there)
        if there is not None and there.store_url and not _is_local(info):
            yield _elsewhere(there, info)
    except EnvironmentFailure as error:
        yield Finding(_SECTION, "platform", "problem", error.message, error.hint)
    yield _ports(there)
    yield from _images(engine)
    yield _leftovers(engine)
    yield from _networks(engine)


def _memory(info: EngineInfo) -> Finding:
    what = f"{gigabytes(info.memory)}, {info.cpus} processors"
    grade: Grade = "note" if info.memory < LITTLE_MEMORY else "ok"
    hint = f"Models may be ended for lack of memory. {_DESKTOP if info.desktop else ''}".strip()
    return Finding(_SECTION, "memory", grade, what, hint if grade == "note" else "")


def _disk(info: EngineInfo) -> Iterator[Finding]:
    """Only where the engine's folder is on this machine."""
    root = Path(info.root) if info.root else None
    if root is None or info.desktop or not _is_local(info):
        return
    try:
        free = shutil.disk_usage(root).free
    except OSError:
        return
    what = f"{gigabytes(free)} free for images and data in {root}"
    hint = "`docker system df` shows what takes the space."
    if free < LITTLE_DISK:
        yield Finding(_SECTION, "disk", "problem" if free < NO_DISK else "note", what, hint)
    else:
        yield Finding(_SECTION, "disk", "ok", what)


def _is_local(info: EngineInfo) -> bool:
    return "://" not in info.address or info.address.startswith(("unix:", "http+unix:", "npipe:"))


def _elsewhere(there: Platform, info: EngineInfo) -> Finding:
    """The platform listens on its own machine alone."""
    ports = sorted(port for c in there.containers for port in c.ports.values())
    forward = " ".join(f"-L {port}:127.0.0.1:{port}" for port in ports)
    return Finding(
        *(_SECTION, "platform", "note", f"it is on another machine, at {info.address}"),
        f"To look at results from here: ssh -N {forward} THAT_MACHINE",
    )


def _builder() -> Finding:
    plugins = [Path.home() / ".docker" / "cli-plugins", Path("/usr/libexec/docker/cli-plugins")]
    plugins += [Path("/usr/lib/docker/cli-plugins"), Path("/usr/local/lib/docker/cli-plugins")]
    name = "docker-buildx.exe" if os.name == "nt" else "docker-buildx"
    desktop = Path(os.environ.get("PROGRAMFILES", "")) / "Docker" / "cli-plugins"
    if shutil.which("docker") and any((folder / name).exists() for folder in (*plugins, desktop)):
        return Finding(_SECTION, "builder", "ok", "docker buildx")
    return Finding(
        *(_SECTION, "builder", "note"),
        "the engine's own builder: there is no `docker buildx`",
        "Install buildx if a Dockerfile uses `RUN --mount`.",
    )


def _platform(there: Platform | None) -> Finding:
    from dots_cli.runtime.containers import platform

    if there is None:
        return Finding(_SECTION, "platform", "ok", "none yet: the first run in containers makes it")
    if there.owner:
        return Finding(
            *(_SECTION, "platform", "problem"),
            f"{there.project} on this engine belongs to {there.owner}",
            f"Use that DOTS_HOME, or set {platform.NAME_VARIABLE} to a name, for one of your own.",
        )
    if not there.variables:
        return Finding(
            *(_SECTION, "platform", "problem"),
            f"there is data of it ({', '.join(there.volumes)}), and its passwords are not in "
            f"{there.folder}",
            "Use the DOTS_HOME it was made with; if nobody needs the data: "
            + command("teardown", "--volumes"),
        )
    if there.store_url is None:
        return Finding(
            *(_SECTION, "platform", "ok"), "stopped: the next run in containers starts it"
        )
    if why := _refused(there):
        return Finding(
            *(_SECTION, "platform", "problem", f"InfluxDB at {there.store_url} {why}"),
            f"If nobody needs its data: {command('teardown', '--volumes')}",
        )
    grafana = f", Grafana at {there.grafana_url}" if there.grafana_url else ", no Grafana"
    return Finding(_SECTION, "platform", "ok", f"InfluxDB at {there.store_url}{grafana}")


def _refused(there: Platform) -> str:
    """Why InfluxDB does not take our password; empty where it does."""
    address = urllib.parse.urlsplit(there.store_url or "")
    given = f"{STORE_READER}:{there.variables.get('STORE_READER_PASSWORD')}"
    headers = {"Authorization": f"Basic {base64.b64encode(given.encode()).decode()}"}
    asked = urllib.parse.urlencode({"db": DATABASE, "q": "SHOW MEASUREMENTS LIMIT 1"})
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=3)
    try:
        connection.request("GET", f"/query?{asked}", headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"does not answer: {error}"
    finally:
        connection.close()
    return "does not know the platform's passwords" if status in (401, 403) else ""


def _ports(there: Platform | None) -> Finding:
    from dots_cli.runtime.containers import platform, shared

    words = []
    used = {port for c in (there.containers if there else ()) for port in c.ports.values()}
    for variable in _PLATFORM:
        port = int((there.variables if there else {}).get(variable, platform.PORTS[variable]))
        if port in used:
            words.append(f"{port} used by the platform")
        elif shared.is_free(port):
            words.append(f"{port} free")
        else:
            words.append(f"{port} taken by another program: the platform takes the next free one")
    return Finding(_SECTION, "ports", "ok", ", ".join(words))


def _images(engine: Engine) -> Iterator[Finding]:
    from dots_cli.render.conductor_image import conductor_image

    for about, image, verb in (
        ("conductor", conductor_image(), "built"),
        ("InfluxDB", STORE_IMAGE, "pulled"),
        ("Grafana", GRAFANA_IMAGE, "pulled"),
    ):
        if engine.image(image) is not None:
            yield Finding(_SECTION, "image", "ok", f"{about}: {image}")
        else:
            what = f"{about}: {image} is {verb} by the next run in containers"
            yield Finding(_SECTION, "image", "note", what, "It needs a network for that once.")


def _leftovers(engine: Engine) -> Finding:
    """Containers that run although their run has ended, or that this DOTS_HOME does not know.

    Those that have ended are no leftovers: they stay, to be looked into, until `dots teardown`.
    """
    running, ended, strange = set[str](), set[str](), set[str]()
    for container in engine.containers(run=""):
        run = container.labels.get(RUN_LABEL, "")
        folder = RunFolder(data_home() / "runs" / run)
        if not folder.path.is_dir():
            strange.add(run)
        elif not registry.is_alive(folder) and not registry.may_start(folder):
            (ended if container.has_ended else running).add(run)
    if running:
        what = f"containers that run although their run has ended: {_some(running)}"
        hint = command("teardown", *(running if len(running) == 1 else ()))
        return Finding(_SECTION, "leftovers", "note", what, f"Clean up with: {hint}")
    if strange:
        what = f"containers of runs that are not in {data_home()}: {_some(strange)}"
        hint = "They belong to another DOTS_HOME, where `dots teardown` removes them, "
        hint += f"or nobody's: docker compose -p dots-{min(strange)} down"
        return Finding(_SECTION, "leftovers", "note", what, hint)
    if ended:
        what = f"of ended runs, until `dots teardown`: {_some(ended)}"
        return Finding(_SECTION, "leftovers", "ok", what)
    return Finding(_SECTION, "leftovers", "ok", "none")


def _networks(engine: Engine) -> Iterator[Finding]:
    """Networks of runs that were torn down: the engine did not let go of them."""
    from dots_cli.runtime.containers.cleanup import FOLDER_LABEL

    held = set[str]()
    for _, labels in engine.network_labels():
        folder = RunFolder(Path(labels.get(FOLDER_LABEL, "/")))
        ours = folder.path.is_relative_to(data_home())
        if ours and not may_have_some(folder):
            held.add(folder.run_id)
    if held:
        what = f"networks of runs that were torn down, which the engine holds on to: {_some(held)}"
        hint = "Restart the engine when nothing runs, then: docker network prune"
        yield Finding(_SECTION, "networks", "note", what, hint)


def _some(runs: set[str]) -> str:
    shown = sorted(runs)[:_LISTED]
    return ", ".join(shown) + (f" and {len(runs) - _LISTED} more" if len(runs) > _LISTED else "")
