"""The platform's store while one run uses it: it outlives the run, which only lets it go."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

from dots_cli.plan.model import ContainerSpec
from dots_cli.runtime.base import Ended, Post, Said, Started, containers_of
from dots_cli.runtime.containers import platform
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.refusals import Refusals
from dots_cli.runtime.containers.store_watch import StoreWatch
from dots_cli.runtime.events import Notice, Preparing


class Lease:
    """Starts the platform of a plan where it does not run, and watches its store.

    What happens to the store is posted as if it were the run's own: Started, that it listens, and
    Ended once, when it is gone or let go.
    """

    def __init__(self, containers: Sequence[ContainerSpec], post: Post) -> None:
        self._shared = [spec for spec in containers if spec.role in ("store", "grafana")]
        self._post = post
        self._lock = threading.Lock()
        self._held: str | None = None
        self._watch: StoreWatch | None = None
        self._refusals: Refusals | None = None

    def begin(self, engine: Engine, stack: Path) -> dict[str, str]:
        """The platform's variables, by name, when it serves. `EngineFailure` where it does not."""

        def tell(what: str) -> None:
            self._post(Preparing(service="platform", what=what))

        variables = platform.start(engine, self._shared, stack, tell)
        found = platform.find(engine)
        store = found.store if found else None
        (spec,) = containers_of(self._shared, "store")
        self._held = spec.name
        self._post(Started(spec.name, spec.role, store.id if store else ""))
        if found and store:
            self._refusals = Refusals(engine, store.id)
            returned = Notice(message="InfluxDB had ended and runs again", severity="warning")
            self._watch = StoreWatch(
                *(engine, store.id, found.project),
                lambda: self._post(returned),
                lambda why: self._end(1, why),
            )
        self._post(Said(spec.name, json.dumps({"event": "listening"})))
        return variables

    def learn(self) -> None:
        """Take note of the addresses of the run's containers, which are known while they run."""
        if self._refusals:
            self._refusals.learn(platform.network())

    def refused(self, ident: str) -> str | None:
        """What the store refused of a container of the run that has just ended."""
        return self._refusals.of(ident) if self._refusals else None

    def let_go(self, names: Sequence[str]) -> None:
        """Need the store no more, if it is among those names."""
        if self._held in names:
            self.close()
            self._end(0, "serves other runs as well")

    def close(self) -> None:
        """Watch no more."""
        if self._watch:
            self._watch.close()

    def _end(self, code: int, why: str) -> None:
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            self._post(Ended(held, "store", code, why))
