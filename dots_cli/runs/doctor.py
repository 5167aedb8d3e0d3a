"""Looks at what runs need of this machine: folders, disk, memory, interpreters, leftovers."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from dots_cli import __version__
from dots_cli.definition.shell import command
from dots_cli.errors import DotsError
from dots_cli.render.run_folder import cache_home, data_home
from dots_cli.runs import leftovers, registry
from dots_cli.runs.findings import Finding, gigabytes

LITTLE_DISK = 2e9
"""Bytes free below which a person should know: environments and results take some."""
NO_DISK = 2e8

_SERVICES_PYTHONS = ("3.11", "3.12", "3.13")
_PATIENCE = 30
"""Seconds for `uv` to look at every interpreter."""
_COUNTING = 1.5
_MANY = 2e10


def look() -> Iterator[Finding]:
    """Everything, in the order in which a person wants to read it."""
    from dots_cli.runs import doctor_engine

    yield from machine()
    yield from processes()
    yield from doctor_engine.containers()


def machine() -> Iterator[Finding]:
    """What every run needs."""
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield Finding(
        "machine", "dots", "ok", f"{__version__}, Python {platform.python_version()}, {system}"
    )
    for about, folder, variable in (
        ("runs", data_home(), "DOTS_HOME"),
        ("cache", cache_home(), "DOTS_CACHE"),
    ):
        yield _folder(about, folder, variable)
    yield _left_processes()


def processes() -> Iterator[Finding]:
    """What runs as local processes need."""
    from dots_cli.runtime.processes.environments import uv_program

    try:
        uv = uv_program()
    except (DotsError, OSError) as error:
        yield Finding(
            "processes", "uv", "problem", f"uv is not there: {error}", "Install dots-cli again."
        )
        return
    version = _said(uv, "--version")
    if version is None:
        yield Finding(
            "processes", "uv", "problem", f"{uv} cannot be run", "Install dots-cli again."
        )
        return
    yield Finding("processes", "uv", "ok", version.strip())
    yield _interpreters(uv)
    yield _environments()


def _folder(about: str, folder: Path, variable: str) -> Finding:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not os.access(there, os.W_OK) or not there.is_dir():
        return Finding(
            *("machine", about, "problem", f"{folder} cannot be written"),
            f"Fix the rights of {there}, or set {variable} to another folder.",
        )
    free = shutil.disk_usage(there).free
    what = f"{folder}, {gigabytes(free)} free"
    hint = f"Free some space, or set {variable} to a folder on another disk."
    if free < NO_DISK:
        return Finding("machine", about, "problem", what, hint)
    return (
        Finding("machine", about, "note", what, hint)
        if free < LITTLE_DISK
        else Finding("machine", about, "ok", what)
    )


def _left_processes() -> Finding:
    """Runs that nobody owns any more, and what is left of them."""
    try:
        known = registry.runs()
    except DotsError:  # a finding already, that of the folder
        return Finding("machine", "leftovers", "ok", "no run can be kept there")
    lost = [
        folder
        for folder in known
        if registry.verdict(folder) is None
        and not registry.is_alive(folder)
        and not registry.may_start(folder)
    ]
    if not lost:
        return Finding("machine", "leftovers", "ok", "no run has lost its supervisor")
    left = sum(len(leftovers.find_leftovers(folder)) for folder in lost)
    names = ", ".join(folder.run_id for folder in lost[:5]) + (" ..." if len(lost) > 5 else "")
    return Finding(
        *("machine", "leftovers", "note"),
        f"{len(lost)} runs have lost their supervisor, {left} processes are left: {names}",
        "Clean up with: " + command("teardown", *(run.run_id for run in lost if len(lost) == 1)),
    )


def _interpreters(uv: str) -> Finding:
    listed = _said(uv, "python", "list", "--only-installed", "--offline", "--output-format", "json")
    try:
        found = {
            ".".join(item["version"].split(".")[:2])
            for item in json.loads(listed or "[]")
            if item.get("implementation") == "cpython"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        found = set()
    own = ".".join(platform.python_version_tuple()[:2])
    found.add(own)
    usable = sorted((v for v in found if v.startswith("3.")), key=lambda v: int(v.split(".")[1]))
    what = f"Python {', '.join(usable)}"
    missing = [version for version in _SERVICES_PYTHONS if version not in found]
    if missing:
        hint = "`uv` downloads one that a service asks for, unless a run is --offline."
        return Finding("processes", "interpreters", "ok", f"{what}; {hint}")
    return Finding("processes", "interpreters", "ok", what)


def _environments() -> Finding:
    home = cache_home() / "environments"
    count = sum(1 for path in home.iterdir() if path.is_dir()) if home.is_dir() else 0
    size, whole = _size(home)
    what = f"{count} built, {'' if whole else 'more than '}{gigabytes(size)} in {home}"
    if size > _MANY or not whole:
        hint = "Remove that folder when no run is going on; what is needed is built again."
        return Finding("processes", "environments", "note", what, hint)
    return Finding("processes", "environments", "ok", what)


def _size(home: Path) -> tuple[int, bool]:
    """Bytes in a folder, and whether there was the time to count them all."""
    size, deadline = 0, time.monotonic() + _COUNTING
    for folder, _, files in os.walk(home):
        if time.monotonic() > deadline:
            return size, False
        for name in files:
            with contextlib.suppress(OSError):
                size += (Path(folder) / name).lstat().st_size
    return size, True


def _said(*command: str) -> str | None:
    """What a program prints; None where it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
            encoding="utf-8",
            errors="replace",
            creationflags=_without_a_window(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _without_a_window() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW
    return 0
