"""What `plan` and `run` do between reading and planning: have the sources, say what they say."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dots_cli.definition import Definition, Scenario, Service
    from dots_cli.definition.git_source import GitSource
    from dots_cli.plan.model import RuntimeName


def with_sources(
    scenario: Scenario, definition: Definition, runtime: RuntimeName, *, offline: bool
) -> Definition:
    """The definition with every Git source that a run needs cloned.

    Raises what `definition.fetching.fetched` raises.
    """
    from dots_cli.definition.fetching import fetched
    from dots_cli.output import console
    from dots_cli.render.run_folder import cache_home
    from dots_cli.runtime.checkouts import Checkouts

    checkouts = Checkouts(cache_home(), offline=offline)

    def fetch(service: Service, source: GitSource) -> tuple[Path, str]:
        made = checkouts.ensure(source, lambda what: console.say(f"{service.name}: {what}"))
        return made.folder, made.commit

    needed = {
        service.name
        for service in definition.services
        if service.esdl_type in scenario.by_type and (runtime == "process" or not service.image)
    }
    return fetched(definition, needed, fetch)


def taken_from_sources(
    definition: Definition, scenario: Scenario, runtime: RuntimeName
) -> Iterator[str]:
    """For a person: what the definition does not say and the sources' files do."""
    for service in definition.services:
        found = service.found
        if found is None or runtime != "process" or service.esdl_type not in scenario.by_type:
            continue
        taken = []
        if not service.command and found.command:
            where = f" in {found.workdir}" if found.workdir else ""
            taken.append(f"runs `{shlex.join(found.command)}`{where} ({found.command_from})")
        if not service.python and found.python:
            taken.append(f"asks for Python {found.python} ({found.python_from})")
        if found.packages:
            taken.append(f"the Dockerfile installs {', '.join(found.packages)}")
        if service.commit:
            taken.append(f"commit {service.commit[:12]}")
        if taken:
            yield f"{service.name}: {'; '.join(taken)}"
