"""The README's first line on a machine that has Python and Git, and nothing else."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.checkout import clone_source
from tests.support.documents import blocks
from tests.support.parts import BASE_IMAGES
from tests.support.processes import run


@contextmanager
def container(image: str, script: str) -> Iterator[str]:
    """A container that will run the script with `sh`; removed at the end, whatever happened."""
    name = f"dots-test-{uuid.uuid4().hex[:12]}"
    create = ["docker", "create", "--init", "--name", name, image, "sh", "-euc", script]
    subprocess.run(create, stdout=subprocess.DEVNULL, check=True, timeout=60)
    try:
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", name], stdout=subprocess.DEVNULL, check=False)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.needs("git", "docker", "images")
@pytest.mark.parametrize("image", BASE_IMAGES)
def test_the_first_line_of_the_readme_succeeds_in_a_bare_container(
    image: str, tmp_path: Path
) -> None:
    first = blocks((ROOT / "README.md").read_text(encoding="utf-8"))[0].commands[0]
    script = "\n".join(
        (
            "git clone --quiet /dots.git /new/dots",
            "cd /new/dots",
            first,
            "echo '--- status'",
            ".venv/bin/dots status --json",
        )
    )
    with container(image, script) as name:
        bare = clone_source(tmp_path)
        subprocess.run(["docker", "cp", str(bare), f"{name}:/dots.git"], check=True, timeout=60)
        done = run(["docker", "start", "--attach", name], timeout=840)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    shown, _, status = done.stdout.partition("--- status\n")
    assert json.loads(status)["verdict"]["verdict"] == "succeeded"
    for esdl_type in ("PVInstallation", "EConnection"):
        assert esdl_type in shown
