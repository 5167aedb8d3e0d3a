"""What `dots run` does before there is something to watch: read, plan, make the folder, launch."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from dots_cli import __version__
from dots_cli.commands.choosing import choose, missing_images
from dots_cli.commands.sources import taken_from_sources, with_sources
from dots_cli.definition import Definition, Overrides, Scenario, read
from dots_cli.definition.shell import command
from dots_cli.definition.visible import has_controls, visible
from dots_cli.errors import UsageError
from dots_cli.output import console
from dots_cli.output.interrupts import Interrupts
from dots_cli.plan import names, serialise
from dots_cli.plan.build import build
from dots_cli.plan.containers import Stack
from dots_cli.plan.model import Plan
from dots_cli.render import run_folder
from dots_cli.render.conductor_image import conductor_image
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs import registry
from dots_cli.runtime.base import RunOptions
from dots_cli.runtime.launch import launch

LONGEST_NAME = 64
"""Letters of a run's name: more do not fit beside what else is said of it."""


@dataclass(frozen=True)
class Wishes:
    """What the command line says beside the scenario."""

    services: Path | None
    overrides: Overrides
    name: str | None
    until: str | None
    runtime: str
    offline: bool
    external: tuple[str, ...] = ()
    grafana: bool = True


def start_run(path: Path, wishes: Wishes, signals: Interrupts | None = None) -> RunFolder:
    """Start a run and return its folder; its supervisor has taken it over.

    `signals` collects a Ctrl-C that comes when there is a run already and nobody watches it yet.

    Raises what `definition.read` and `build` raise, EnvironmentFailure where the folder cannot be
    written.
    """
    _check_name(wishes.name)
    scenario, definition = read(path, wishes.services, wishes.overrides)
    choice = choose(_runtime_for(wishes), scenario, definition)
    runtime = choice.runtime
    definition = with_sources(scenario, definition, runtime, offline=wishes.offline)
    run_id = names.run_id(scenario.name, os.urandom(8))
    plan = build(
        scenario,
        definition,
        run_id=run_id,
        runtime=runtime,
        stack=Stack(conductor_image(), wishes.grafana),
        external=wishes.external,
    )
    console.print_problems(definition.warnings)
    if choice.why:
        console.say(f"Running {choice.why}.")
    if runtime == "docker" and (images := missing_images(plan)):
        console.say(images)
    for line in taken_from_sources(definition, scenario, runtime):
        console.say(line)
    options = RunOptions(offline=wishes.offline, pause_at=_pause_at(wishes.until, plan))
    if signals:
        signals.begin()
    folder = _make_folder(scenario, definition, plan, options, wishes.name)
    launch(folder)
    return folder


def _check_name(name: str | None) -> None:
    """A name fits into a line, and means no other run: two that go on could not be told apart."""
    if name is None:
        return
    if not name.strip():
        raise UsageError("--name is empty", "Give a name, or leave --name out.")
    if has_controls(name):
        what = f"--name '{visible(name[:LONGEST_NAME])}' holds a control character"
        raise UsageError(what, "Leave line breaks and the like out.")
    if len(name) > LONGEST_NAME:
        what = f"--name has {len(name):,} letters; it may have {LONGEST_NAME}"
        raise UsageError(what, "Give a shorter name.")
    for folder in registry.runs():
        if folder.run_id == name:
            raise UsageError(f"--name {name}: a run has that id", "Give another name.")
        if registry.name(folder) == name and registry.goes_on(folder):
            raise UsageError(
                f"--name {name}: the run {folder.run_id} has that name and goes on",
                f"Give another name, or end that run first: {command('stop', folder.run_id)}",
            )


def _runtime_for(wishes: Wishes) -> str:
    """What a person starts runs beside the run, not in a container of it."""
    if wishes.external and wishes.runtime == "docker":
        raise UsageError(
            "--external is for local processes",
            "Add `--runtime process`, or leave --runtime out.",
        )
    return "process" if wishes.external else wishes.runtime


def _pause_at(until: str | None, plan: Plan) -> float | None:
    from dots_cli.definition.durations import as_text, parse_duration

    if until is None:
        return None
    try:
        seconds = parse_duration(until)
    except ValueError as error:
        raise UsageError(f"--until: {error}") from error
    if seconds >= plan.simulation.duration:
        raise UsageError(
            f"--until {until} is not before the end of the simulation "
            f"({as_text(plan.simulation.duration)})",
            "leave it out, or give a shorter time",
        )
    return float(seconds)


def _make_folder(
    scenario: Scenario,
    definition: Definition,
    plan: Plan,
    options: RunOptions,
    name: str | None,
) -> RunFolder:
    about = {
        "name": name,
        "scenario": str(scenario.path.absolute()),
        "services": str(definition.path.absolute()),
        "created": time.time(),
        "runtime": plan.runtime,
        "options": asdict(options),
        "versions": {
            "dots": __version__,
            "helics": version("helics"),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
    }
    return run_folder.create(
        plan.run_id,
        about=about,
        scenario=scenario.content,
        definition=definition.content,
        plan=serialise.to_json(plan),
        request=scenario.request,
    )
