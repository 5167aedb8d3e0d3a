"""A supervisor that does not take its run over: told of, and the run has a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.errors import EnvironmentFailure
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs import registry
from dots_cli.runtime import launch
from tests.support.acting import make_run


def fails_to_launch(folder: RunFolder, why: str) -> None:
    with pytest.raises(EnvironmentFailure, match=why) as caught:
        launch.launch(folder)
    verdict = registry.verdict(folder)
    assert verdict is not None
    assert (verdict.cause, verdict.exit_code) == ("environment", 4)
    assert caught.value.message in verdict.message


@pytest.mark.usefixtures("dots_home")
def test_one_that_is_too_slow_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "READY", 0.0)
    fails_to_launch(make_run(), "did not start within 0 s")


@pytest.mark.usefixtures("dots_home")
def test_one_that_dies_before_it_can_say_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", str(tmp_path / "no-python"))
    fails_to_launch(make_run(), "did not start:\n")
