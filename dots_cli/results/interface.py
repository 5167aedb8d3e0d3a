"""What a run's results are, whichever store they lie in: one interface and the shapes it gives.

Results are the points of this run's `simulation_id` at times that were simulated, start and end
included. A service that was cut off may have written others; they are counted and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, Self

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


@dataclass(frozen=True)
class Access:
    """How an InfluxDB is reached: one that exists already, or the platform's."""

    url: str
    database: str
    user: str
    password: str
    of_platform: bool = False
