from __future__ import annotations

import json

import pytest

from dots_cli.plan.serialise import from_json, to_json
from tests.unit.plan.planning import definition_of, plan_of, scenario_of, service

PLAN = plan_of(
    scenario_of(PVInstallation=3),
    definition_of(
        service(
            "pv",
            "PVInstallation",
            models=2,
            env=(("KEY", "${KEY}"), ("NAME", "Süd, \"a\" = 'b'")),
            volumes=("a:/b",),
            memory=2**30,
        ),
        variables=("KEY",),
    ),
)


@pytest.mark.parametrize("runtime", ["process", "docker"])
def test_a_plan_comes_back_as_it_was(runtime: str) -> None:
    plan = plan_of(
        scenario_of(PVInstallation=3),
        definition_of(service("pv", "PVInstallation", models=0)),
        runtime="docker" if runtime == "docker" else "process",
    )
    assert from_json(to_json(plan)) == plan
    assert from_json(to_json(PLAN)) == PLAN


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert to_json(PLAN) == to_json(from_json(to_json(PLAN)))
    assert to_json(PLAN).endswith("}\n")


def test_a_plan_of_another_format_is_refused() -> None:
    other = json.dumps(json.loads(to_json(PLAN)) | {"format": 99})
    with pytest.raises(ValueError, match="format 99"):
        from_json(other)
