"""The folder of a run: where its files are, written so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from dots_cli.errors import EnvironmentFailure, InputError

FOLDER_FORMAT = 1


def data_home() -> Path:
    """Where runs live, absolute: `DOTS_HOME`, else the user's data folder."""
    return _told("DOTS_HOME") or Path(platformdirs.user_data_dir("dots", appauthor=False))


def cache_home() -> Path:
    """Where environments are kept: `DOTS_CACHE`, else below `DOTS_HOME`, else the user's cache."""
    if told := _told("DOTS_CACHE"):
        return told
    if home := _told("DOTS_HOME"):
        return home / "cache"
    return Path(platformdirs.user_cache_dir("dots", appauthor=False))


def told_homes() -> dict[str, str]:
    """`DOTS_HOME` and `DOTS_CACHE`, as far as set, for a process with another working folder."""
    found = {name: _told(name) for name in ("DOTS_HOME", "DOTS_CACHE")}
    return {name: str(path) for name, path in found.items() if path}


def _told(variable: str) -> Path | None:
    """The folder that a variable names, absolute; None where it is not set."""
    text = os.environ.get(variable)
    if not text:
        return None
    path = Path(text)
    with contextlib.suppress(RuntimeError):  # `~somebody` whom nobody knows is a name as any other
        path = path.expanduser()
    return path.absolute()


def write_atomically(path: Path, text: str) -> None:
    """Replace a file as a whole; a reader sees the old text or the new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class RunFolder:
    """One run's files by name. Which process writes which: one writer per file."""

    path: Path

    @property
    def run_id(self) -> str:
        """The id of the run, which is the folder's name."""
        return self.path.name

    @property
    def about(self) -> Path:
        """`run.json`: format, name, scenario, time of creation, versions. Written by the CLI."""
        return self.path / "run.json"

    @property
    def scenario(self) -> Path:
        """The ESDL file as it was."""
        return self.path / "scenario.esdl"

    @property
    def definition(self) -> Path:
        """The service definition as it was."""
        return self.path / "services.yaml"

    @property
    def request(self) -> Path:
        """The DOTS request as it was, where the run was asked for by one."""
        return self.path / "request.json"

    @property
    def plan(self) -> Path:
        """`plan.json`."""
        return self.path / "plan.json"

    @property
    def record(self) -> Path:
        """`record.json`: what ran, by version and digest. Written by the supervisor."""
        return self.path / "record.json"

    @property
    def units(self) -> Path:
        """`units.json`: `{esdl_type: {output: unit}}` as the models publish them."""
        return self.path / "units.json"

    @property
    def events(self) -> Path:
        """`events.jsonl`, appended by the supervisor."""
        return self.path / "events.jsonl"

    @property
    def verdict(self) -> Path:
        """`verdict.json`, written once."""
        return self.path / "verdict.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor while it lives."""
        return self.path / "supervisor.lock"

    @property
    def control(self) -> Path:
        """Requests to the supervisor, one file each."""
        return self.path / "control"

    @property
    def logs(self) -> Path:
        """`<model>.log` for every model, and those of conductor, store and supervisor."""
        return self.path / "logs"

    @property
    def results(self) -> Path:
        """The embedded store's files."""
        return self.path / "results"

    @property
    def stack(self) -> Path:
        """The rendered container stack, of a run in containers."""
        return self.path / "stack"

    @property
    def work(self) -> Path:
        """Where models of published services run, a folder each; gone when the run has ended."""
        return self.path / "work"

    @property
    def reserve(self) -> Path:
        """Bytes that are given back when the disk is full, so that a verdict can be written."""
        return self.path / "reserve"

    def log(self, name: str) -> Path:
        """The log of one model, or of `conductor`, `store`, `supervisor`."""
        return self.logs / f"{name}.log"

    def read_json(self, path: Path) -> dict[str, Any]:
        """A JSON file of this folder; empty where it is not there yet."""
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return data


RESERVE = 65_536


def create(
    run_id: str,
    *,
    about: Mapping[str, object],
    scenario: bytes,
    definition: bytes,
    plan: str,
    request: bytes | None = None,
) -> RunFolder:
    """Make the folder of a new run, readable by its owner only.

    It appears under its name only when it is whole; what there is of it goes where that fails.
    EnvironmentFailure where it cannot be written, InputError where the plan is no text.
    """
    try:
        plan_bytes = plan.encode()
    except UnicodeEncodeError as error:
        lost = plan[max(0, error.start - 40) : error.end + 20].splitlines()
        raise InputError(
            f"a name or a value that the run was given is not UTF-8: {' '.join(lost)!r}",
            "Rename that file or folder, or give another value.",
        ) from error
    home = data_home() / "runs"
    final = RunFolder(home / run_id)
    draft = RunFolder(home / f".{run_id}.new")
    try:
        home.mkdir(parents=True, exist_ok=True)
        draft.path.mkdir(mode=0o700)
        for folder in (draft.control, draft.logs, draft.results):
            folder.mkdir()
        draft.reserve.write_bytes(b"\0" * RESERVE)
        draft.scenario.write_bytes(scenario)
        draft.definition.write_bytes(definition)
        if request is not None:
            draft.request.write_bytes(request)
        draft.plan.write_bytes(plan_bytes)
        draft.about.write_text(
            json.dumps({"format": FOLDER_FORMAT, "run_id": run_id, **about}, indent=1),
            encoding="utf-8",
        )
        draft.path.rename(final.path)
    except BaseException as error:
        shutil.rmtree(draft.path, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        raise EnvironmentFailure(
            f"cannot write the run's folder {final.path}: {error.strerror or error}",
            "free space or fix the rights there, or set DOTS_HOME to another folder",
        ) from error
    return final
