"""Where runs and environments are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.errors import EnvironmentFailure, InputError
from dots_cli.render.run_folder import cache_home, create, data_home, told_homes


def test_relative_homes_are_meant_from_where_dots_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOTS_HOME", "home")
    monkeypatch.setenv("DOTS_CACHE", "cache")
    assert (data_home(), cache_home()) == (tmp_path / "home", tmp_path / "cache")
    handed_on = {"DOTS_HOME": str(tmp_path / "home"), "DOTS_CACHE": str(tmp_path / "cache")}
    assert told_homes() == handed_on
    monkeypatch.delenv("DOTS_CACHE")
    assert cache_home() == tmp_path / "home" / "cache"
    assert told_homes() == {"DOTS_HOME": str(tmp_path / "home")}


def test_a_home_may_begin_with_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("DOTS_HOME", "~/runs")
    assert data_home() == tmp_path / "runs"
    monkeypatch.setenv("DOTS_HOME", "~nobody-whom-anybody-knows")
    assert data_home() == Path("~nobody-whom-anybody-knows").absolute()


def test_a_plan_that_is_no_text_is_refused_before_anything_is_written(dots_home: Path) -> None:
    with pytest.raises(InputError, match=r"not UTF-8: .*house-\\udcff"):
        create("run-1", about={}, scenario=b"", definition=b"", plan='{"name": "house-\udcff"}')
    assert not dots_home.exists()


@pytest.mark.parametrize(
    ("failure", "seen"),
    [
        (TypeError(), TypeError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(28, "full"), EnvironmentFailure),
    ],
)
def test_a_folder_that_cannot_be_made_whole_leaves_nothing(
    failure: BaseException,
    seen: type[BaseException],
    dots_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(seen):
        create("run-1", about={}, scenario=b"", definition=b"", plan="{}")
    assert list((dots_home / "runs").iterdir()) == []
