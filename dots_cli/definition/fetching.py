"""Services whose source is a Git URL get the folder that it was cloned to, and what that says."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import replace
from pathlib import Path

from dots_cli.definition.git_source import GitSource
from dots_cli.definition.model import Definition, Service
from dots_cli.definition.sources import facts_of
from dots_cli.errors import DotsError, EnvironmentFailure, InputError, Problem, all_in_one

Fetch = Callable[[Service, GitSource], tuple[Path, str]]
"""Gives the folder of a source, and its commit; raises `DotsError`."""


def fetched(definition: Definition, needed: Container[str], fetch: Fetch) -> Definition:
    """The definition with the sources of the needed services (by name) in place.

    Every source that cannot be had is in one error: `InputError` where all are the definition's
    mistakes, `EnvironmentFailure` where the machine or the network is a reason.
    """
    services: list[Service] = []
    failures: list[tuple[Service, DotsError]] = []
    for service in definition.services:
        if service.git is None or service.source is not None or service.name not in needed:
            services.append(service)
            continue
        try:
            folder, commit = fetch(service, service.git)
        except DotsError as failure:
            failures.append((service, failure))
            continue
        facts = facts_of(folder)
        services.append(replace(service, source=folder, commit=commit, found=facts))
    if failures:
        raise _cannot_be_fetched(definition, failures)
    return replace(definition, services=tuple(services))


def _cannot_be_fetched(
    definition: Definition, failures: list[tuple[Service, DotsError]]
) -> Exception:
    problems = [
        Problem(definition.path, service.line, f"service '{service.name}': {error.message}", hint)
        for service, error in failures
        for hint in [error.hint]
    ]
    if all(isinstance(error, InputError) for _, error in failures):
        count = len(problems)
        what = "the source of a service" if count == 1 else f"the sources of {count} services"
        return InputError(f"{what} cannot be fetched", problems=problems)
    placed = [EnvironmentFailure(f"{p.place}: {p.message}", p.hint) for p in problems]
    return all_in_one(placed, "sources of services cannot be fetched")
