"""The rendered stack: a folder that `docker compose up` needs nothing beside."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from dots_cli.errors import EnvironmentFailure, InputError
from dots_cli.plan.containers import BROKER_PORT, SCENARIO_FILE, SETTINGS_FILE
from dots_cli.plan.model import Plan
from dots_cli.render.compose import MARK, compose_file
from dots_cli.render.conductor import conductor_settings
from dots_cli.render.conductor_image import write_context
from dots_cli.render.run_folder import write_atomically
from dots_cli.render.secrets import VARIABLES, write_variables
from dots_cli.render.sources import DOCKERFILE, copy_source
from dots_cli.resources import shipped

COMPOSE_FILE = "compose.yaml"
UNFINISHED = f"{MARK}not finished"

CONDUCTOR_PORTS = 100

_FIXED = {
    "influxdb/influxdb.conf": ("compose", "influxdb/influxdb.conf"),
    "grafana/datasource.yaml": ("templates", "grafana/datasource.yaml"),
    "grafana/dashboards.yaml": ("templates", "grafana/dashboards.yaml"),
    "grafana/run.json": ("templates", "grafana/run.json"),
}
"""Files of a stack that are the same in each, and where they come from."""

_CONDUCTOR = "conductor"
_SOURCES = "sources"
_OURS = (
    *(COMPOSE_FILE, VARIABLES, SCENARIO_FILE.source, SETTINGS_FILE.source),
    *(_CONDUCTOR, _SOURCES, "influxdb", "grafana"),
)


def rendered_run(folder: Path) -> str | None:
    """The id of the run whose stack was written into that folder; None where none was.

    Empty where the writing did not come to its end.
    """
    try:
        with (folder / COMPOSE_FILE).open(encoding="utf-8", errors="replace") as file:
            first = file.readline().rstrip()
    except OSError:
        return None
    if not first.startswith(MARK):
        return None
    return "" if first == UNFINISHED else first.rpartition(" ")[2]


def write_stack(
    folder: Path,
    plan: Plan,
    scenario: bytes,
    variables: Mapping[str, str],
    *,
    pause_at: float | None = None,
) -> None:
    """Write everything that the plan's containers are made of; a stack that is there is replaced.

    `variables` holds a value for every reference of the plan: secrets, ports and those of the
    caller's environment. Only the file .env holds them, and only its owner can read it.

    InputError where a service is to be built and its folder does not say how, EnvironmentFailure
    where the folder cannot be written.
    """
    require_dockerfiles(plan)
    files = _files(plan, scenario, pause_at)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove(folder)
        # Known as ours from now on, and not to be started before it is whole.
        (folder / COMPOSE_FILE).write_text(f"{UNFINISHED}\n", encoding="utf-8")
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", newline="")
        for build, source in _builds(plan).items():
            if source is None:
                write_context(folder / build)
            else:
                copy_source(Path(source), folder / build, folder)
        write_variables(folder / VARIABLES, variables)
        write_atomically(folder / COMPOSE_FILE, compose_file(plan, files))
    except (OSError, shutil.Error) as error:
        raise EnvironmentFailure(
            f"cannot write the stack {folder}: {_reason(error)}",
            "Free space or fix the rights there, or use another folder.",
        ) from error


def require_dockerfiles(plan: Plan) -> None:
    """InputError with the name of every service that cannot be built: no Dockerfile."""
    missing = [
        source
        for source in dict.fromkeys(s for s in _builds(plan).values() if s is not None)
        if not (Path(source) / DOCKERFILE).is_file()
    ]
    if not missing:
        return
    services = {
        spec.source: plan.model(spec.name).service
        for spec in reversed(plan.containers)
        if spec.role == "model" and spec.build
    }
    told = "".join(f"\n  {services[source]}: {source} has no Dockerfile" for source in missing)
    raise InputError(
        f"not every service can be built as an image:{told}",
        "Add a Dockerfile to its source, or give it an `image:`, or use `--runtime process`.",
    )


def _builds(plan: Plan) -> dict[str, str | None]:
    """Each folder of the stack that an image is built from, and what it is a copy of."""
    return {spec.build: spec.source for spec in plan.containers if spec.build}


def _files(plan: Plan, scenario: bytes, pause_at: float | None) -> dict[str, str]:
    """The text of every file that a container gets, by its name in the stack."""
    wanted = dict.fromkeys(copy.source for spec in plan.containers for copy in spec.files)
    found = {}
    for name in wanted:
        if name == SCENARIO_FILE.source:
            found[name] = scenario.decode("utf-8-sig")
        elif name == SETTINGS_FILE.source:
            found[name] = conductor_settings(
                plan,
                esdl=SCENARIO_FILE.target,
                host="0.0.0.0",
                port=BROKER_PORT,
                ports=CONDUCTOR_PORTS,
                pause_at=pause_at,
            )
        else:
            kind, inside = _FIXED[name]
            found[name] = (shipped(kind) / inside).read_text(encoding="utf-8-sig")
    return found


def _remove(folder: Path) -> None:
    for name in _OURS:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _reason(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"
