"""What the command line says in place of the definition: parsed, and put where it belongs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, get_args

from dots_cli.definition.durations import parse_duration, parse_seconds
from dots_cli.definition.entries import Entries
from dots_cli.definition.located import Problems, is_utf8, nearest
from dots_cli.definition.model import RESERVED, LogLevel, Overrides
from dots_cli.errors import UsageError

_T = TypeVar("_T")


@dataclass(frozen=True)
class Parsed:
    """The overrides as values; `limits` by the names of `LimitSettings`."""

    start: datetime | None = None
    duration: int | None = None
    log_level: LogLevel | None = None
    limits: dict[str, float] = field(default_factory=dict)
    variables: tuple[str, ...] = ()


def parse(overrides: Overrides) -> Parsed:
    """Read the overrides; `UsageError` names the option that is wrong."""
    from dots_cli.definition.instants import parse_start

    given = {"join": overrides.join, "step": overrides.step, "run": overrides.run}
    return Parsed(
        start=_option("--start", overrides.start, parse_start),
        duration=_option("--duration", overrides.duration, parse_duration),
        log_level=_option("--log-level", overrides.log_level, _log_level),
        limits={
            name: seconds
            for name, text in given.items()
            if (seconds := _option(f"the limit '{name}'", text, parse_seconds)) is not None
        },
        variables=overrides.variables,
    )


def variables_by_service(
    settings: Sequence[str], services: Iterable[str]
) -> dict[str, dict[str, str]]:
    """`SERVICE.VAR=VALUE` settings as `{service: {variable: value}}`; `UsageError` if one is wrong.

    A service's name may hold dots: the longest name that fits counts.
    """
    names = sorted(services, key=len, reverse=True)
    found: dict[str, dict[str, str]] = {}
    for setting in settings:
        target, equals, value = setting.partition("=")
        service = next((name for name in names if target.startswith(f"{name}.")), None)
        if not equals or "." not in target:
            raise UsageError(f"--set {setting}: is not SERVICE.VAR=VALUE")
        if service is None:
            wanted = target.rpartition(".")[0]
            near = nearest(wanted, names)
            hint = f"Did you mean '{near}'?" if near else f"Services: {', '.join(sorted(names))}."
            raise UsageError(f"--set {setting}: there is no service '{wanted}'", hint)
        variable = target[len(service) + 1 :]
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", variable):
            raise UsageError(f"--set {setting}: '{variable}' is no name for a variable")
        if not is_utf8(value):
            raise UsageError(f"--set {target}: the value is not UTF-8", "Give another value.")
        if variable in RESERVED:
            raise UsageError(f"--set {setting}: dots itself sets '{variable}' for every model")
        found.setdefault(service, {})[variable] = value.replace("$", "$$")
    return found


def warn_of_mistyped(settings: Sequence[str], entries: Entries, problems: Problems) -> None:
    """Warn of a variable that the definition does not give its service, but one much like it.

    A service may read variables that no definition names: one like none of them is left alone.
    """
    known = {entry.name: (at, entry.env) for at, entry in entries.services}
    try:
        changed = variables_by_service(settings, known)
    except UsageError:
        return  # said where the definition is completed
    for service, variables in changed.items():
        at, given = known[service]
        for variable in (name for name in variables if name not in given):
            near = nearest(variable, given, cutoff=0.8)
            if near is not None:
                what = f"--set {service}.{variable}: the definition gives it no such variable"
                hint = f"Did you mean '{near}'? '{variable}' is set as it was given."
                problems.warn(entries.document.file, entries.line("services", at), what, hint)


def _option(name: str, text: str | None, read: Callable[[str], _T]) -> _T | None:
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as failure:
        raise UsageError(f"{name}: {failure}") from None


def _log_level(text: str) -> LogLevel:
    for level in get_args(LogLevel):
        if text == level:
            known: LogLevel = level
            return known
    raise ValueError(f"'{text}' is not one of {', '.join(get_args(LogLevel))}")
