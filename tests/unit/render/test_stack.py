"""The folder of a stack: complete, replaced as a whole, private where it must be."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dots_cli.errors import EnvironmentFailure, InputError
from dots_cli.plan.model import Plan
from dots_cli.plan.references import names
from dots_cli.render import conductor_image
from dots_cli.render.secrets import random_secrets, read_variables
from dots_cli.render.stack import COMPOSE_FILE, rendered_run, write_stack
from tests.support import ROOT
from tests.unit.plan.planning import definition_of, plan_of, scenario_of, service

VARIABLES = random_secrets() | {"INFLUXDB_PORT": "8086", "GRAFANA_PORT": "3000"}
ESDL = "<?xml version='1.0'?>\n<größe preis='5 $'/>\n"


def planned(**more: Any) -> Plan:
    pv = service("pv", "PVInstallation", **more)
    return plan_of(scenario_of(PVInstallation=2), definition_of(pv), "docker")


def source_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    return folder


def test_every_file_and_build_of_the_plan_is_there(tmp_path: Path) -> None:
    plan = planned(image=None, source=source_folder(tmp_path / "pv"))
    stack = tmp_path / "stack"
    write_stack(stack, plan, ESDL.encode("utf-8-sig"), VARIABLES)
    for spec in plan.containers:
        for copy in spec.files:
            assert (stack / copy.source).is_file(), copy.source
        if spec.build:
            assert (stack / spec.build / "Dockerfile").is_file(), spec.build
    assert (stack / "scenario.esdl").read_text(encoding="utf-8") == ESDL
    assert rendered_run(stack) == "town-abc234"


def test_a_stack_in_the_source_of_a_service_is_no_part_of_it(tmp_path: Path) -> None:
    """`dots render -o stack` where the Dockerfile lies; twice, for then there are secrets in it."""
    source = source_folder(tmp_path / "pv")
    stack = source / "stack"
    for _ in range(2):
        write_stack(stack, planned(image=None, source=source), ESDL.encode(), VARIABLES)
    assert [path.name for path in (stack / "sources" / "pv").iterdir()] == ["Dockerfile"]


def test_compose_copies_the_files_that_lie_in_the_folder(tmp_path: Path) -> None:
    write_stack(tmp_path, planned(), ESDL.encode(), VARIABLES)
    data = yaml.safe_load((tmp_path / COMPOSE_FILE).read_text(encoding="utf-8"))
    for spec in planned().containers:
        for copy in spec.files:
            config = re.sub(r"[/.]", "-", copy.source)
            there = data["configs"][config]["content"].replace("$$", "$")
            assert there == (tmp_path / copy.source).read_text(encoding="utf-8")


def test_every_reference_has_a_value_and_only_the_file_of_variables_knows_it(
    tmp_path: Path,
) -> None:
    plan = planned(env=(("KEY", "${API_KEY}"),))
    write_stack(tmp_path, plan, ESDL.encode(), VARIABLES | {"API_KEY": "sesame-open"})
    known = read_variables(tmp_path / ".env")
    text = (tmp_path / COMPOSE_FILE).read_text(encoding="utf-8")
    assert set(names(text)) <= set(known)
    secrets = {value for value in known.values() if len(value) > 8}
    assert "sesame-open" in secrets
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != ".env":
            assert not [s for s in secrets if s in file.read_text(encoding="utf-8")], file


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_reads_the_variables(tmp_path: Path) -> None:
    write_stack(tmp_path, planned(), ESDL.encode(), VARIABLES)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_a_second_stack_leaves_nothing_of_the_first_and_everything_of_others(
    tmp_path: Path,
) -> None:
    stack = tmp_path / "stack"
    built = planned(image=None, source=source_folder(tmp_path / "pv"))
    write_stack(stack, built, ESDL.encode(), VARIABLES)
    (stack / "notes.txt").write_text("mine")
    write_stack(stack, planned(), ESDL.encode(), VARIABLES)
    assert not (stack / "sources").exists()
    assert (stack / "notes.txt").read_text() == "mine"


def test_what_cannot_be_built_is_said_for_all_services_before_anything_is_written(
    tmp_path: Path,
) -> None:
    one = service("pv", "PVInstallation", image=None, source=tmp_path / "pv")
    two = service("sun", "EnvironmentalProfiles", image=None, source=tmp_path / "sun")
    scenario = scenario_of(PVInstallation=1, EnvironmentalProfiles=1)
    plan = plan_of(scenario, definition_of(one, two), "docker")
    with pytest.raises(InputError) as failure:
        write_stack(tmp_path / "stack", plan, ESDL.encode(), VARIABLES)
    assert f"pv: {tmp_path / 'pv'} has no Dockerfile" in failure.value.message
    assert f"sun: {tmp_path / 'sun'} has no Dockerfile" in failure.value.message
    assert not (tmp_path / "stack").exists()


def test_a_folder_that_cannot_be_written_is_an_error_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFailure, match="cannot write the stack"):
        write_stack(tmp_path / "file" / "stack", planned(), ESDL.encode(), VARIABLES)


def test_half_a_stack_is_known_as_ours_and_cannot_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_is_full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("dots_cli.render.stack.write_variables", disk_is_full)
    with pytest.raises(EnvironmentFailure):
        write_stack(tmp_path, planned(), ESDL.encode(), VARIABLES)
    assert rendered_run(tmp_path) == ""
    assert yaml.safe_load((tmp_path / COMPOSE_FILE).read_text()) is None


def test_a_folder_of_others_is_no_stack(tmp_path: Path) -> None:
    assert rendered_run(tmp_path) is None
    (tmp_path / COMPOSE_FILE).write_text("services: {}\n")
    assert rendered_run(tmp_path) is None


def test_the_name_of_the_conductors_image_follows_its_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = conductor_image.conductor_image()
    assert re.fullmatch(r"dots-conductor:\d+\.\d+\.\d+\S*-[0-9a-f]{8}", name)
    assert conductor_image.conductor_image() == name
    conductor_image.write_context(tmp_path)
    changed = tmp_path / "conductor"
    (changed / "conduct.py").write_text("# another\n")
    monkeypatch.setattr(conductor_image, "conductor_package", lambda: changed)
    assert conductor_image.conductor_image() != name


def test_the_conductors_image_has_the_versions_that_the_tests_run_with() -> None:
    wanted = (ROOT / "compose" / "conductor" / "requirements.txt").read_text().splitlines()
    pinned = (ROOT / "constraints.txt").read_text().splitlines()
    for line in wanted:
        if not line.startswith("#"):
            assert any(p.partition(" ;")[0] == line for p in pinned), line
