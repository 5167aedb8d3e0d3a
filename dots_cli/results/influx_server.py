"""An InfluxDB server of the 1.x line, asked in Flux and in InfluxQL: connection and refusals.

The server must have Flux enabled (`[http] flux-enabled`). To `influxdb-client` the user and the
password are one token, the organisation is `-`, and the database with its default retention policy
is a bucket: https://docs.influxdata.com/influxdb/v1/tools/api/#influxdb-20-api-compatibility-endpoints
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.dialect import Dialect
from urllib3.exceptions import HTTPError

from dots_cli.errors import StoreFailure
from dots_cli.results.interface import Access

_TIMEOUT = (10_000, 600_000)
"""Milliseconds to connect and to wait for data."""
_PLAIN = Dialect(header=True, annotations=[])  # type: ignore[no-untyped-call]


class InfluxServer:
    """Asks on behalf of one user; StoreFailure where there is no answer, or a refusal."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client = InfluxDBClient(
            url=access.url,
            token=f"{access.user}:{access.password}",
            org="-",
            timeout=_TIMEOUT,
        )

    def records(self, flux: str) -> Iterator[dict[str, Any]]:
        """Every record of the answer to a question in Flux."""
        for record in self._answer(lambda: self._client.query_api().query_stream(flux)):
            yield record.values

    def table(self, flux: str) -> Iterator[list[str]]:
        """The same as CSV, the header first: many times faster than a record each."""
        asked = self._answer(lambda: self._client.query_api().query_csv(flux, dialect=_PLAIN))
        header = next(asked, None)
        if header is None:
            return
        if "_value" not in header:  # not the values but the table of an error
            raise self._broke_off(next(asked, header))
        yield header
        for row in asked:
            if len(row) != len(header):
                raise self._broke_off(row)
            yield row

    def series(self, influxql: str) -> list[dict[str, Any]]:
        """`name`, `columns` and `values` of every series that statements in InfluxQL answer with.

        Those of several statements come one after the other.
        """
        found: list[dict[str, Any]] = []
        for answer in self._answer(lambda: self._say(influxql)["results"]):
            if "error" in answer:
                raise self._refusal(str(answer["error"]), 200)
            found += answer.get("series", ())
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _say(self, influxql: str) -> dict[str, Any]:
        # The library has no word for it, but the connection.
        answer: dict[str, Any] = self._client.api_client.call_api(  # type: ignore[no-untyped-call]
            *("/query", "POST"),
            query_params=[("db", self._access.database), ("q", influxql)],
            header_params={},
            response_type="object",
            _return_http_data_only=True,
        )
        return answer

    def _answer(self, ask: Callable[[], Iterable[Any]]) -> Iterator[Any]:
        try:
            yield from ask()
        except InfluxDBError as error:
            status = getattr(error.response, "status", None) if error.response else None
            raise self._refusal(_said(error), status) from None
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

    def _refusal(self, said: str, status: int | None) -> StoreFailure:
        hint = f"Look for it in the log of the server at {self._access.url}."
        if status == 401 and self._access.of_platform:
            hint = "The platform's InfluxDB has other passwords; see `dots doctor`."
        elif status == 401:
            hint = "Check `user` and `password` of `store` in the service definition."
        elif "no database" in said or "database not found" in said or status == 404:
            hint = f"Is there a database {self._access.database!r} that this user may read?"
        elif "Flux" in said:
            hint = (
                "The server needs `flux-enabled = true` in the section [http] of its configuration."
            )
        elif status == 403:
            hint = f"May the user {self._access.user!r} do this to {self._access.database!r}?"
        return StoreFailure(f"the store at {self._access.url} refuses: {said}", hint)


def _said(error: InfluxDBError) -> str:
    """What the server answered: JSON with `error` in it, or plain text."""
    body = getattr(error, "body", None) or error.message or str(error)
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text.strip()
