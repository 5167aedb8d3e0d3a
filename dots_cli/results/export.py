"""Writes results as CSV (RFC 4180, UTF-8), one file per ESDL type; always the same bytes for them.

Columns: time (ISO 8601, simulated time has no zone), simulation_id, model_id, esdl_id, esdl_name,
then a column per output. Rows come by time, then `esdl_id`. A float is written with as many digits
as give the same number back, a boolean as true or false, a missing value as nothing.
"""

from __future__ import annotations

import contextlib
import csv
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dots_cli.errors import UsageError
from dots_cli.render.target import writing
from dots_cli.results.interface import Results, Row, Value

COLUMNS = ("time", "simulation_id", "model_id", "esdl_id", "esdl_name")


@dataclass(frozen=True)
class Exported:
    """A file that was written."""

    esdl_type: str
    path: Path
    rows: int


def export(results: Results, folder: Path) -> tuple[Exported, ...]:
    """Write every ESDL type's results into `folder`, which is made where it is missing.

    A file of the same name is replaced, as a whole. UsageError where `folder` is a file or where
    there is a folder in place of a file, EnvironmentFailure where they cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    names = list(_names(results.types()))
    for path in (folder / name for _, name in names):
        with writing(path):
            is_folder = path.is_dir()
        if is_folder:
            hint = "Remove it, or name another folder to write to."
            raise UsageError(f"{path} is a folder, where a file is to be written", hint)
    written = []
    for esdl_type, name in names:
        path = folder / name
        draft = folder / f".{name}.{os.getpid()}.new"
        with writing(path):
            try:
                rows = _write(results, esdl_type, draft)
                draft.replace(path)
            finally:
                with contextlib.suppress(OSError):
                    draft.unlink(missing_ok=True)
        written.append(Exported(esdl_type, path, rows))
    return tuple(written)


def others(folder: Path, written: Sequence[Exported]) -> tuple[str, ...]:
    """Names of the CSV files in a folder that were not written now, but by somebody before."""
    ours = {file.path.name.casefold() for file in written}
    with writing(folder):
        found = sorted(path.name for path in folder.glob("*.csv"))
    return tuple(name for name in found if name.casefold() not in ours)


def _write(results: Results, esdl_type: str, path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        header = (*COLUMNS, *results.extra_tags(esdl_type), *results.fields(esdl_type))
        writer.writerow(header)
        for row in results.rows(esdl_type):
            count += 1
            writer.writerow(_cells(row))
    return count


def _cells(row: Row) -> list[str]:
    texts = [_TEXT[type(value)](value) for value in row.values]
    return [row.time.isoformat(), *row[1:5], *row.tags, *texts]


_TEXT: dict[type, Callable[[Value | None], str]] = {
    float: repr,
    int: repr,
    str: str,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "",
}


def _names(esdl_types: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """A file name for each that every system takes, and no two alike where case does not count."""
    taken: set[str] = set()
    for esdl_type in esdl_types:
        plain = re.sub(r"[^\w.-]", "_", esdl_type).strip(".")[:100] or "_"
        name, number = plain, 1
        while name.lower() in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name.lower())
        yield esdl_type, f"{name}.csv"
