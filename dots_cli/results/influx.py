"""Results in an InfluxDB 1.8+ or 1.13, the platform's or one that exists, asked in Flux.

The server must have Flux enabled (`[http] flux-enabled`). To `influxdb-client` the user and the
password are one token, the organisation is `-`, and the database with its default retention policy
is a bucket: https://docs.influxdata.com/influxdb/v1/tools/api/#influxdb-20-api-compatibility-endpoints
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, Self

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.query_api import QueryApi
from influxdb_client.domain.dialect import Dialect
from urllib3.exceptions import HTTPError

from dots_cli.errors import StoreFailure
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
_ALWAYS = "start: 1677-09-21T00:12:44Z, stop: 2262-04-11T23:47:16Z"
"""All of InfluxDB's time, to the second."""
_TIMEOUT = (10_000, 600_000)
"""Milliseconds to connect and to wait for data."""
_KINDS: dict[type, Kind] = {float: "float", int: "integer", bool: "boolean", str: "string"}
_READ: dict[Kind, Callable[[str], Value]] = {
    "float": float,
    "integer": int,
    "boolean": lambda text: text == "true",
    "string": lambda text: text.replace("\r\n", "\n"),
}
"""Values out of CSV, in which the server ends every line with two letters, a string's too."""
_PLAIN = Dialect(header=True, annotations=[])  # type: ignore[no-untyped-call]


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
        self._window = f"start: {_instant(scope.start)}, stop: {_instant(stop)}"
        self._client = InfluxDBClient(
            url=access.url,
            token=f"{access.user}:{access.password}",
            org="-",
            timeout=_TIMEOUT,
        )
        self._known: dict[tuple[str, str], list[_Series]] | None = None

    def counts(self) -> dict[str, int]:
        """The number of points per ESDL type."""
        asked = f'{self._data()} |> count() |> group(columns: ["_measurement"]) |> sum()'
        found = {r["_measurement"]: r["_value"] for r in self._ask(asked)}
        return dict(sorted(found.items()))

    def summary(self) -> Summary:
        """Every ESDL type and field in figures."""
        total = f"{self._data(_ALWAYS)} |> count() |> group() |> sum()"
        everywhere = sum(record["_value"] for record in self._ask(total))
        fields = tuple(
            self._summary(*key, series) for key, series in sorted(self._series().items())
        )
        return Summary(fields, everywhere - sum(f.points for f in fields), 0)

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
        self._client.close()  # type: ignore[no-untyped-call]

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
        cells = self._answer(lambda api: api.query_csv(asked, dialect=_PLAIN))
        header = next(cells, None)
        if header is None:
            return
        if "_time" not in header:  # not the values but the table of an error
            raise self._broke_off(next(cells, header))
        time_at, value_at = header.index("_time"), header.index("_value")
        places = [header.index(tag) if tag in header else None for tag in tag_names]
        for row in cells:
            if len(row) != len(header):
                raise self._broke_off(row)
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
        found: dict[tuple[object, ...], _Series] = {}
        for record in self._ask(_figures(self._data(), ("first", "last", "count"))):
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
            for record in self._ask(_figures(chosen, ("min", "max", "sum"))):
                found[_key(record)].figures[record["result"]] = record["_value"]
        known = defaultdict(list)
        for (esdl_type, name, *_), series in found.items():
            known[str(esdl_type), str(name)].append(series)
        self._known = dict(known)
        return self._known

    def _data(self, window: str | None = None) -> str:
        return (
            f"from(bucket: {_text(self._access.database + '/')}) |> range({window or self._window})"
            f" |> filter(fn: (r) => r.simulation_id == {_text(self._run_id)})"
        )

    def _ask(self, flux: str) -> Iterator[dict[str, Any]]:
        """Every record of the answer. StoreFailure where there is none."""
        for record in self._answer(lambda api: api.query_stream(flux)):
            yield record.values

    def _answer(self, ask: Callable[[QueryApi], Iterable[Any]]) -> Iterator[Any]:
        try:
            yield from ask(self._client.query_api())
        except InfluxDBError as error:
            raise self._failure(error) from None
        except (HTTPError, OSError) as error:
            hint = "Check `store.url` in the service definition, and that the server runs."
            if self._access.of_platform:
                hint = "It is the platform's InfluxDB; see `dots doctor`."
            raise StoreFailure(
                f"no answer from the store at {self._access.url}: {error}", hint
            ) from None

    def _broke_off(self, row: list[str]) -> StoreFailure:
        said = ", ".join(cell for cell in row if cell)
        return StoreFailure(f"the store at {self._access.url} broke off: {said}", "Try it again.")

    def _failure(self, error: InfluxDBError) -> StoreFailure:
        said = _said(error)
        hint = f"Look for it in the log of the server at {self._access.url}."
        status = getattr(error.response, "status", None) if error.response else None
        if status == 401 and self._access.of_platform:
            hint = "The platform's InfluxDB has other passwords; see `dots doctor`."
        elif status == 401:
            hint = "Check `user` and `password` of `store` in the service definition."
        elif "no database" in said or status == 404:
            hint = f"Is there a database {self._access.database!r} that this user may read?"
        elif status == 403 or "Flux" in said:
            hint = (
                "The server needs `flux-enabled = true` in the section [http] of its configuration."
            )
        return StoreFailure(f"the store at {self._access.url} refuses: {said}", hint)


def _said(error: InfluxDBError) -> str:
    """What the server answered: JSON with `error` in it, or plain text."""
    body = getattr(error, "body", None) or error.message or str(error)
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text.strip()


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


def _instant(when: datetime) -> str:
    return when.isoformat(timespec="microseconds") + "Z"
