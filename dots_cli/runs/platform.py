"""The platform as the command line sees it: how it is, where it answers, and its removal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dots_cli.errors import EnvironmentFailure
from dots_cli.runtime.engine_probe import probe

if TYPE_CHECKING:
    from dots_cli.runtime.containers.platform import Platform


@dataclass(frozen=True)
class Part:
    """InfluxDB or Grafana; `url` is None where it does not run.

    `state` is the engine's word, or `removed` for a store whose data is all that is left.
    """

    name: str
    state: str
    url: str | None = None
    health: str | None = None


@dataclass(frozen=True)
class PlatformState:
    """How the platform is. `problem` says why nobody knows, `owner` whose it is if not ours."""

    project: str
    folder: str
    parts: tuple[Part, ...] = ()
    volumes: tuple[str, ...] = ()
    owner: str | None = None
    problem: str = ""

    @property
    def runs(self) -> bool:
        """Whether results can be looked at."""
        return any(part.name == "influxdb" and part.url for part in self.parts)

    @property
    def grafana_url(self) -> str | None:
        """Where Grafana answers; None while it does not run."""
        return next((part.url for part in self.parts if part.name == "grafana"), None)


@dataclass(frozen=True)
class Removed:
    """What was removed of the platform; nothing where it is somebody else's, and `left_to` them.

    `kept` says in words that the passwords are still there, and what for.
    """

    project: str
    containers: int
    volumes: tuple[str, ...]
    left_to: str = ""
    kept: str = ""

    @property
    def anything(self) -> bool:
        """Whether something is gone that was there."""
        return bool(self.containers or self.volumes)


def look(*, everybody: bool = False) -> PlatformState | None:
    """The platform of this user; None where there is none.

    No engine is asked where this user has never had one, unless `everybody`'s is of interest.
    """
    from dots_cli.runtime.containers import platform

    if not everybody and not platform.has_own():
        return None
    own = platform.project()
    answer = probe()
    if not answer.answers:
        if not platform.has_own():
            return None
        said = f"no Docker engine answers: {answer.why_not}"
        return PlatformState(own.name, str(own.folder), problem=said)
    from dots_cli.runtime.containers.engine import Engine

    with Engine.connect() as engine:
        there = platform.find(engine)
    if there is None:
        return None
    return _state(there)


def remove(*, volumes: bool) -> Removed | None:
    """End the platform and remove it, with `volumes` its data too and the passwords that open
    nothing else; None if there is none of this user.

    EnvironmentFailure where no engine answers and there may be one, or where others use it.
    """
    from dots_cli.runtime.containers import platform

    answer = probe()
    if not answer.answers:
        if not platform.has_own():
            return None
        raise EnvironmentFailure(
            f"the platform is not removed: no Docker engine answers, {answer.why_not}",
            "Start Docker, then try again; `dots doctor` says more.",
        )
    from dots_cli.runtime.containers.engine import Engine

    with Engine.connect() as engine:
        there = platform.find(engine)
        if there is not None and there.owner is not None:
            return Removed(there.project, 0, (), left_to=str(there.owner))
        kept: list[str] = []
        platform.remove(engine, volumes=volumes, tell=kept.append)
    removed = Removed(
        platform.project().name,
        len(there.containers) if there else 0,
        there.volumes if there and volumes else (),
        kept="\n".join(kept),
    )
    return removed if removed.anything or removed.kept else None


def _state(there: Platform) -> PlatformState:
    parts = []
    for role, name, url in (
        ("store", "influxdb", there.store_url),
        ("grafana", "grafana", there.grafana_url),
    ):
        container = there.store if role == "store" else there.grafana
        if container is not None:
            parts.append(Part(name, container.state, url, container.health))
        elif role == "store":
            parts.append(Part(name, "removed"))
    return PlatformState(
        there.project,
        str(there.folder),
        tuple(parts),
        there.volumes,
        str(there.owner) if there.owner else None,
    )


def as_data(state: PlatformState) -> Mapping[str, object]:
    """For a program."""
    return {
        "project": state.project,
        "folder": state.folder,
        "parts": [
            {"name": p.name, "state": p.state, "health": p.health, "url": p.url}
            for p in state.parts
        ],
        "volumes": list(state.volumes),
        "owner": state.owner,
        "problem": state.problem or None,
    }
