"""What a run's removal from the engine leaves to runs that go on."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from dots_cli.runs import containers
from dots_cli.runtime.containers import cleanup
from dots_cli.runtime.containers.engine import Engine
from tests.support.acting import make_run

pytestmark = pytest.mark.needs("docker")


def test_images_without_a_name_stay_while_a_run_may_still_make_containers_of_them(
    dots_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned: list[Engine] = []
    monkeypatch.setattr(cleanup, "remove_old_images", cleaned.append)
    ended, going = make_run("ended-abc234"), make_run("going-abc234")
    ended.stack.mkdir()
    variables = ended.stack / ".env"
    variables.touch()
    with FileLock(going.lock):
        containers.remove(ended)
    assert not variables.exists()
    assert not cleaned
    variables.touch()
    containers.remove(ended)
    assert len(cleaned) == 1
