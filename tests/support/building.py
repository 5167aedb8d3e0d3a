"""A service whose environment takes as long to build as the test wants: the build backend waits."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from tests.support.processes import wait_for
from tests.support.quick import SOURCE, Quick

_PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "held-service"
version = "1.0"
dependencies = ["helics>=3.6.1,<3.7"]
"""

_BACKEND = '''
"""Builds an editable wheel of the folder it lies in, once the file `hold` is gone."""

import time
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
INFO = "held_service-1.0.dist-info"


def build_editable(folder, config_settings=None, metadata_directory=None):
    with (HERE / "builds").open("a") as builds:
        builds.write("one more\\n")
    while (HERE / "hold").exists():
        time.sleep(0.02)
    name = "held_service-1.0-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        wheel.writestr("held_service.pth", f"{HERE}\\n")
        wheel.writestr(
            f"{INFO}/METADATA",
            "Metadata-Version: 2.1\\nName: held-service\\nVersion: 1.0\\n"
            "Requires-Dist: helics>=3.6.1,<3.7\\n",
        )
        wheel.writestr(
            f"{INFO}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        )
        wheel.writestr(f"{INFO}/RECORD", "")
    return name


def build_wheel(folder, config_settings=None, metadata_directory=None):
    return build_editable(folder)
'''


class HeldService:
    """A source folder with quick models in it, whose build waits until `release`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        shutil.copytree(SOURCE / "quick", folder / "quick")
        (folder / "pyproject.toml").write_text(_PYPROJECT, encoding="utf-8")
        (folder / "backend.py").write_text(_BACKEND, encoding="utf-8")
        (folder / "hold").touch()

    @property
    def builds(self) -> int:
        """How many builds have begun."""
        counted = self.folder / "builds"
        return len(counted.read_text().splitlines()) if counted.exists() else 0

    def wait_until_building(self, builds: int = 1) -> None:
        """Until that many builds have begun, and the last one waits."""
        wait_for(lambda: self.builds >= builds, 60, f"build number {builds} of {self.folder.name}")

    def release(self) -> None:
        """Let the build that waits, and all later ones, go on."""
        (self.folder / "hold").unlink()

    def serves(self, service: Quick) -> Quick:
        """The same service, its code in this folder."""
        return replace(service, more={**service.more, "source": str(self.folder)})
