"""What the unit tests share: the CLI in this process, which takes no time to start."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dots_cli.app import app


@pytest.fixture
def run_dots(
    dots_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """As the fixture of all tests, without a process of its own and so without a time limit."""

    def call(
        *args: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        check: int | None = None,
    ) -> subprocess.CompletedProcess[str]:
        words = [str(arg) for arg in args]
        with monkeypatch.context() as patch:
            if cwd is not None:
                patch.chdir(cwd)
            done = CliRunner().invoke(app, words, prog_name="dots", env=env, catch_exceptions=False)
        assert check is None or done.exit_code == check, (
            f"`dots {' '.join(words)}` ended with {done.exit_code}, not {check}\n"
            f"stdout:\n{done.stdout}\nstderr:\n{done.stderr}"
        )
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    return call
