"""A quick model and a service on dots-infrastructure look the same to the conductor."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import filelock
import pytest
import uv

from tests.contract.conductor.rig import Quick, Rig
from tests.support import ROOT, parts

SERVICE = ROOT / "tests" / "models" / "real" / "service.py"
DIALECTS = {
    "old": ("3.11", "dots-infrastructure==1.0.2"),
    "new": ("3.13", "dots-infrastructure>=1.0.9,<2"),
}
KNOWN = {"calculation_services": "EnvironmentalProfiles;PVInstallation"}
WEATHER = Quick("weather-1", "EnvironmentalProfiles", ("sky",), env={"QUICK_DIALECT": "new"})
ESDL = """<?xml version="1.0" encoding="UTF-8"?>
<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:esdl="http://www.tno.nl/esdl" id="system" name="Überall">
  <energySystemInformation xsi:type="esdl:EnergySystemInformation" id="information">
    <environmentalProfiles xsi:type="esdl:EnvironmentalProfiles" id="sky" name="sky"/>
  </energySystemInformation>
  <instance xsi:type="esdl:Instance" id="instance">
    <area xsi:type="esdl:Area" id="area">
      <asset xsi:type="esdl:PVInstallation" id="one" name="one"/>
      <asset xsi:type="esdl:PVInstallation" id="two" name="two"/>
    </area>
  </instance>
</esdl:EnergySystem>
"""


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.slow
def test_the_conductor_sees_no_difference_to_a_real_service(rig: Rig, dialect: str) -> None:
    declared = 1 if dialect == "old" else None
    quick = Quick(
        "quick-1",
        ids=("two",),
        calculations=declared,
        env={
            **KNOWN,
            "QUICK_DIALECT": dialect,
            "QUICK_SUBSCRIBE": "EnvironmentalProfiles/value:kW",
        },
    )
    real = replace(
        quick,
        id="real-1",
        ids=("one",),
        env=KNOWN,
        python=str(interpreter(dialect)),
        module=(str(SERVICE),),
    )
    rig.esdl.write_text(ESDL, encoding="utf-8")
    conductor = rig.run([WEATHER, quick, real])
    assert conductor.rest()[-1] == {"event": "ended"}
    assert {m: process.ended() for m, process in rig.models.items()} == dict.fromkeys(
        ["weather-1", "quick-1", "real-1"], 0
    )

    of_quick, of_real = (
        [
            {k: v for k, v in e.items() if k != "model"}
            for e in conductor.events
            if e.get("model") == m
        ]
        for m in ("quick-1", "real-1")
    )
    assert of_quick == of_real == [{"event": "dialect", "dialect": dialect, "calculations": 1}]
    federates = conductor.all("executing")[0]["federates"]
    assert [name for name in federates if not name.startswith("weather")] == [
        "quick-1/calculation_1",
        "real-1/calculation_1",
    ]
    # Both publish, in the same unit, and both are granted the same times with the same values.
    assert conductor.all("wired")[0]["units"]["PVInstallation"] == {"value": "kW"}
    assert computed_by_quick(rig) == computed_by_real(rig)


def computed_by_quick(rig: Rig) -> list[tuple[float, float]]:
    """Simulated second and value of each step."""
    start = 1704067200
    points = [line.rsplit(" ", 2)[-2:] for line in rig.points("quick-1")]
    return [(float(at) - start, float(field.split("=")[1])) for field, at in points]


def computed_by_real(rig: Rig) -> list[tuple[float, float]]:
    """The same, from the lines that the service prints."""
    lines = [line.split() for line in rig.models["real-1"].text().splitlines()]
    return [(float(words[2]), float(words[3])) for words in lines if words[:1] == ["computed"]]


def interpreter(dialect: str) -> Path:
    """The interpreter of an environment with that dialect, built where it is not there yet."""
    version, requirement = DIALECTS[dialect]
    parts.requires(f"python{version}")
    folder = parts.cache_folder() / f"dots-infrastructure-{dialect}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    whole = folder / "whole"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{folder}.lock"):
        if not whole.exists():
            parts.requires("index")
            shutil.rmtree(folder, ignore_errors=True)
            install(version, requirement, folder)
            whole.touch()
    return python


def install(version: str, requirement: str, folder: Path) -> None:
    call = (uv.find_uv_bin(), "--system-certs")
    base = parts.interpreter(version)
    for arguments in (
        ("venv", "--python", str(base), str(folder)),
        ("pip", "install", "--python", str(folder), requirement),
    ):
        done = subprocess.run([*call, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
