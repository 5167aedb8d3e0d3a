from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.definition import EsdlObject, read
from dots_cli.definition.dealing import LONGEST_VARIABLE, chunks, longest_ids
from dots_cli.errors import InputError
from tests.support import ROOT

HOUSE = ROOT / "tests" / "inputs" / "house.esdl"


def objects(*lengths: int) -> list[EsdlObject]:
    return [EsdlObject("PVInstallation", "x" * length, "", 1) for length in lengths]


def village(folder: Path, installations: int, models: int | str, key: str = "models") -> Path:
    """A scenario with that many installations, whose ids take 36 bytes, and its definition."""
    house = HOUSE.read_text(encoding="utf-8")
    pv = next(line for line in house.splitlines() if "PVInstallation" in line)
    many = "\n".join(pv.replace('"pv"', f'"{n:036}"') for n in range(installations))
    scenario = folder / "village.esdl"
    scenario.write_text(house.replace(pv, many), encoding="utf-8")
    (folder / "services.yaml").write_text(
        "simulation: {start: 2024-06-21, duration: 24h}\n"
        "services:\n"
        "  - {name: roofs, esdl_type: PVInstallation, image: a/pv,\n"
        f"     {key}: {models}}}\n",
        encoding="utf-8",
    )
    return scenario


def test_more_objects_than_a_model_can_be_told_are_refused_with_what_is_enough(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError) as failure:
        read(village(tmp_path, 8_000, models=2))
    (problem,) = failure.value.problems
    assert problem.line == 4
    assert "service 'roofs'" in problem.message
    assert "148,009 bytes" in problem.message
    assert "`models: 3`" in problem.hint
    assert read(village(tmp_path, 8_000, models=3))
    assert read(village(tmp_path, 8_000, models=0))


@pytest.mark.parametrize(("key", "models"), [("models", "one"), ("nr_of_models", -1), ("model", 3)])
def test_a_number_of_models_that_is_wrong_itself_is_not_called_too_small(
    tmp_path: Path, key: str, models: int | str
) -> None:
    with pytest.raises(InputError) as failure:
        read(village(tmp_path, 8_000, models, key))
    (problem,) = failure.value.problems
    assert f"'{models}'" in problem.message or key in problem.message


@pytest.mark.parametrize("models", range(1, 12))
@pytest.mark.parametrize("most", [40_000, 131_000])
def test_the_number_that_is_enough_is_the_least(models: int, most: int) -> None:
    items = objects(*(1 + number * 7919 % most for number in range(25)))

    def length(number: int) -> int:
        joined = (";".join(item.id for item in part) for part in chunks(items, number))
        return max(len(f"esdl_ids={ids}".encode()) + 1 for ids in joined)

    given, enough = longest_ids(items, models)
    assert given == length(models)
    assert enough is not None
    assert length(enough) <= LONGEST_VARIABLE
    assert all(length(fewer) > LONGEST_VARIABLE for fewer in range(models, enough))


@pytest.mark.parametrize("models", [0, 1, 2])
def test_no_number_is_enough_for_an_id_that_is_too_long_itself(models: int) -> None:
    fitting = LONGEST_VARIABLE - len("esdl_ids=") - 1
    assert longest_ids(objects(fitting, 3), models)[1] == max(models, 2 if models else 0)
    assert longest_ids(objects(fitting + 1, 3), models)[1] is None


def test_a_class_without_objects_needs_nothing() -> None:
    assert longest_ids((), 3)[1] == 3


@pytest.mark.parametrize(("name", "models"), [("r" * 61, 0), ("r" * 62, 1), ("R?" * 300, 1)])
def test_a_service_whose_models_have_too_long_a_name_for_a_host_is_refused(
    tmp_path: Path, name: str, models: int
) -> None:
    scenario = village(tmp_path, 12, models)
    services = tmp_path / "services.yaml"
    text = services.read_text(encoding="utf-8")
    services.write_text(text.replace("roofs", f'"{name}"'), encoding="utf-8")
    with pytest.raises(InputError) as failure:
        read(scenario)
    (problem,) = failure.value.problems
    assert problem.line == 3
    assert "as a host name it may have 63" in problem.message
    assert len(problem.message) < 300
    room = 60 if models == 0 else 61
    assert f"at most {room} letters" in problem.hint
    services.write_text(text.replace("roofs", f'"{name[:room]}"'), encoding="utf-8")
    assert read(scenario)
