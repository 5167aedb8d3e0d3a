"""The platform of a test on the real engine, and points to write to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dots_cli.runtime.containers.engine import Engine
from tests.support.platforms import Stage, stage

START = 1704067200
"""2024-01-01, the start of the simulated day."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine.connect() as engine:
        yield engine


@pytest.fixture
def own(dots_home: Path, engine: Engine) -> Stage:
    return stage(engine)


@pytest.fixture
def bare(dots_home: Path, engine: Engine) -> Stage:
    """Without Grafana."""
    return stage(engine, grafana=False)


def points(run: str, count: int = 5) -> str:
    tags = f"esdl_id=a,esdl_name=roof,model_id=pv-1,simulation_id={run}"
    return "\n".join(f"PVInstallation,{tags} power={n}.5 {START + n * 900}" for n in range(count))
