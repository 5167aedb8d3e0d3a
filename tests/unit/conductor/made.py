"""Settings and listeners for tests of the conductor's parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from dots_cli.conductor.settings import Limits, Model, Settings

PV = Model("pv-1", "pv", "PVInstallation", 1)
HOME = Model("home-1", "home", "EConnection", 2)


def settings(*models: Model, **more: Any) -> Settings:
    """Settings of a day with these models, or with a PV of one calculation and a home of two."""
    made = Settings(
        esdl=Path("scenario.esdl"),
        duration=86_400,
        host="127.0.0.1",
        port=20_000,
        ports=100,
        models=models or (PV, HOME),
        limits=Limits(join=60.0, step=300.0),
        pause_at=None,
        key="secret",
    )
    return replace(made, **more)


class Listener:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def __call__(self, event: str, **fields: Any) -> None:
        self.events.append({"event": event, **fields})

    def all(self, event: str) -> list[dict[str, Any]]:
        return [said for said in self.events if said["event"] == event]

    @property
    def names(self) -> list[str]:
        return [str(said["event"]) for said in self.events]


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
