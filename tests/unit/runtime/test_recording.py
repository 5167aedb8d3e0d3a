"""What a verdict says beside its message: packages that are missing, places in the definition."""

from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.plan.model import Plan
from dots_cli.render.run_folder import RunFolder
from dots_cli.runtime.recording import with_missing_packages, with_place
from dots_cli.runtime.verdict import Verdict
from tests.unit.plan.planning import definition_of, plan_of, scenario_of, service

MISSING = {"pv": ("glpk-utils",)}


@pytest.fixture
def plan() -> Plan:
    services = [service("pv", "PVInstallation", line=4), service("grid", "EConnection", line=9)]
    return plan_of(scenario_of(PVInstallation=2, EConnection=1), definition_of(*services))


def verdict(model: str | None, hint: str = "") -> Verdict:
    return Verdict("failed", "model", model, "exited with code 1", 5, hint)


def test_a_model_that_failed_is_told_with_what_its_machine_lacks(plan: Plan) -> None:
    told = with_missing_packages(verdict("pv-1", "look"), plan, MISSING)
    assert told.hint.startswith("look; its Dockerfile installs glpk-utils")


@pytest.mark.parametrize("model", ["grid-1", None])
def test_nobody_else_is(plan: Plan, model: str | None) -> None:
    assert with_missing_packages(verdict(model), plan, MISSING).hint == ""


def test_a_hint_names_file_and_line_of_the_service(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"services": "/here/services.yaml"}')
    folder = RunFolder(tmp_path)
    assert with_place("Write it.", folder, plan, ["grid-1"]) == "/here/services.yaml:9: Write it."
    assert with_place("Write it.", folder, plan, []) == "Write it."
