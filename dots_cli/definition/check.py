"""Both files of the user, read and checked together, every problem at once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from dots_cli.definition import esdl
from dots_cli.definition.catalogue import read_catalogue
from dots_cli.definition.complete import complete
from dots_cli.definition.entries import Entries, read_entries
from dots_cli.definition.glance import find_services, misnamed_services
from dots_cli.definition.imported import imported
from dots_cli.definition.located import Problems, is_utf8
from dots_cli.definition.model import Definition, Overrides, Scenario
from dots_cli.definition.overrides import parse, warn_of_mistyped
from dots_cli.definition.request import looks_like_request, read_request
from dots_cli.definition.shell import command, quoted
from dots_cli.errors import InputError


def read_both(
    scenario_path: Path,
    services_path: Path | None,
    overrides: Overrides,
    esdl_file: Path | None = None,
) -> tuple[Scenario, Definition]:
    """The scenario and its definition, or both out of a DOTS request; see `definition.read`.

    `esdl_file` is the ESDL of a request that does not hold it.
    """
    wanted = parse(overrides)
    problems = Problems()
    raw = _bytes_of_scenario(scenario_path, problems)
    request, found = None, None
    if raw is not None and looks_like_request(scenario_path, raw):
        request = read_request(raw, scenario_path, problems, esdl_file)
        if request.esdl is not None:
            found = _scenario(request.esdl, request.esdl_path, problems)
    elif raw is not None:
        found = _scenario(raw, scenario_path, problems)
    if request is not None and services_path is None:
        entries = request.entries
    else:
        is_there = raw is not None and bool(raw.strip())
        entries = _read_services(scenario_path, services_path, problems, is_there)
    definition = None
    if entries is not None:
        warn_of_mistyped(wanted.variables, entries, problems)
        definition = complete(entries, found, problems, wanted, os.environ)
    if found is None or definition is None or problems.errors:
        raise _failure(problems)
    scenario = found[0]
    if request is not None:
        scenario = replace(scenario, path=scenario_path, request=raw, title=request.name or "")
        if services_path is None:
            definition = imported(definition, scenario, read_catalogue())
    return scenario, definition


def read_scenario(path: Path) -> Scenario:
    """A scenario without a definition. Raises `InputError` with every problem of the file."""
    problems = Problems()
    found = _read_scenario(path, problems)
    if found is None or problems.errors:
        raise _failure(problems)
    return found[0]


def _read_scenario(path: Path, problems: Problems) -> tuple[Scenario, esdl.Content] | None:
    raw = _bytes_of_scenario(path, problems)
    return None if raw is None else _scenario(raw, path, problems)


def _scenario(raw: bytes, path: Path, problems: Problems) -> tuple[Scenario, esdl.Content] | None:
    content = esdl.read(raw, path, problems)
    if content is None:
        return None
    scenario = Scenario(
        path=path,
        content=raw,
        objects=content.objects,
        simulatable=content.simulatable,
        first_instant=content.first_instant,
    )
    return scenario, content


def _read_services(
    scenario: Path, given: Path | None, problems: Problems, scenario_is_there: bool
) -> Entries | None:
    path = given or find_services(scenario)
    if path is None and not scenario_is_there:
        return None  # reported already, and a definition could not be made from it
    if path is None:
        name = f"{scenario.stem}.services.yaml"
        what = f"no service definition beside the scenario: neither {name} nor services.yaml"
        hint = f"Write one with `{command('init', scenario)}`, or name one with `--services FILE`."
        if other := misnamed_services(scenario):
            hint = (
                f"Rename {other.name} to {other.stem}.yaml, or give `--services {quoted(other)}`."
            )
        problems.add(scenario, 0, what, hint)
        return None
    content = _bytes_of(path, "service definition", problems)
    return None if content is None else read_entries(content, path, problems)


def _bytes_of_scenario(path: Path, problems: Problems) -> bytes | None:
    raw = _bytes_of(path, "scenario", problems)
    if raw is not None and not is_utf8(path.name):
        what = "the name of this file is not UTF-8, and a run is called after it"
        problems.add(path, 0, what, "Give the file another name.")
    return raw


def _bytes_of(path: Path, what: str, problems: Problems) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        near = _like(path)
        hint = f"Did you mean {near}?" if near else "Check the path."
        problems.add(path, 0, f"the {what} does not exist", hint)
    except IsADirectoryError:
        problems.add(path, 0, f"the {what} is a folder", "Name a file in it.")
    except OSError as failure:
        hint = "Name a file in it." if path.is_dir() else "Check its permissions."
        problems.add(path, 0, f"the {what} cannot be read: {failure.strerror}", hint)
    return None


def _like(path: Path) -> Path | None:
    """A file in the same folder whose name is nearly that one."""
    from dots_cli.definition.located import nearest

    if not path.parent.is_dir():
        return None
    names = [item.name for item in path.parent.iterdir() if item.is_file()]
    near = nearest(path.name, names, cutoff=0.75)
    return path.with_name(near) if near else None


def _failure(problems: Problems) -> InputError:
    count = len(problems.errors)
    files = list(dict.fromkeys(str(problem.file) for problem in problems.errors))
    what = "1 problem" if count == 1 else f"{count} problems"
    return InputError(f"{what} in {' and '.join(files)}", problems=problems.in_order())
