"""Quick models stand for real services in most tests: here both take part in the same federation.

The weather of the example, built on the real dots-infrastructure, feeds quick models; then a quick
model takes its place. The conductor must not see a difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import ROOT, quick

pytestmark = pytest.mark.slow

EXAMPLE = ROOT / "examples" / "two-houses"
WEATHER = EXAMPLE / "services" / "weather"
PUBLISHES = "solar_irradiance:W/m2,air_temperature:K"
CONSUMER = replace(
    quick.PV,
    env={
        "QUICK_PUBLISH": "power:W",
        "QUICK_SUBSCRIBE": "EnvironmentalProfiles/solar_irradiance:W/m2",
    },
)


@pytest.mark.parametrize(
    ("dialect", "python"),
    [
        pytest.param("old", "3.11", marks=pytest.mark.needs("index", "python3.11")),
        pytest.param("new", "3.13", marks=pytest.mark.needs("index", "python3.13")),
    ],
)
def test_the_conductor_sees_no_difference_between_a_quick_model_and_a_real_service(
    run_dots: Callable[..., Any], dots_home: Path, tmp_path: Path, dialect: str, python: str
) -> None:
    real = seen(run_dots, dots_home, tmp_path / "real", dialect, {"python": python})
    stand_in = {
        "source": str(quick.SOURCE),
        "command": ["python", "-m", "quick"],
        "env": {
            "QUICK_DIALECT": dialect,
            "QUICK_NAME": "observe",
            "QUICK_PERIOD": "900",
            "QUICK_PUBLISH": PUBLISHES,
        },
    }
    ours = seen(run_dots, dots_home, tmp_path / "quick", dialect, stand_in)
    assert real == ours


def seen(
    run_dots: Callable[..., Any], home: Path, folder: Path, dialect: str, weather: dict[str, Any]
) -> dict[str, Any]:
    """What the conductor and the store have seen of a run whose weather is that service."""
    other = replace(CONSUMER, old=dialect == "new")
    scenario = quick.write(folder, [quick.WEATHER, other], duration="6h")
    scenario.write_bytes((EXAMPLE / "scenario.esdl").read_bytes())
    definition = folder / "scenario.services.yaml"
    entries = yaml.safe_load(definition.read_text())
    entries["services"][0] |= {
        "source": str(WEATHER),
        "command": ["python", "-m", "weather_service"],
        "env": {"UTC_OFFSET_HOURS": "2"},
    } | weather
    definition.write_text(yaml.safe_dump(entries))
    run_dots("run", scenario, "--name", folder.name, check=0, timeout=300)
    (run,) = [
        path
        for path in (home / "runs").iterdir()
        if json.loads((path / "run.json").read_text())["name"] == folder.name
    ]
    events = quick.events_of(run)
    results = run_dots("results", run.name, "--json", check=0)
    return {
        "dialects": [
            (e["model"], e["dialect"], e["calculations"]) for e in events if e["event"] == "dialect"
        ],
        "federates": [e["federates"] for e in events if e["event"] == "executing"],
        "units": json.loads((run / "units.json").read_text()),
        "points": sorted(
            (field["esdl_type"], field["field"], field["objects"], field["points"])
            for field in json.loads(results.stdout)["results"]
        ),
        "exit codes": sorted(
            (e["name"], e["code"]) for e in events if e["event"] == "process_ended"
        ),
    }
