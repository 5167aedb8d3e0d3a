from __future__ import annotations

import pytest

from dots_cli.errors import EnvironmentFailure
from dots_cli.runtime.containers.processors import require_enough
from tests.unit.plan.planning import definition_of, plan_of, scenario_of, service

PLAN = plan_of(
    scenario_of(PVInstallation=2, Battery=1, EVChargingStation=1),
    definition_of(
        service("pv", "PVInstallation", models=0, cpus=64.0),
        service("battery", "Battery", cpus=2.0),
        service("charger", "EVChargingStation"),
    ),
    "docker",
)


def test_a_service_that_may_use_more_processors_than_there_are_is_named_once() -> None:
    with pytest.raises(EnvironmentFailure) as failure:
        require_enough(2, PLAN)
    assert "2 processors" in failure.value.message
    assert failure.value.message.endswith(": service 'pv': cpus: 64")
    assert "`cpus: 2` or less" in failure.value.hint


@pytest.mark.parametrize("there", [64, 0])
def test_as_many_as_there_are_may_be_used_and_an_engine_may_not_tell(there: int) -> None:
    require_enough(there, PLAN)
