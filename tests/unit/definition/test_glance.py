"""Which definition is found beside a scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.definition import read
from dots_cli.definition.shell import quoted
from dots_cli.errors import InputError
from tests.support import ROOT


@pytest.mark.parametrize("name", ["services.yml", "my house.services.yml"])
def test_a_definition_with_the_other_ending_of_yaml_is_named(tmp_path: Path, name: str) -> None:
    scenario = tmp_path / "my house.esdl"
    scenario.write_bytes((ROOT / "tests" / "inputs" / "house.esdl").read_bytes())
    with pytest.raises(InputError) as failure:
        read(scenario)
    assert f"`dots init {quoted(scenario)}`" in failure.value.problems[0].hint
    other = scenario.with_name(name)
    other.touch()
    with pytest.raises(InputError) as failure:
        read(scenario)
    hint = f"Rename {name} to {other.stem}.yaml, or give `--services {quoted(other)}`."
    assert failure.value.problems[0].hint == hint
