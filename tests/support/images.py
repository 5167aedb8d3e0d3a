"""Images for tests: built once for each content, kept by the engine."""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.support import ROOT
from tests.support.quick import SOURCE, Quick

_RECIPE = ROOT / "tests" / "models" / "quick-image" / "Dockerfile"


def quick_source(folder: Path) -> Path:
    """Make a folder that an image of quick models can be built from: a `source:` for containers."""
    folder.mkdir(parents=True)
    shutil.copy2(_RECIPE, folder)
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SOURCE / "quick", folder / "quick", ignore=leave_out)
    return folder


@functools.cache
def quick_image() -> str:
    """The name of an image of quick models, which is built where it is not there yet."""
    digest = hashlib.sha256()
    for file in (_RECIPE, *sorted((SOURCE / "quick").glob("*.py"))):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    name = f"dots-tests/quick:{digest.hexdigest()[:12]}"
    if _docker("image", "inspect", name).returncode != 0:
        with tempfile.TemporaryDirectory() as work:
            context = quick_source(Path(work) / "context")
            done = _docker("build", "--quiet", "--tag", name, str(context))
            assert done.returncode == 0, done.stderr
    return name


def in_image(service: Quick) -> Quick:
    """The same service of quick models, out of the image."""
    return replace(service, more={**service.more, "image": quick_image()})


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
