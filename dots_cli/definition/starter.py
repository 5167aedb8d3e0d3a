"""The service definition that `dots init` writes for a scenario: a text to go on from."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dots_cli.definition.catalogue import Published
from dots_cli.definition.model import Scenario, Service, sanitised
from dots_cli.definition.shell import written

_FALLBACK_START = datetime(2024, 1, 1)


def known_services(
    scenario: Scenario, catalogue: Mapping[str, tuple[Published, ...]]
) -> list[Service]:
    """The published services that simulate a class of the scenario; the first one for each."""
    return [
        Service(
            name=sanitised(catalogue[esdl_type][0].name),
            esdl_type=esdl_type,
            image=catalogue[esdl_type][0].image,
            git=catalogue[esdl_type][0].git,
            python=catalogue[esdl_type][0].python,
            calculations=catalogue[esdl_type][0].calculations,
        )
        for esdl_type in _worth_simulating(scenario)
        if esdl_type in catalogue
    ]


def starter(
    scenario: Scenario,
    catalogue: Mapping[str, tuple[Published, ...]],
    call: tuple[str | Path, ...] = (),
) -> str:
    """A commented definition: every class of the scenario, those of known services filled in.

    `call` is what its head lets a person write behind `dots run`; default: the scenario's name.
    """
    head_lines = _head(scenario, call or (_one_line(scenario.path.name),))
    return "\n".join([*head_lines, *_services(scenario, catalogue), *_rest(scenario)]) + "\n"


def _head(scenario: Scenario, call: tuple[str | Path, ...]) -> Iterator[str]:
    start = scenario.first_instant
    yield from head(_one_line(scenario.path.name), "written by `dots init`", call)
    yield ""
    yield "simulation:"
    why = "where the profiles in the file begin" if start else "no time zone"
    yield f"  start: {start or _FALLBACK_START}  # {why}"
    yield "  duration: 24h  # 15m, 60h, 7d, or seconds"
    yield "  log_level: info  # debug, info, warning or error"
    yield ""
    yield "services:"


def head(name: str, origin: str, call: tuple[str | Path, ...]) -> Iterator[str]:
    """The comment at the top of a definition for a scenario of that name.

    `call` is how a command is told the scenario and, where it is not found, the definition.
    """
    yield f"# Service definition for {name}, {origin}."
    yield f"# Check it:           {_one_line(written('validate', *call))}"
    yield f"# See what it starts: {_one_line(written('plan', *call))}"
    yield f"# Run it:             {_one_line(written('run', *call))}"
    yield "# All keys:           dots schema"


def _services(scenario: Scenario, catalogue: Mapping[str, tuple[Published, ...]]) -> Iterator[str]:
    known = {service.esdl_type: service for service in known_services(scenario, catalogue)}
    for esdl_type in _worth_simulating(scenario):
        yield ""
        count = len(scenario.by_type[esdl_type])
        objects = "1 object" if count == 1 else f"{count} objects"
        if esdl_type in known:
            yield from _filled(objects, known[esdl_type], catalogue[esdl_type])
        else:
            yield from _commented_out(objects, esdl_type)


def _filled(objects: str, service: Service, published: tuple[Published, ...]) -> Iterator[str]:
    first, *others = published
    yield f"  # {service.esdl_type}: {objects}. Published: {_one_line(first.name)}"
    yield from comments(first)
    for other in others:
        yield f"  # Another one: {_one_line(other.name)}, {_one_line(other.image)}"
    yield from entry(service, first)


def comments(published: Published) -> Iterator[str]:
    """What a person should know of a published service."""
    if published.inputs_from:
        yield from _wrapped(f"It takes inputs from services of {', '.join(published.inputs_from)}.")
    if published.notes:
        yield from _wrapped(published.notes)


def entry(service: Service, published: Published | None) -> Iterator[str]:
    """The lines of one service, for a list below `services:`."""
    yield f"  - name: {_scalar(service.name)}"
    yield f"    esdl_type: {_scalar(service.esdl_type)}"
    yield f"    image: {_scalar(service.image)}"
    if service.git is not None:
        yield "    # Without Docker its code is run, as it was when dots was tried with it:"
        yield f"    source: {_scalar(str(service.git))}"
    else:
        yield "    # Without Docker its code is run: name its folder, or a Git URL with a tag."
        yield f"    # source: ./{sanitised(service.name)}"
    if published and published.system_packages:
        yield f"    # It needs packages of the system: {', '.join(published.system_packages)}"
    if service.python:
        yield f"    python: {_scalar(service.python)}"
    yield f"    models: {service.models}  # 0 = one per object, n = at most n"
    if service.calculations is not None:
        yield f"    calculations: {service.calculations}"
    if service.env:
        yield "    env:"
        yield from (f"      {_scalar(name)}: {_scalar(value)}" for name, value in service.env)


def _wrapped(text: str) -> Iterator[str]:
    yield from textwrap.wrap(_one_line(text), 96, initial_indent="  # ", subsequent_indent="  # ")


def _commented_out(objects: str, esdl_type: str) -> Iterator[str]:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", esdl_type).lower()
    yield f"  # {esdl_type}: {objects}. No published service is known."
    yield f"  # - name: {name}"
    yield f"  #   esdl_type: {esdl_type}"
    yield f"  #   source: ./{name}  # the folder of its code; for Docker: image: ..."
    yield f"  #   command: [python, -m, {name.replace('-', '_')}_service]"


def _rest(scenario: Scenario) -> Iterator[str]:
    rest = [
        f"{esdl_type} ({len(objects)})"
        for esdl_type, objects in scenario.by_type.items()
        if esdl_type not in scenario.simulatable
    ]
    if rest:
        yield ""
        yield "# Also in the file, seldom simulated on their own:"
        for at in range(0, len(rest), 4):
            yield f"#   {', '.join(rest[at : at + 4])}"


def _worth_simulating(scenario: Scenario) -> list[str]:
    return [esdl_type for esdl_type in scenario.by_type if esdl_type in scenario.simulatable]


def _scalar(value: Any) -> str:
    """A value as YAML writes it, quoted where it must be."""
    import yaml

    written: str = yaml.safe_dump(value, width=10**6, allow_unicode=True)
    return written.removesuffix("\n").removesuffix("\n...")


def _one_line(text: str) -> str:
    return " ".join(text.split())
