"""What the platform's InfluxDB refused of a run's models: a model may only log that and end well.

The server's log has a line for each request that it answered with an error, with the address of
whoever asked: `[httpd] 172.18.0.4 - models [21/Jun/2024:12:00:00 +0000] "POST /write?db=energy
HTTP/1.1 " 400 58 ...`. Source: https://docs.influxdata.com/influxdb/v1/administration/logs/
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping

from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import EngineFailure

_REFUSED = re.compile(r'^\[httpd\] (\S+) .*"POST /write\b[^"]*" ([45]\d\d) ', re.MULTILINE)


class Refusals:
    """Of one run, from its making on; `store` is the id of the server's container."""

    def __init__(self, engine: Engine, store: str) -> None:
        self._engine = engine
        self._store = store
        self._since = engine.now()
        self._addresses: Mapping[str, str] = {}

    def learn(self, network: str) -> None:
        """Take note of where the containers ask from, which is known only while they run."""
        with contextlib.suppress(EngineFailure):
            self._addresses = self._engine.addresses(network)

    def of(self, ident: str) -> str | None:
        """What was refused of a container that has just ended; its address soon is another's."""
        address = self._addresses.get(ident)
        if not address:
            return None
        try:
            said = self._engine.tail(self._store, since=self._since)
        except EngineFailure:
            return None
        statuses = [status for asker, status in refused_writes(said) if asker == address]
        return (
            f"InfluxDB answered {statuses[0]} to {len(statuses)} of its writes"
            if statuses
            else None
        )


def refused_writes(log: str) -> Iterator[tuple[str, int]]:
    """(address, status) of every write in a server's log that was not taken."""
    for address, status in _REFUSED.findall(log):
        yield address, int(status)
