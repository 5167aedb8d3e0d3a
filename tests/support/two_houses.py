"""The example two-houses, run for real: with what interpreters, cut into how many models."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support import ROOT, parts

EXAMPLE = ROOT / "examples" / "two-houses"
SERVICES = ("weather", "pv", "household-connection")

OLD, NEW = "3.11", "3.13"
"""On these dots-infrastructure speaks the old dialect and the new one."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """What `dots export` wrote, as text by ESDL type, and how each model spoke."""

    csv: Mapping[str, str]
    dialects: Mapping[str, str]

    def rows(self, esdl_type: str) -> list[Row]:
        """The rows of one CSV; outputs are numbers."""
        named = {"time", "simulation_id", "model_id", "esdl_id", "esdl_name"}
        return [
            {key: value if key in named else float(value) for key, value in row.items()}
            for row in csv.DictReader(io.StringIO(self.csv[esdl_type]))
        ]

    def values(self) -> dict[str, list[Row]]:
        """All rows without the columns that say which run and which model wrote them."""
        hidden = {"simulation_id", "model_id"}
        return {
            esdl_type: [
                {k: v for k, v in row.items() if k not in hidden} for row in self.rows(esdl_type)
            ]
            for esdl_type in self.csv
        }

    def without_run(self) -> dict[str, list[list[str]]]:
        """The CSVs as they stand, cell by cell as text, but for the run's id."""
        found = {}
        for esdl_type, text in self.csv.items():
            head, *lines = csv.reader(io.StringIO(text))
            hidden = head.index("simulation_id")
            found[esdl_type] = [line[:hidden] + line[hidden + 1 :] for line in (head, *lines)]
        return found


def simulate(
    run_dots: Callable[..., Any],
    folder: Path,
    *options: str,
    python: Mapping[str, str] | str = OLD,
    models: Mapping[str, int] | None = None,
    sources: Mapping[str, Path] | None = None,
) -> Results:
    """Run the example as it lies in the checkout, and export what comes out.

    `python` is the interpreter of all services or of each; the test is skipped, or fails, where
    one is missing. `models` overrides how many models a service is cut into.
    """
    wanted = dict.fromkeys(SERVICES, python) if isinstance(python, str) else dict(python)
    parts.requires(*(f"python{version}" for version in sorted(set(wanted.values()))))
    definition = yaml.safe_load((EXAMPLE / "services.yaml").read_text(encoding="utf-8"))
    for service in definition["services"]:
        original = (EXAMPLE / service["source"]).resolve()
        service["source"] = str((sources or {}).get(service["name"], original))
        service["python"] = wanted[service["name"]]
        service["models"] = (models or {}).get(service["name"], service["models"])
    services = folder / "services.yaml"
    services.write_text(yaml.safe_dump(definition, allow_unicode=True), encoding="utf-8")
    # A first run builds environments: minutes on a slow machine, seconds afterwards.
    told = run_dots(
        *("run", EXAMPLE / "scenario.esdl", "--services", services, "--json", *options),
        timeout=600,
        check=0,
    )
    events = [json.loads(line) for line in told.stdout.splitlines()]
    run_dots("export", "-o", folder / "csv", check=0)
    return Results(
        csv={
            file.stem: file.read_text(encoding="utf-8")
            for file in sorted((folder / "csv").glob("*.csv"))
        },
        dialects={e["model"]: e["dialect"] for e in events if e.get("event") == "dialect"},
    )
