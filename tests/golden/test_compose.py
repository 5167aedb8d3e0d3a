"""compose.yaml of a village, byte for byte."""

from __future__ import annotations

import pytest

from dots_cli.definition import read
from dots_cli.plan.build import build
from dots_cli.render.compose import compose_file
from tests.support import ROOT, golden

INPUTS = ROOT / "tests" / "inputs"


def test_the_compose_file_is_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VILLAGE_API_KEY", "secret")
    scenario, definition = read(INPUTS / "village.esdl")
    plan = build(scenario, definition, run_id="village-abc234", runtime="docker")
    files = {copy.source: f"{copy.source}\n" for spec in plan.containers for copy in spec.files}
    text = compose_file(plan, files)
    assert text == compose_file(plan, files)
    assert "secret" not in text
    golden.check(
        ROOT / "tests" / "golden" / "compose" / "village.yaml", golden.without_digests(text)
    )
