"""Data of the platform is its owner's, and its passwords go with the last data that they open."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dots_cli.errors import EnvironmentFailure
from dots_cli.render.run_folder import data_home
from dots_cli.render.secrets import read_variables, write_variables
from dots_cli.runtime.containers import opened, platform, shared
from dots_cli.runtime.containers.engine import Engine
from tests.contract.shared_platform.test_showing import dots

pytestmark = [pytest.mark.needs("docker")]

Names = tuple[str, str]


@pytest.fixture
def names(dots_home: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """Two platforms of this user; the first has data."""
    first = platform.project().name
    names = (first, f"{first}-b")
    begin(engine)
    yield names
    for name in reversed(names):
        monkeypatch.setenv("DOTS_PLATFORM", name)
        platform.remove(engine, volumes=True)


def begin(engine: Engine) -> None:
    """What `start` does before it makes containers, and the volume that it makes then."""
    platform.start(engine, [], data_home(), lambda _: None)
    own = platform.project()
    engine.ensure_volume(own, "influxdb-data", shared.volume_labels(own))


def passwords() -> Path:
    return data_home() / "platform" / ".env"


def test_passwords_stay_where_another_platform_is_torn_down(names: Names) -> None:
    first, other = names
    before = passwords().read_bytes()
    done = dots("teardown", "--volumes", DOTS_PLATFORM=other)
    assert passwords().read_bytes() == before
    assert f"passwords in {passwords()} are kept" in done.stderr
    assert f"the data of {first} on this engine" in done.stderr
    done = dots("teardown", "--volumes", "--yes", DOTS_PLATFORM=first)
    assert "its data and passwords deleted" in done.stdout
    assert not passwords().exists()


def test_passwords_go_with_the_last_data_that_they_open(
    names: Names, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = names
    monkeypatch.setenv("DOTS_PLATFORM", other)
    begin(engine)
    monkeypatch.setenv("DOTS_PLATFORM", first)
    secret = read_variables(passwords())["STORE_PASSWORD"]
    done = dots("teardown", "--volumes", "--yes")
    assert f"platform {first}: its data deleted\n" in done.stdout
    assert f"the data of {other} on this engine" in done.stderr
    assert read_variables(passwords())["STORE_PASSWORD"] == secret
    monkeypatch.setenv("DOTS_PLATFORM", other)
    engine.remove_volume(f"{other}_influxdb-data")
    dots("teardown", "--volumes")
    assert not passwords().exists(), "their data is known to be gone"


@pytest.mark.parametrize("goes_on", [False, True])
def test_passwords_of_an_older_version_go_with_its_data_alone(
    names: Names, engine: Engine, monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    first, other = names
    variables = read_variables(passwords())
    del variables[opened.OPENS]
    write_variables(passwords(), variables)
    monkeypatch.setenv("DOTS_PLATFORM", other)
    if goes_on:
        begin(engine)
    done = dots("teardown", "--volumes", "--yes")
    assert "the data of another platform" in done.stderr
    assert passwords().exists()
    monkeypatch.setenv("DOTS_PLATFORM", first)
    dots("teardown", "--volumes", "--yes")
    assert not passwords().exists()


def test_data_is_left_to_its_owner_when_its_containers_are_gone(
    names: Names, engine: Engine, tmp_path: Path
) -> None:
    folder = passwords().parent
    done = dots("teardown", "--volumes", "--yes", DOTS_HOME=str(tmp_path))
    assert f"belongs to {folder}; it is left alone" in done.stderr
    assert engine.volumes(project=names[0])


def test_data_goes_with_a_folder_that_was_moved(
    names: Names, engine: Engine, tmp_path: Path
) -> None:
    shutil.move(data_home(), tmp_path / "moved")
    done = dots("teardown", "--volumes", "--yes", DOTS_HOME=str(tmp_path / "moved"))
    assert "its data and passwords deleted" in done.stdout
    assert not engine.volumes(project=names[0])


def test_passwords_that_cannot_be_read_go_with_data_alone(
    names: Names, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = names
    passwords().write_text("no variable\n")
    monkeypatch.setenv("DOTS_PLATFORM", other)
    dots("teardown", "--volumes")
    assert passwords().read_text() == "no variable\n"
    with pytest.raises(EnvironmentFailure, match="cannot be read") as told:
        begin(engine)
    assert "remove the file if it is still there" in told.value.hint
    monkeypatch.setenv("DOTS_PLATFORM", first)
    dots("teardown", "--volumes", "--yes")
    assert not passwords().exists()
