"""Results in the embedded store: its journal, turned into a DuckDB file whenever a reader comes.

The file carries the journal's size in its name. A reader takes the one that fits, or builds it
beside its place and renames it; it never touches what the endpoint writes, and two readers at once
at most build the same file twice. DuckDB takes single rows slowly and a file of text fast, so the
values go in as text.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, cast

import duckdb

from dots_cli.errors import StoreFailure
from dots_cli.results.interface import (
    EPOCH,
    FieldSummary,
    Kind,
    Row,
    Scope,
    SimulatedObject,
    Summary,
    Value,
)
from dots_cli.results.merged import Series, by_key, in_order, write_values
from dots_cli.store.journal import JOURNAL

_TAGS = ("simulation_id", "model_id", "esdl_id", "esdl_name")
"""The tags of every DOTS model."""
_Tags = tuple[str, str, str, str]

_ABANDONED = 3600.0
"""Seconds after which what a killed reader left half built is removed."""

_SCHEMA = """
CREATE TABLE series (id INTEGER, measurement VARCHAR, simulation_id VARCHAR, model_id VARCHAR,
                     esdl_id VARCHAR, esdl_name VARCHAR, extra VARCHAR);
CREATE TABLE fields (id INTEGER, name VARCHAR, kind VARCHAR);
CREATE TABLE points (series INTEGER, field INTEGER, time BIGINT,
                     number DOUBLE, exact BIGINT, text VARCHAR);
"""
"""`time` in nanoseconds since 1970. A float is in `number`, an integer in `number` and `exact`, a
boolean in `exact`, a string as JSON in `text`. Series are numbered in the order that rows have."""

_RESULTS = """FROM points JOIN series ON points.series = series.id
                          JOIN fields ON points.field = fields.id
              WHERE simulation_id = $1 AND time BETWEEN $2 AND $3"""

_WRITTEN = {
    "float": ("DOUBLE", "value, NULL, NULL"),
    "integer": ("BIGINT", "value::DOUBLE, value, NULL"),
    "boolean": ("BOOLEAN", "NULL, value::BIGINT, NULL"),
    "string": ("VARCHAR", "NULL, NULL, value"),
}
"""Per kind of value: its type in the text, and what goes into `number`, `exact` and `text`."""

_READ: dict[str, tuple[str, Callable[[Any], Value] | None]] = {
    "float": ("number", None),
    "integer": ("exact", None),
    "boolean": ("exact", bool),
    "string": ("text", json.loads),
}
"""Per kind of value: the column that it is read from, and what it is converted with."""


class EmbeddedResults:
    """The results of one run in the folder of its embedded store."""

    def __init__(self, folder: Path, scope: Scope, units: dict[str, dict[str, str]]) -> None:
        self._folder = folder
        self._scope = scope
        self._units = units
        self._start, self._end = _nanoseconds(scope.start), _nanoseconds(scope.end)
        self._window: list[str | int] = [scope.run_id, self._start, self._end]
        self._opened: duckdb.DuckDBPyConnection | None = None

    def counts(self) -> dict[str, int]:
        """The number of points per ESDL type; from the journal's index where that can tell."""
        counts: dict[str, int] = {}
        for ((measurement, tags), _), blocks in by_key(self._folder / JOURNAL).items():
            if dict(tags).get("simulation_id") != self._scope.run_id:
                continue
            ordered = in_order(blocks)
            if not ordered or ordered[0].first < self._start or ordered[-1].last > self._end:
                return self._exact_counts()
            counts[measurement] = counts.get(measurement, 0) + sum(b.count for b in blocks)
        return dict(sorted(counts.items()))

    def summary(self) -> Summary:
        """Every ESDL type and field in figures."""
        found = self._ask(
            f"""SELECT measurement, name, kind, count(DISTINCT esdl_id), count(*),
                       min(time), max(time), min(number), favg(number), max(number)
                {_RESULTS} GROUP BY measurement, name, kind ORDER BY measurement, name""",
            self._window,
        ).fetchall()
        ((outside, others),) = self._ask(
            """SELECT count(*) FILTER (WHERE simulation_id = $1 AND time NOT BETWEEN $2 AND $3),
                      count(*) FILTER (WHERE simulation_id <> $1)
               FROM points JOIN series ON points.series = series.id""",
            self._window,
        ).fetchall()
        fields = (
            FieldSummary(
                esdl_type, name, cast(Kind, kind), self._units.get(esdl_type, {}).get(name),
                objects, points, _time(first), _time(last), low, mean, high,
            )
            for esdl_type, name, kind, objects, points, first, last, low, mean, high in found
        )  # fmt: skip
        return Summary(tuple(fields), outside, others)

    def types(self) -> tuple[str, ...]:
        """The ESDL types with results, sorted."""
        sql = f"SELECT DISTINCT measurement {_RESULTS} ORDER BY measurement"
        return tuple(name for (name,) in self._ask(sql, self._window).fetchall())

    def fields(self, esdl_type: str) -> tuple[str, ...]:
        """The outputs of an ESDL type, sorted."""
        return tuple(name for name, _ in self._kinds(esdl_type))

    def extra_tags(self, esdl_type: str) -> tuple[str, ...]:
        """Tags that its points have beyond those of every DOTS model, sorted."""
        return tuple(
            sorted({tag for _, extra in self._series(esdl_type).values() for tag in extra})
        )

    def objects(self, esdl_type: str) -> tuple[SimulatedObject, ...]:
        """The objects of an ESDL type, by id."""
        found = {
            SimulatedObject(esdl_id, esdl_name, model)
            for (_, model, esdl_id, esdl_name), _ in self._series(esdl_type).values()
        }
        return tuple(sorted(found, key=lambda o: (o.id, o.name, o.model)))

    def rows(self, esdl_type: str) -> Iterator[Row]:
        """Every row of an ESDL type, by time, then object."""
        kinds = self._kinds(esdl_type)
        if not kinds:
            return
        extra_tags = self.extra_tags(esdl_type)
        series = {
            id_: (tags, tuple(extra.get(tag, "") for tag in extra_tags))
            for id_, (tags, extra) in self._series(esdl_type).items()
        }
        columns = ", ".join(
            f"max({_READ[kind][0]}) FILTER (WHERE name = ${number})"
            for number, (_, kind) in enumerate(kinds, 5)
        )
        converters = [(at, convert) for at, (_, k) in enumerate(kinds) if (convert := _READ[k][1])]
        cursor = self._ask(
            f"SELECT time, series, {columns} {_RESULTS} AND measurement = $4 "
            "GROUP BY time, series ORDER BY time, series",
            [*self._window, esdl_type, *(name for name, _ in kinds)],
        )
        known_at, known = None, EPOCH
        while batch := cursor.fetchmany(10_000):
            for at, id_, *values in batch:
                if at != known_at:
                    known_at, known = at, _time(at)
                for position, convert in converters:
                    if values[position] is not None:
                        values[position] = convert(values[position])
                tags, extra = series[id_]
                yield Row(known, *tags, extra, tuple(values))

    def close(self) -> None:
        """Let go of the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exact_counts(self) -> dict[str, int]:
        sql = f"SELECT measurement, count(*) {_RESULTS} GROUP BY measurement ORDER BY measurement"
        return dict(self._ask(sql, self._window).fetchall())

    def _kinds(self, esdl_type: str) -> list[tuple[str, str]]:
        sql = f"SELECT DISTINCT name, kind {_RESULTS} AND measurement = $4 ORDER BY name"
        return self._ask(sql, [*self._window, esdl_type]).fetchall()

    def _series(self, esdl_type: str) -> dict[int, tuple[_Tags, dict[str, str]]]:
        """By number: the four tags of every DOTS model, then the others by name."""
        found = self._ask(
            f"SELECT DISTINCT series, {', '.join(_TAGS)}, extra {_RESULTS} AND measurement = $4",
            [*self._window, esdl_type],
        ).fetchall()
        return {
            id_: ((run, model, object_, name), json.loads(extra))
            for id_, run, model, object_, name, extra in found
        }

    def _ask(self, sql: str, values: list[Any]) -> duckdb.DuckDBPyConnection:
        """A cursor of its own, so that rows can be read while something else is asked."""
        try:
            if self._opened is None:
                self._opened = _open(self._folder)
            return self._opened.cursor().execute(sql, values)
        except (duckdb.Error, OSError) as error:
            raise StoreFailure(
                f"the results in {self._folder} cannot be read: {error}",
                "They are read through a copy beside them, which needs as much free space again.",
            ) from None


def _open(folder: Path) -> duckdb.DuckDBPyConnection:
    for attempt in range(3):
        file = _fitting(folder)
        if not file.exists():
            _build(folder, file)
        try:
            # One thread, so that a mean is summed up in the same order every time.
            return duckdb.connect(str(file), read_only=True, config={"threads": 1})
        except duckdb.Error:
            if attempt == 2:
                raise
            # Removed by a reader that found a longer journal; or broken, or of another version.
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
    raise AssertionError("unreachable")


def _fitting(folder: Path) -> Path:
    journal = folder / JOURNAL
    return folder / f"points-{journal.stat().st_size if journal.exists() else 0}.duckdb"


def _build(folder: Path, target: Path) -> None:
    """Turn the journal into a DuckDB file, in a folder beside it, and rename it into place."""
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder, target)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=folder) as name:
        work = Path(name)
        with duckdb.connect(str(work / "points.duckdb")) as database:
            _fill(database, folder / JOURNAL, work)
        with contextlib.suppress(PermissionError):  # Windows: another reader was quicker
            (work / "points.duckdb").replace(target)


def _sweep(folder: Path, kept: Path) -> None:
    """Remove the files of a shorter journal, and what a killed reader left half built."""
    for old in folder.glob("points-*.duckdb"):
        if old != kept:
            with contextlib.suppress(OSError):  # Windows: somebody still reads it
                old.unlink()
    for work in folder.glob(".building-*"):
        with contextlib.suppress(OSError):
            if time.time() - work.stat().st_mtime > _ABANDONED:
                shutil.rmtree(work, ignore_errors=True)


def _fill(database: duckdb.DuckDBPyConnection, journal: Path, work: Path) -> None:
    keys = by_key(journal)
    series = {item: at for at, item in enumerate(sorted({key[0] for key in keys}, key=_order))}
    fields = {item: at for at, item in enumerate(sorted({key[1] for key in keys}))}
    extra = [dict(tags) for _, tags in series]
    main = [[tags.pop(name, "") for tags in extra] for name in _TAGS]
    texts = [json.dumps(tags, sort_keys=True) for tags in extra]
    database.execute(_SCHEMA)
    _insert(database, "series", list(series.values()), [m for m, _ in series], *main, texts)
    _insert(
        database,
        "fields",
        list(fields.values()),
        [name for _, name, _ in fields],
        [kind for _, _, kind in fields],
    )
    for kind, path in write_values(journal, keys, series, fields, work).items():
        type_, columns = _WRITTEN[kind]
        quoted = str(path).replace("'", "''")
        database.execute(
            f"""INSERT INTO points SELECT series, field, time * tick, {columns}
                FROM read_csv('{quoted}', auto_detect = false, header = false, delim = '\t',
                              quote = '', escape = '', max_line_size = 100000000,
                              columns = {{'series': 'INTEGER', 'field': 'INTEGER',
                              'tick': 'BIGINT', 'time': 'BIGINT', 'value': '{type_}'}})"""
        )


def _insert(database: duckdb.DuckDBPyConnection, table: str, *columns: list[Any]) -> None:
    """Insert whole columns: thousands of rows as quickly as one."""
    if columns[0]:
        values = ", ".join(f"unnest(${number + 1})" for number in range(len(columns)))
        database.execute(f"INSERT INTO {table} SELECT {values}", list(columns))


def _order(series: Series) -> tuple[str, ...]:
    """Rows of one time come by object, then model; see `store.Results.rows`."""
    measurement, pairs = series
    tags = dict(pairs)
    main = (tags.pop(name, "") for name in ("simulation_id", "esdl_id", "model_id", "esdl_name"))
    return measurement, *main, *(f"{name}\0{value}" for name, value in sorted(tags.items()))


def _time(nanoseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _nanoseconds(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1) * 1000
