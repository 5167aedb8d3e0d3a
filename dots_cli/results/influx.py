"""Results in an InfluxDB 1.8+ or 1.13, the platform's or one that exists.

Asked in Flux, which tells series apart; InfluxQL counts and removes. A database may hold many runs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, Self

from dots_cli.errors import StoreFailure
from dots_cli.results.influx_server import InfluxServer
from dots_cli.results.interface import (
    Access,
    FieldSummary,
    Kind,
    Row,
    Scope,
    SimulatedObject,
    Summary,
    Value,
)

_MODEL_TAGS = {"simulation_id", "model_id", "esdl_id", "esdl_name"}
_KINDS: dict[type, Kind] = {float: "float", int: "integer", bool: "boolean", str: "string"}
_READ: dict[Kind, Callable[[str], Value]] = {
    "float": float,
    "integer": int,
    "boolean": lambda text: text == "true",
    "string": lambda text: text.replace("\r\n", "\n"),
}
"""Values out of CSV, in which the server ends every line with two letters, a string's too."""


@dataclass
class _Series:
    """The figures of one field of one object."""

    kind: Kind
    tags: dict[str, str]
    figures: dict[str, float] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)


class InfluxResults:
    """The results of one run in a database that may hold many."""

    def __init__(self, access: Access, scope: Scope, units: dict[str, dict[str, str]]) -> None:
        self._access = access
        self._units = units
        self._run_id = scope.run_id
        stop = scope.end + timedelta(microseconds=1)  # a range ends before its stop
        self._start, self._stop = _instant(scope.start), _instant(stop)
        self._server = InfluxServer(access)
        self._known: dict[tuple[str, str], list[_Series]] | None = None

    def counts(self) -> dict[str, int]:
        """The number of points per ESDL type."""
        found = Counter[str]()
        for (esdl_type, _), points in self._counted().items():
            found[esdl_type] += points
        return dict(sorted(found.items()))

    def summary(self) -> Summary:
        """Every ESDL type and field in figures."""
        fields = tuple(
            self._summary(*key, series) for key, series in sorted(self._series().items())
        )
        outside = self._count(f"time < '{self._start}'", f"time >= '{self._stop}'")
        return Summary(fields, outside.total(), 0)

    def types(self) -> tuple[str, ...]:
        """The ESDL types with results, sorted."""
        return tuple(sorted({esdl_type for esdl_type, _ in self._series()}))

    def fields(self, esdl_type: str) -> tuple[str, ...]:
        """The outputs of an ESDL type, sorted."""
        return tuple(sorted(name for of, name in self._series() if of == esdl_type))

    def extra_tags(self, esdl_type: str) -> tuple[str, ...]:
        """Tags that its points have beyond those of every DOTS model, sorted."""
        tags = {tag for series in self._of(esdl_type) for tag in series.tags}
        return tuple(sorted(tags - _MODEL_TAGS))

    def objects(self, esdl_type: str) -> tuple[SimulatedObject, ...]:
        """The objects of an ESDL type, by id."""
        found = {
            SimulatedObject(
                s.tags.get("esdl_id", ""), s.tags.get("esdl_name", ""), s.tags.get("model_id", "")
            )
            for s in self._of(esdl_type)
        }
        return tuple(sorted(found, key=lambda o: (o.id, o.name, o.model)))

    def rows(self, esdl_type: str) -> Iterator[Row]:
        """Every row of an ESDL type, by time, then object."""
        fields, extra = self.fields(esdl_type), self.extra_tags(esdl_type)
        tag_names = ("esdl_id", "model_id", "esdl_name", *extra)
        # Not by Flux's `pivot`: in 1.8 it makes `false` of a boolean that is not there.
        streams = [self._values(esdl_type, at, name, tag_names) for at, name in enumerate(fields)]
        for time, values in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
            found: dict[tuple[str, ...], list[Value | None]] = {}
            for _, tags, at, value in values:
                found.setdefault(tags, [None] * len(fields))[at] = value
            for tags in sorted(found):
                esdl_id, model_id, esdl_name, *more = tags
                row = (time, self._run_id, model_id, esdl_id, esdl_name)
                yield Row(*row, tuple(more), tuple(found[tags]))

    def close(self) -> None:
        """Let go of the connection."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _values(
        self, esdl_type: str, at: int, name: str, tag_names: tuple[str, ...]
    ) -> Iterator[tuple[datetime, tuple[str, ...], int, Value]]:
        """Every value of a field with its tags, by time. As CSV: a record each takes too long."""
        read = _READ[self._series()[esdl_type, name][0].kind]
        kept = ", ".join(map(_text, ("_time", "_value", *tag_names)))
        asked = (
            f"{self._data()} |> filter(fn: (r) => r._measurement == {_text(esdl_type)} "
            f"and r._field == {_text(name)}) |> keep(columns: [{kept}]) |> group() "
            '|> sort(columns: ["_time"])'
        )
        table = self._server.table(asked)
        header = next(table, None)
        if header is None:
            return
        time_at, value_at = header.index("_time"), header.index("_value")
        places = [header.index(tag) if tag in header else None for tag in tag_names]
        for row in table:
            time = datetime.fromisoformat(row[time_at]).replace(tzinfo=None)
            tags = tuple("" if place is None else row[place] for place in places)
            yield time, tags, at, read(row[value_at])

    def _summary(self, esdl_type: str, name: str, series: list[_Series]) -> FieldSummary:
        points = sum(int(s.figures["count"]) for s in series)
        numeric = series[0].kind in ("float", "integer")
        return FieldSummary(
            esdl_type=esdl_type,
            field=name,
            kind=series[0].kind,
            unit=self._units.get(esdl_type, {}).get(name),
            objects=len({s.tags.get("esdl_id", "") for s in series}),
            points=points,
            first=min(s.times["first"] for s in series),
            last=max(s.times["last"] for s in series),
            minimum=min(float(s.figures["min"]) for s in series) if numeric else None,
            mean=sum(s.figures["sum"] for s in series) / points if numeric else None,
            maximum=max(float(s.figures["max"]) for s in series) if numeric else None,
        )

    def _of(self, esdl_type: str) -> list[_Series]:
        return [s for (of, _), series in self._series().items() if of == esdl_type for s in series]

    def _series(self) -> dict[tuple[str, str], list[_Series]]:
        """The series of every (ESDL type, field), with their figures; asked once."""
        if self._known is not None:
            return self._known
        counted = self._counted()  # first, for during a run there are ever more
        found: dict[tuple[object, ...], _Series] = {}
        for record in self._server.records(_figures(self._data(), ("first", "last", "count"))):
            value, name = record["_value"], record["result"]
            series = found.setdefault(_key(record), _Series(_KINDS[type(value)], _tags(record)))
            if name == "count":
                series.figures[name] = value
            else:
                series.kind = _KINDS[type(value)]
                series.times[name] = record["_time"].replace(tzinfo=None)
        numeric = {
            f"(r._measurement == {_text(str(key[0]))} and r._field == {_text(str(key[1]))})"
            for key, series in found.items()
            if series.kind in ("float", "integer")
        }
        if numeric:
            chosen = f"{self._data()} |> filter(fn: (r) => {' or '.join(sorted(numeric))})"
            for record in self._server.records(_figures(chosen, ("min", "max", "sum"))):
                found[_key(record)].figures[record["result"]] = record["_value"]
        known = defaultdict(list)
        for (esdl_type, name, *_), series in found.items():
            known[str(esdl_type), str(name)].append(series)
        for (esdl_type, name), points in counted.items():
            self._require_all(esdl_type, name, points, known.get((esdl_type, name), []))
        self._known = dict(known)
        return self._known

    def _require_all(self, esdl_type: str, name: str, points: int, read: list[_Series]) -> None:
        """`StoreFailure` where Flux knows fewer points of a field than there are.

        The server keeps a field's type for each week of simulated time; Flux takes one of them for
        the whole range and leaves out the weeks that have another.
        """
        known = sum(int(series.figures["count"]) for series in read)
        if known < points:
            raise StoreFailure(
                f"{esdl_type}.{name}: of {points} points in the store {known} can be read, for the "
                "others have another type, such as an integer among floats",
                "Let the service write one type all the time, `float(value)`; run it again.",
            )

    def _counted(self) -> Counter[tuple[str, str]]:
        """The number of points within the simulated time, per ESDL type and field."""
        return self._count(f"time >= '{self._start}' AND time < '{self._stop}'")

    def _count(self, *ranges: str) -> Counter[tuple[str, str]]:
        """The number of points in these ranges of time, all types of a field alike."""
        run = _quoted(self._run_id)
        asked = (f"SELECT count(*) FROM /.*/ WHERE simulation_id = {run} AND {r}" for r in ranges)
        found = Counter[tuple[str, str]]()
        for series in self._server.series("; ".join(asked)):
            for column, count in zip(series["columns"], series["values"][0], strict=True):
                if column != "time" and count:
                    found[series["name"], column.removeprefix("count_")] += count
        return found

    def _data(self) -> str:
        return (
            f"from(bucket: {_text(self._access.database + '/')})"
            f" |> range(start: {self._start}, stop: {self._stop})"
            f" |> filter(fn: (r) => r.simulation_id == {_text(self._run_id)})"
        )


def remove(access: Access, run_id: str) -> None:
    """Remove every point of a run, inside and outside its simulated time; `StoreFailure`."""
    server = InfluxServer(access)
    try:
        server.series(f"DROP SERIES WHERE simulation_id = {_quoted(run_id)}")
    finally:
        server.close()


def _figures(data: str, names: tuple[str, ...]) -> str:
    """One query for several figures of every series; `result` of a record says which."""
    yields = (f'data |> {name}() |> yield(name: "{name}")' for name in names)
    return "\n".join((f"data = {data}", *yields))


def _key(record: dict[str, Any]) -> tuple[object, ...]:
    return record["_measurement"], record["_field"], *sorted(_tags(record).items())


def _tags(record: dict[str, Any]) -> dict[str, str]:
    return {
        name: value
        for name, value in record.items()
        if name not in ("result", "table") and not name.startswith("_") and value
    }


def _text(value: str) -> str:
    """A string of Flux: no backslash, quote or interpolation of its own."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


def _quoted(value: str) -> str:
    """A string of InfluxQL."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _instant(when: datetime) -> str:
    return when.isoformat(timespec="microseconds") + "Z"
