"""What a new service is to be, from the words of a command line: every mistake in them at once."""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from dots_cli.definition import metamodel
from dots_cli.definition.durations import parse_duration
from dots_cli.definition.located import nearest
from dots_cli.errors import UsageError

_T = TypeVar("_T")

DEFAULT_CALCULATIONS = ("simulate:15m",)
DEFAULT_OUTPUTS = ("power:W",)

_SERVICE_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_UNIT = re.compile(r"[A-Za-z0-9%°µ€/*^().\-]+")
_OF_THE_LIBRARY = {
    *("add_calculation", "calculations", "energy_system", "exe", "influx_connector"),
    *("init_calculation_service", "init_simulation", "simulator_configuration"),
    *("start_simulation", "stop_simulation"),
}
"""Names of dots-infrastructure's `HelicsSimulationExecutor`."""
_OF_THE_TEMPLATE = {"asset", "assets", "daily_wave", "datetime", "esdl", "math", "moment", "write"}
_OF_THE_STORE = {"time", "simulation_id", "model_id", "esdl_id", "esdl_name"}
"""What a column of results is called already."""


@dataclass(frozen=True)
class Input:
    """A value that a calculation takes from the objects of another ESDL type."""

    esdl_type: str
    name: str
    unit: str


@dataclass(frozen=True)
class Output:
    """A value that a calculation gives for each of its objects."""

    name: str
    unit: str


@dataclass(frozen=True)
class NewCalculation:
    """A calculation of a service; `period` is in seconds."""

    name: str
    period: int
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True)
class NewService:
    """A service to be written. `name` is as in a definition: `heat-pump`."""

    name: str
    esdl_type: str
    calculations: tuple[NewCalculation, ...]

    @property
    def package(self) -> str:
        """The Python package with its code: `heat_pump_service`."""
        return f"{self.name.replace('-', '_')}_service"

    @property
    def class_name(self) -> str:
        """The class that is the service: `HeatPumpService`."""
        return "".join(part.capitalize() for part in self.name.split("-")) + "Service"

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        """What any of its calculations takes, each once."""
        return tuple(dict.fromkeys(i for c in self.calculations for i in c.inputs))

    @cached_property
    def periods(self) -> dict[str, int]:
        """For each ESDL type that it takes inputs of, the shortest period that it needs them in."""
        found: dict[str, int] = {}
        for calculation in self.calculations:
            for taken in calculation.inputs:
                known = found.get(taken.esdl_type, calculation.period)
                found[taken.esdl_type] = min(known, calculation.period)
        return found


def new_service(
    name: str,
    esdl_type: str,
    calculations: Sequence[str] = DEFAULT_CALCULATIONS,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = DEFAULT_OUTPUTS,
) -> NewService:
    """The service of that name for an ESDL type.

    `calculations` are `NAME:PERIOD`, `inputs` are `TYPE.name:unit`, `outputs` are `name:unit`;
    the last two belong to the first calculation, or to the one named before a slash,
    `NAME/name:unit`. Raises UsageError with everything that is wrong.
    """
    wrong: list[str] = []

    def checked(read: Callable[[str], _T], text: str) -> _T | None:
        try:
            return read(text)
        except ValueError as failure:
            wrong.append(str(failure))
            return None

    checked(check_name, name)
    checked(check_type, esdl_type)
    named = [c for text in calculations if (c := checked(parse_calculation, text))]
    wrong += [f"two calculations are called '{n}'" for n in _twice(n for n, _ in named)]
    taken: dict[str, list[Input]] = {n: [] for n, _ in named}
    given: dict[str, list[Output]] = {n: [] for n, _ in named}
    for text in inputs:
        owner = _owner(text, named, wrong)
        if (found := checked(parse_input, text)) is not None:
            taken.setdefault(owner, []).append(found)
            if found.esdl_type == esdl_type:
                wrong.append(
                    f"--input {text}: {esdl_type} is what the service simulates itself; inputs "
                    "come from other services"
                )
    for text in outputs:
        owner = _owner(text, named, wrong)
        if (output := checked(parse_output, text)) is not None:
            given.setdefault(owner, []).append(output)
    for calculation, found_inputs in taken.items():
        wrong += [
            f"{calculation} takes two inputs called '{n}'; dots-infrastructure tells them apart by "
            "that name alone"
            for n in _twice(i.name for i in found_inputs)
        ]
    every = [output.name for found_outputs in given.values() for output in found_outputs]
    wrong += [f"two outputs are called '{n}'; the second would be refused" for n in _twice(every)]
    if wrong:
        raise _refused(wrong)
    made = (NewCalculation(n, period, tuple(taken[n]), tuple(given[n])) for n, period in named)
    return NewService(name, esdl_type, tuple(made))


def guess_type(name: str) -> str | None:
    """The ESDL type that a service of that name must mean: `heat-pump` is HeatPump."""
    plain = name.replace("-", "").replace("_", "").casefold()
    return next((t for t in sorted(possible_types()) if t.casefold() == plain), None)


def possible_types() -> frozenset[str]:
    """ESDL classes that a service can simulate."""
    metamodel.new_handler()  # completes the metamodel
    return frozenset(
        name
        for name in metamodel.known_classes()
        if (kind := metamodel.kind_of(name)) is not None and kind.simulatable
    )


def check_name(text: str) -> str:
    """The name of a service; ValueError with what is wrong with it."""
    if not _SERVICE_NAME.fullmatch(text):
        plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower()
        plain = re.sub(r"[^a-z0-9]+", "-", plain).strip("-0123456789")
        like = f"; write it like {plain}" if _SERVICE_NAME.fullmatch(plain) else ""
        raise ValueError(
            f"'{text}' is no name for a service: small letters a to z, digits and single hyphens, "
            f"a letter first{like}"
        )
    if keyword.iskeyword(text) or keyword.issoftkeyword(text):
        raise ValueError(f"'{text}' is no name for a service: it is a word of Python")
    return text


def check_type(text: str) -> str:
    """An ESDL type that can be simulated; ValueError with the nearest one."""
    possible = possible_types()
    if text in possible:
        return text
    near = nearest(text, possible)
    hint = f"; did you mean {near}?" if near else ""
    if text in metamodel.known_classes():
        raise ValueError(f"{text} is no ESDL type that is simulated on its own{hint}")
    raise ValueError(f"there is no ESDL type '{text}'{hint}")


def parse_calculation(text: str) -> tuple[str, int]:
    """Name and period in seconds of `NAME:PERIOD`; ValueError with what is wrong."""
    name, colon, period = text.partition(":")
    if not colon:
        raise ValueError(f"--calculation {text}: is not NAME:PERIOD, like simulate:15m")
    _identifier(name, f"--calculation {text}")
    if name in _OF_THE_LIBRARY | _OF_THE_TEMPLATE or hasattr(builtins, name):
        raise ValueError(f"--calculation {text}: the name '{name}' is taken in the service's code")
    try:
        return name, parse_duration(period)
    except ValueError as failure:
        raise ValueError(f"--calculation {text}: {failure}") from None


def parse_input(text: str) -> Input:
    """The input of `TYPE.name:unit` or `OWNER/TYPE.name:unit`; ValueError with what is wrong."""
    target, colon, unit = _divided(text)[1].partition(":")
    esdl_type, dot, name = target.partition(".")
    where = f"--input {text}"
    if not (colon and dot):
        raise ValueError(f"{where}: is not TYPE.name:unit, like PVInstallation.active_power:W")
    try:
        check_type(esdl_type)
    except ValueError as failure:
        raise ValueError(f"{where}: {failure}") from None
    _identifier(name, where)
    if name in _OF_THE_TEMPLATE:
        raise ValueError(f"{where}: the name '{name}' is taken in the service's code")
    return Input(esdl_type, name, _unit(unit, where))


def parse_output(text: str) -> Output:
    """The output of `name:unit` or `OWNER/name:unit`; ValueError with what is wrong."""
    name, colon, unit = _divided(text)[1].partition(":")
    where = f"--output {text}"
    if not colon:
        raise ValueError(f"{where}: is not name:unit, like active_power:W")
    _identifier(name, where)
    if name in _OF_THE_STORE:
        raise ValueError(f"{where}: results have a column '{name}' already")
    return Output(name, _unit(unit, where))


def _divided(text: str) -> tuple[str | None, str]:
    """The calculation that an input or output names before a slash, and what it is without that."""
    owner, slash, rest = text.partition("/")
    return (owner, rest) if slash and ":" not in owner else (None, text)  # units may have a slash


def _owner(text: str, named: Sequence[tuple[str, int]], wrong: list[str]) -> str:
    """The calculation that an input or output belongs to."""
    names = [name for name, _ in named]
    owner, _ = _divided(text)
    if owner is None:
        return names[0] if names else ""
    if owner not in names:
        near = nearest(owner, names)
        hint = f"; did you mean '{near}'?" if near else ""
        wrong.append(f"{text}: there is no calculation '{owner}'{hint}")
    return owner


def _identifier(name: str, where: str) -> None:
    if not (name.isidentifier() and name.isascii()) or name.startswith("_"):
        raise ValueError(f"{where}: '{name}' is no name: letters, digits and _, a letter first")
    if keyword.iskeyword(name):
        raise ValueError(f"{where}: '{name}' is a word of Python")


def _unit(text: str, where: str) -> str:
    if not _UNIT.fullmatch(text):
        raise ValueError(
            f"{where}: '{text}' is no unit; write it like W, kWh, K, W/m2, or - for none"
        )
    return text


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _refused(wrong: Sequence[str]) -> UsageError:
    each = list(dict.fromkeys(wrong))
    if len(each) == 1:
        return UsageError(each[0])
    lines = "\n".join(f"  - {one}" for one in each)
    return UsageError(f"{len(each)} things are wrong:\n{lines}")
