"""The plan of a village, byte for byte: as a program reads it, and as a person does."""

from __future__ import annotations

import pytest

from dots_cli.definition import read
from dots_cli.output.pages import plan_page
from dots_cli.plan.build import build
from dots_cli.plan.coverage import coverage_of
from dots_cli.plan.model import RuntimeName
from dots_cli.plan.serialise import from_json, to_json
from tests.support import ROOT, golden

INPUTS = ROOT / "tests" / "inputs"
RUNTIMES: list[RuntimeName] = ["process", "docker"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_plan_is_the_same_every_time(
    runtime: RuntimeName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VILLAGE_API_KEY", "secret")
    scenario, definition = read(INPUTS / "village.esdl")
    plan = build(scenario, definition, run_id="village-abc234", runtime=runtime)
    text = to_json(plan)
    assert from_json(text) == plan
    assert "secret" not in text
    neutral = golden.without_digests(text.replace(str(INPUTS), "tests/inputs"))
    golden.check(ROOT / "tests" / "golden" / "plan" / f"village.{runtime}.json", neutral)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_plan_fits_on_a_page(runtime: RuntimeName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VILLAGE_API_KEY", "secret")
    monkeypatch.chdir(INPUTS)
    scenario, definition = read(INPUTS / "village.esdl")
    plan = build(scenario, definition, run_id="village-abc234", runtime=runtime)
    page = plan_page(plan, scenario, definition, coverage_of(scenario, definition.services))
    neutral = "".join(f"{line}\n" for line in page).replace(str(INPUTS), "tests/inputs")
    golden.check(ROOT / "tests" / "golden" / "plan" / f"village.{runtime}.txt", neutral)
