"""A DOTS request as a service definition: what it says, and what the catalogue adds to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dots_cli.definition.catalogue import Published, of_image
from dots_cli.definition.durations import as_text
from dots_cli.definition.model import Definition, LimitSettings, Scenario, Service
from dots_cli.definition.starter import comments, entry, head

Catalogue = Mapping[str, tuple[Published, ...]]


def imported(definition: Definition, scenario: Scenario, catalogue: Catalogue) -> Definition:
    """The definition of a request, the services that are published completed from the catalogue.

    Its `content` is the text of a service definition that says the same.
    """
    services = tuple(_completed(service, catalogue) for service in definition.services)
    whole = replace(definition, services=services)
    text = as_definition(whole, scenario, catalogue)
    return replace(whole, content=text.encode())


def as_definition(definition: Definition, scenario: Scenario, catalogue: Catalogue) -> str:
    """The text of a commented service definition for the file scenario.esdl beside it."""
    return "\n".join(_lines(definition, scenario, catalogue)) + "\n"


def _completed(service: Service, catalogue: Catalogue) -> Service:
    """With the code of a published service and the Python that it runs on."""
    published = of_image(catalogue, service.image)
    if published is None or published.esdl_type != service.esdl_type:
        return service
    calculations = service.calculations
    if calculations is None and published.dialect == "old":
        calculations = published.calculations
    return replace(service, git=published.git, python=published.python, calculations=calculations)


def _lines(definition: Definition, scenario: Scenario, catalogue: Catalogue) -> Iterator[str]:
    origin = f"{scenario.path.name} ({scenario.title})" if scenario.title else scenario.path.name
    name = "scenario.esdl"
    yield from head(name, f"imported from {' '.join(origin.split())}", (name,))
    yield ""
    yield "simulation:"
    yield f"  start: {definition.start}  # no time zone, like the models"
    yield f"  duration: {as_text(definition.duration)}  # 15m, 60h, 7d, or seconds"
    yield f"  log_level: {definition.log_level}  # debug, info, warning or error"
    yield ""
    if definition.limits != LimitSettings():
        yield "limits:"
        for name in ("join", "step", "run", "finish"):
            yield f"  {name}: {as_text(getattr(definition.limits, name))}"
        yield ""
    yield "services:"
    for service in definition.services:
        count = len(scenario.by_type.get(service.esdl_type, ()))
        objects = "1 object" if count == 1 else f"{count or 'no'} objects"
        published = of_image(catalogue, service.image)
        yield ""
        known = "" if published is None else f". Published: {published.name}"
        yield f"  # {service.esdl_type}: {objects}{known}"
        if published is not None:
            yield from comments(published)
        yield from entry(service, published)
