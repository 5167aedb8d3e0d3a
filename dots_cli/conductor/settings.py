"""What the conductor is told: a JSON file, and the broker key in the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .failure import Failure

FORMAT = 1
KEY_VARIABLE = "HELICS_BROKER_KEY"
BLOCK = 100


@dataclass(frozen=True)
class Model:
    """A calculation model that is planned; `calculations` is None where nobody declared it.

    An `external` one is started by a person, who may halt it in a debugger: no limit applies to it.
    """

    id: str
    service: str
    esdl_type: str
    calculations: int | None
    external: bool = False


@dataclass(frozen=True)
class Limits:
    """Seconds of wall-clock time: for everybody to join, and for simulated time to stand still."""

    join: float
    step: float


@dataclass(frozen=True)
class Settings:
    """One federation. `duration` and `pause_at` are simulated seconds from `start` on.

    `port` is the first of a block of `ports` that nobody else uses. `unserved` names ESDL types of
    the scenario that no service simulates: it makes one error message more helpful.
    """

    esdl: Path
    duration: int
    host: str
    port: int
    ports: int
    models: tuple[Model, ...]
    limits: Limits
    pause_at: float | None
    key: str
    unserved: tuple[str, ...] = ()
    start: datetime | None = None

    @property
    def in_container(self) -> bool:
        """Whether models come from other machines or network namespaces."""
        return self.host == "0.0.0.0"

    @property
    def external(self) -> frozenset[str]:
        """The models to which no limit applies."""
        return frozenset(model.id for model in self.models if model.external)

    def model(self, model_id: str) -> Model:
        """The model with that id; KeyError where nobody planned it."""
        for model in self.models:
            if model.id == model_id:
                return model
        raise KeyError(model_id)


def read(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in a file; `Failure` of kind `internal` where they cannot be used."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        return parse(data, environ)
    except OSError as error:
        raise Failure("internal", f"the settings cannot be read: {error}") from error
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise Failure("internal", f"{path} does not hold settings: {error!r}") from error


def parse(data: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """The settings of a decoded file; KeyError, OverflowError, TypeError or ValueError if wrong."""
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']!r} is not {FORMAT}")
    key = environ.get(KEY_VARIABLE, "")
    if not key:
        raise ValueError(f"the variable {KEY_VARIABLE} is not set")
    models = tuple(
        Model(
            m["id"],
            m["service"],
            m["esdl_type"],
            m.get("calculations"),
            bool(m.get("external", False)),
        )
        for m in data["models"]
    )
    if not models:
        raise ValueError("there are no models")
    if len({model.id for model in models}) < len(models):
        raise ValueError("two models have the same id")
    return Settings(
        esdl=Path(data["esdl"]),
        duration=int(data["duration"]),
        host=data["host"],
        port=int(data["port"]),
        ports=int(data.get("ports", BLOCK)),
        models=models,
        limits=Limits(float(data["limits"]["join"]), float(data["limits"]["step"])),
        pause_at=None if data.get("pause_at") is None else float(data["pause_at"]),
        key=key,
        unserved=tuple(data.get("unserved", ())),
        start=datetime.fromisoformat(data["start"]) if data.get("start") else None,
    )
