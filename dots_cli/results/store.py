"""What a run's results are, whichever store they lie in: one interface and the shapes it gives.

Results are the points of this run's `simulation_id` at times that were simulated, start and end
included. A service that was cut off may have written others; they are counted and left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, Self

from dots_cli.errors import StoreFailure
from dots_cli.plan.model import Plan

if TYPE_CHECKING:
    from dots_cli.render.run_folder import RunFolder

Kind = Literal["float", "integer", "boolean", "string"]
Value = float | int | bool | str

EPOCH = datetime(1970, 1, 1)
"""Simulated time has no zone; stores keep it as if it were UTC."""


@dataclass(frozen=True)
class Scope:
    """Which points are results: those of a run within its simulated time, both ends included."""

    run_id: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class SimulatedObject:
    """An ESDL object with results, and the model that simulated it."""

    id: str
    name: str
    model: str


@dataclass(frozen=True)
class FieldSummary:
    """One output of one ESDL type over all its objects.

    `unit` is what the model published, None where it said nothing. `minimum`, `mean` and `maximum`
    are None for booleans and strings.
    """

    esdl_type: str
    field: str
    kind: Kind
    unit: str | None
    objects: int
    points: int
    first: datetime
    last: datetime
    minimum: float | None
    mean: float | None
    maximum: float | None


@dataclass(frozen=True)
class Summary:
    """Every field with results, by ESDL type and name, and how many points are no results."""

    fields: tuple[FieldSummary, ...]
    outside: int
    """Points of this run at times that were not simulated."""
    others: int
    """Points of another `simulation_id`; always 0 for a database that several runs share."""


class Row(NamedTuple):
    """The values of one object at one time, in the order of `fields()`; None where it has none.

    `tags` holds the values of `extra_tags()`, in their order.
    """

    time: datetime
    simulation_id: str
    model_id: str
    esdl_id: str
    esdl_name: str
    tags: tuple[str, ...]
    values: tuple[Value | None, ...]


class Results(Protocol):
    """The results of one run. StoreFailure where the store cannot be read.

    They are as they were when they were first asked for: open them again to see what a running
    simulation has added.
    """

    def counts(self) -> dict[str, int]:
        """The number of points per ESDL type: one per object, time and field. Quick."""
        ...

    def summary(self) -> Summary:
        """Every ESDL type and field in figures."""
        ...

    def types(self) -> tuple[str, ...]:
        """The ESDL types with results, sorted."""
        ...

    def fields(self, esdl_type: str) -> tuple[str, ...]:
        """The outputs of an ESDL type, sorted."""
        ...

    def extra_tags(self, esdl_type: str) -> tuple[str, ...]:
        """Tags that its points have beyond those of every DOTS model, sorted; mostly none."""
        ...

    def objects(self, esdl_type: str) -> tuple[SimulatedObject, ...]:
        """The objects of an ESDL type, by id."""
        ...

    def rows(self, esdl_type: str) -> Iterator[Row]:
        """Every row of an ESDL type, by time, then `esdl_id`, `model_id`, `esdl_name`, tags."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    def __enter__(self) -> Self:
        """For use in a `with` statement."""
        ...

    def __exit__(self, *_: object) -> None:
        """Close."""
        ...


def long_rows(results: Results, esdl_type: str) -> Iterator[tuple[Row, str, Value]]:
    """Every single value of an ESDL type with its field, in the order of the rows."""
    fields = results.fields(esdl_type)
    for row in results.rows(esdl_type):
        for field, value in zip(fields, row.values, strict=True):
            if value is not None:
                yield row, field, value


def scope(plan: Plan) -> Scope:
    """What of a store belongs to the results of a plan's run."""
    start = plan.simulation.start
    return Scope(plan.run_id, start, start + timedelta(seconds=plan.simulation.duration))


def read_plan(folder: RunFolder) -> Plan:
    """The plan of a run. StoreFailure where it cannot be read."""
    from dots_cli.plan.serialise import from_json

    try:
        return from_json(folder.plan.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreFailure(
            f"the plan of {folder.run_id} cannot be read: {error}",
            f"Without it nobody knows where the results are; look into {folder.path}.",
        ) from None


def open_results(folder: RunFolder, plan: Plan) -> Results:
    """The results of a run, out of the store that its plan names."""
    units = _units(folder)
    if plan.store.url is None:
        from dots_cli.results.embedded import EmbeddedResults

        return EmbeddedResults(folder.results, scope(plan), units)
    from dots_cli.results.influx import InfluxResults

    return InfluxResults(_access(plan), scope(plan), units)


@dataclass(frozen=True)
class Access:
    """How an InfluxDB that exists already is reached."""

    url: str
    database: str
    user: str
    password: str


def _access(plan: Plan) -> Access:
    """What the models of a plan were told, with the caller's variables filled in."""
    from dots_cli.plan.references import resolve

    told = next((dict(c.environment) for c in plan.containers if c.role == "model"), {})
    try:
        return Access(
            url=resolve(plan.store.url or "", os.environ),
            database=plan.store.database,
            user=resolve(told.get("INFLUXDB_USER", ""), os.environ),
            password=resolve(told.get("INFLUXDB_PASSWORD", ""), os.environ),
        )
    except KeyError as error:
        raise StoreFailure(
            f"the results are in {plan.store.url}, for which the variable {error} is not set",
            "Set it as it was when the run was started.",
        ) from None


def _units(folder: RunFolder) -> dict[str, dict[str, str]]:
    try:
        units: dict[str, dict[str, str]] = folder.read_json(folder.units)
    except json.JSONDecodeError:
        return {}
    return units
