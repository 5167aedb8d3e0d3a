"""Which runtime `--runtime auto` means, and why: the same for `plan`, `render` and `run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dots_cli.errors import EnvironmentFailure, UsageError

if TYPE_CHECKING:
    from dots_cli.definition import Definition, Scenario, Service
    from dots_cli.plan.model import Plan, RuntimeName
    from dots_cli.runtime.engine_probe import Answer

VARIABLE = "DOTS_RUNTIME"
"""Stands for `--runtime` where that is not given."""

HELP = "What starts the models: docker, process, or auto."

KNOWN = "Known: auto, docker, process."

_LISTED = 4


@dataclass(frozen=True)
class Choice:
    """A runtime, and a line for a person that says why; empty where they chose it themselves."""

    runtime: RuntimeName
    why: str = ""


def choose(
    wanted: str,
    scenario: Scenario,
    definition: Definition,
    *,
    starts: bool = True,
    ask: Callable[[], Answer] | None = None,
) -> Choice:
    """The runtime for a scenario; `auto` asks whether a Docker engine answers.

    Docker is taken where an engine answers and every service that is started has an image or a
    Dockerfile, else local processes. UsageError for an unknown name; EnvironmentFailure where
    containers are needed and no engine answers, unless nothing `starts`.
    """
    if wanted == "docker":
        return Choice("docker")
    if wanted == "process":
        return Choice("process")
    if wanted != "auto":
        raise UsageError(f"there is no runtime {wanted!r}", KNOWN)
    started = [s for s in definition.services if s.esdl_type in scenario.by_type]
    uncontained = [service.name for service in started if not _fits_a_container(service)]
    if uncontained:
        have = "has" if len(uncontained) == 1 else "have"
        lacking = f"{_names(uncontained)} {have} neither an image nor a Dockerfile"
        return Choice("process", f"as local processes: {lacking}")
    answer = (ask or _ask)()
    if answer.answers:
        return Choice(
            "docker", "in containers: a Docker engine answers (`--runtime process` needs none)"
        )
    images_only = [service.name for service in started if not _has_source(service)]
    if not images_only:
        return Choice("process", f"as local processes: no Docker engine answers, {answer.why_not}")
    have = "has" if len(images_only) == 1 else "have"
    said = f"{_names(images_only)} {have} only an image, and no Docker engine answers"
    if starts:
        raise EnvironmentFailure(
            f"{said}: {answer.why_not}",
            "Start Docker, or give the definition a `source:`, which runs as a local process.",
        )
    return Choice("docker", f"in containers: {said}")


def missing_images(plan: Plan) -> str:
    """A line for a person about the images that a plan needs and the engine has not, else empty.

    EnvironmentFailure where no engine answers, or one that is too old: better now than later.
    """
    from dots_cli.runtime.containers.engine import Engine

    images = {spec.image: spec for spec in plan.containers if spec.image}
    with Engine.connect() as engine:
        missing = {name: spec for name, spec in images.items() if engine.image(name) is None}
    built = sum(spec.build is not None for spec in missing.values())
    pulled = len(missing) - built
    if not missing:
        return ""
    parts = [f"{built} to build"] * bool(built) + [f"{pulled} to pull"] * bool(pulled)
    return f"Images are missing, {' and '.join(parts)}: this once it may take minutes."


def _ask() -> Answer:
    from dots_cli.runtime.engine_probe import probe

    return probe()


def _fits_a_container(service: Service) -> bool:
    """Whether there is an image of it or a recipe for one, as far as is known without fetching."""
    if service.image or service.git:
        return True
    return service.source is not None and (service.source / "Dockerfile").is_file()


def _has_source(service: Service) -> bool:
    return service.source is not None or service.git is not None


def _names(names: Sequence[str]) -> str:
    """`'pv', 'wind' and 3 more`."""
    listed = ", ".join(f"'{name}'" for name in names[:_LISTED])
    more = len(names) - _LISTED
    return f"{listed} and {more} more" if more > 0 else listed
