"""Writes the points the way a real model does: line protocol to `/write` of an InfluxDB 1.x."""

from __future__ import annotations

import base64
import http.client
import urllib.parse
from collections.abc import Iterable, Iterator
from datetime import UTC
from itertools import islice
from pathlib import Path

from .calculation import Point
from .settings import Settings

CHUNK = 100_000


def write(settings: Settings, points: Iterable[Point], names: dict[str, str]) -> None:
    """Post the points, at most 100,000 at once; OSError where the store does not take them."""
    lines = _lines(settings, points, names)
    if settings.results_file is not None:
        with Path(settings.results_file).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
        return
    connection = http.client.HTTPConnection(settings.influx.host, settings.influx.port, timeout=60)
    try:
        _call(settings, connection, "GET", "/ping", b"")
        query = urllib.parse.urlencode({"db": settings.influx.database, "precision": "s"})
        while chunk := list(islice(lines, CHUNK)):
            _call(settings, connection, "POST", f"/write?{query}", "".join(chunk).encode())
    finally:
        connection.close()


def _call(
    settings: Settings, connection: http.client.HTTPConnection, verb: str, url: str, body: bytes
) -> None:
    login = base64.b64encode(f"{settings.influx.user}:{settings.influx.password}".encode())
    headers = {"Authorization": f"Basic {login.decode()}"}
    connection.request(verb, url, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    if answer.status >= 300:
        raise OSError(f"the store answered {answer.status}: {text}")


def _lines(settings: Settings, points: Iterable[Point], names: dict[str, str]) -> Iterator[str]:
    start = int(settings.start.replace(tzinfo=UTC).timestamp())
    for point in points:
        tags = {
            "esdl_id": point.esdl_id,
            "esdl_name": names.get(point.esdl_id, settings.esdl_type),
            "model_id": settings.model_id,
            "simulation_id": settings.simulation_id,
        }
        shown = ",".join(f"{key}={_escaped(value)}" for key, value in tags.items() if value)
        series = f"{_escaped(settings.esdl_type)},{shown}"
        yield f"{series} {_escaped(point.output)}={point.value!r} {start + int(point.at)}\n"


def _escaped(text: str) -> str:
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
