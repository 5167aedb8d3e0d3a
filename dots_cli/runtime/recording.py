"""Writes down how a run ended, also where the disk is full or the folder gone."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from dots_cli.plan.model import Plan
from dots_cli.render.run_folder import RunFolder, write_atomically
from dots_cli.runtime import system_packages
from dots_cli.runtime.events import VerdictReached
from dots_cli.runtime.verdict import Judge, Verdict

PATIENCE = 3.0
"""Seconds in which a full disk may have room again."""
_AGAIN = 0.2


def record_verdict(folder: RunFolder, verdict: Verdict) -> VerdictReached:
    """Write `verdict.json`; to be called when nothing of the run can take the reserve any more.

    OSError, naming the verdict, where it cannot be written; nothing where the folder is gone.
    """
    fields = {k: v for k, v in asdict(verdict).items() if k != "hint"}
    if verdict.hint:
        fields["message"] += f"\n{verdict.hint}"
    deadline = time.monotonic() + PATIENCE
    while folder.path.exists():
        try:
            folder.reserve.unlink(missing_ok=True)
            write_atomically(folder.verdict, json.dumps(fields, indent=1) + "\n")
            break
        except OSError as error:
            if time.monotonic() > deadline:
                raise OSError(error.errno, f"cannot record {fields}: {error.strerror}") from error
            time.sleep(_AGAIN)
    return VerdictReached(**fields)


def cannot_write(folder: RunFolder, error: OSError) -> tuple[str, str]:
    """What is wrong with a run's folder, and what to do."""
    if not folder.path.exists():
        return f"the folder of the run is gone: {folder.path}", "end runs with `dots stop` first"
    return (
        f"cannot write to {folder.path}: {error.strerror or error}",
        "free space, or set DOTS_HOME to a folder on another disk",
    )


def record_failed_start(folder: RunFolder, error: Exception) -> None:
    """The verdict of a run that no supervisor could take over."""
    judge = Judge(())
    if isinstance(error, OSError):
        judge.machine_failed(*cannot_write(folder, error))
    else:
        judge.could_not_start(error)
    assert judge.verdict is not None
    record_verdict(folder, judge.verdict)


def with_place(hint: str, folder: RunFolder, plan: Plan, models: Sequence[str]) -> str:
    """A hint, with the places in the service definition where these models' services stand."""
    file = folder.read_json(folder.about).get("services", "services.yaml")
    lines = sorted({m.line for m in plan.models if m.id in models and m.line})
    places = ", ".join(f"{file}:{line}" for line in lines)
    return f"{places}: {hint}" if places else hint


def with_missing_packages(
    verdict: Verdict, plan: Plan, missing: Mapping[str, Sequence[str]]
) -> Verdict:
    """The verdict with what its model may have lacked on this machine, by service."""
    at_fault = next((m.service for m in plan.models if m.id == verdict.model), None)
    if at_fault is None or at_fault not in missing or verdict.verdict == "succeeded":
        return verdict
    told = system_packages.how_to_get(missing[at_fault])
    return replace(verdict, hint=f"{verdict.hint}; {told}" if verdict.hint else told)
