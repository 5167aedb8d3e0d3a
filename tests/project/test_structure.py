"""The house rules of `dots_cli`, read from its source: who may import what, who may print."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.support import ROOT
from tests.support.imports import Import, imports, modules

ROOMS = (
    "definition",
    "plan",
    "render",
    "store",
    "runtime",
    "runs",
    "results",
    "output",
    "commands",
    "app",
)
"""In the direction of the data: each may import those to its left, never one to its right."""

FREE_TO_ALL = {"dots_cli", "dots_cli.errors", "dots_cli.resources"}

ONLY_IN = {
    "helics": ("conductor",),
    "esdl": ("definition.metamodel",),
    "yaml": ("definition.", "render.compose"),
    "pydantic": ("definition.",),
    "duckdb": ("results.embedded",),
    "line_protocol_parser": ("store.lines",),
    "influxdb_client": ("results.influx_server",),
    "urllib3": ("results.influx_server",),
    "docker": ("runtime.containers.sdk",),
    "uv": ("runtime.processes.environments",),
    "packaging": ("runtime.processes.interpreters",),
    "psutil": ("runtime.os_processes",),
    "platformdirs": ("render.run_folder",),
    "rich": ("output.",),
    "typer": ("app", "commands."),
    "filelock": ("runtime.", "commands."),
}
"""Each foreign library, and the modules of ours that may know it."""

PROGRAMS = ("store.endpoint", "store.server", "runtime.supervise", "runtime.guard")
"""Run as processes of their own: their stdout speaks to their parent, their stderr is a log."""

HEAVY = ("helics", "esdl", "duckdb", "pydantic", "yaml", "docker", "psutil", "uv", "lxml")


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def _ours() -> list[Import]:
    return [i for i in imports() if i.target.split(".")[0] == "dots_cli"]


def _foreign() -> list[Import]:
    known = {*sys.stdlib_module_names, "dots_cli", "__future__"}
    return [i for i in imports() if i.target.split(".")[0] not in known]


def test_the_rooms_import_in_one_direction() -> None:
    wrong = []
    for found in _ours():
        here, there = _room(found.module), _room(found.target)
        if found.target in FREE_TO_ALL or here == there or here == "__main__":
            continue
        if here not in ROOMS or there not in ROOMS or ROOMS.index(there) > ROOMS.index(here):
            wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_the_modules_that_all_may_import_import_none_of_ours() -> None:
    assert not [str(i) for i in _ours() if i.module in FREE_TO_ALL]


def test_the_conductor_knows_helics_the_standard_library_and_itself() -> None:
    wrong = [
        str(found)
        for found in imports()
        if _room(found.module) == "conductor"
        and _room(found.target) != "conductor"
        and found.target.split(".")[0] not in {"helics", *sys.stdlib_module_names}
    ]
    assert not wrong, "\n".join(wrong)


def test_the_conductor_imports_itself_by_relative_names() -> None:
    """It is copied into a container without the rest of the package."""
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        if _room(name) == "conductor"
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and not node.level and "dots_cli" in str(node.module))
        or (isinstance(node, ast.Import) and any("dots_cli" in a.name for a in node.names))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_foreign_library_is_known_in_its_own_place_alone() -> None:
    wrong = []
    for found in _foreign():
        inside = found.module.removeprefix("dots_cli.")
        places = ONLY_IN.get(found.target.split(".")[0], ())
        if not any(
            inside == place or inside.startswith(place.rstrip(".") + ".") for place in places
        ):
            wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_every_foreign_library_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {_normal(re.split(r"[<>=!~;\[ ]", d)[0]) for d in project["dependencies"]}
    optional = {"urllib3"}
    owners = packages_distributions()
    wrong = [
        str(found)
        for found in _foreign()
        if (top := found.target.split(".")[0]) not in optional
        and not declared & {_normal(owner) for owner in owners.get(top, [top])}
    ]
    assert not wrong, "\n".join(wrong)


def test_only_output_prints() -> None:
    wrong = []
    for name, tree in modules().items():
        if _room(name) in {"output", "conductor"} or name.endswith(PROGRAMS):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "print",
                "typer.echo",
                "typer.secho",
                "rich.print",
                "sys.stdout.write",
                "sys.stderr.write",
            }:
                wrong.append(f"{name}:{node.lineno} calls {ast.unparse(node.func)}")
    assert not wrong, "\n".join(wrong)


def test_a_users_mistake_is_never_met_with_assert() -> None:
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        if _room(name) in {"definition", "plan", "commands", "app"}
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    assert not wrong, "\n".join(wrong)


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['dots', '--help']\n"
        "import dots_cli.__main__\n"
        "try: dots_cli.__main__.main()\n"
        f"finally: print('imported:', [m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "imported: []"


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "app"])
def test_every_room_of_the_house_is_there(room: str) -> None:
    assert f"dots_cli.{room}" in modules()


def test_modules_stay_small_enough_to_read() -> None:
    long = [
        f"{name}: {lines} lines"
        for name in modules()
        if (lines := len(_source(name).splitlines())) > 400
    ]
    assert not long, "\n".join(long)


def _source(module: str) -> str:
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.read_text(encoding="utf-8")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
