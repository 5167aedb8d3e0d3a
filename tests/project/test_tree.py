"""The tree as others get it: nothing of one machine in it, and its files agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dots_cli import __version__
from tests.support import ROOT
from tests.support.checkout import tracked_files

pytestmark = pytest.mark.needs("git")

# Put together from parts, so that this file does not find itself.
MACHINE_PATHS = tuple(
    re.compile(r"(?<![\w.$}])" + pattern)
    for pattern in ("/wo" + r"rk/", "/ro" + r"ot/", "/ho" + r"me/\w", "/Us" + r"ers/\w")
)
PACKAGE_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "deb." + "debian.org", "crates" + ".io/")
LOCK_FILES = {
    *("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pylock.toml", "go.sum"),
    *("package-lock.json", "yarn.lock", "pnpm-lock.yaml", "Cargo.lock"),
}
LARGEST = 1_000_000


def texts() -> dict[Path, str]:
    found = {}
    for path in tracked_files():
        try:
            found[path] = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def test_no_path_of_a_machine_is_in_the_tree() -> None:
    wrong = [
        f"{path}:{number}: {line.strip()}"
        for path, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if any(pattern.search(line) for pattern in MACHINE_PATHS)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_host_of_packages_is_in_the_tree() -> None:
    wrong = [
        f"{path}: {host}"
        for path, text in texts().items()
        for host in PACKAGE_HOSTS
        if host in text
    ]
    assert not wrong, "\n".join(wrong)


def test_no_lock_file_no_built_file_and_nothing_large_is_in_the_tree() -> None:
    for path in tracked_files():
        assert path.name not in LOCK_FILES
        assert path.suffix not in {".pyc", ".whl", ".egg", ".so", ".duckdb", ".log"}, path
        assert (ROOT / path).stat().st_size < LARGEST, path


def test_names_in_the_tree_suit_every_file_system() -> None:
    seen: dict[str, Path] = {}
    for path in tracked_files():
        assert not re.search(r'[<>:"|?*\\]', path.as_posix()), path
        assert seen.setdefault(path.as_posix().lower(), path) == path


def test_the_changelog_speaks_of_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", text, re.MULTILINE)
    assert newest
    assert newest[1] == __version__


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_the_constraints_name_a_fitting_version_of_every_dependency(
    python: str, system: str
) -> None:
    machine = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
    }
    pinned = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate(machine):
                (exact,) = requirement.specifier
                pinned[canonicalize_name(requirement.name)] = exact.version
    for dependency in _dependencies():
        version = pinned.get(canonicalize_name(dependency.name))
        assert version, f"{dependency.name} is missing: .ci/constraints writes the file anew"
        assert dependency.specifier.contains(version), dependency


def _dependencies() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    return [
        Requirement(text)
        for text in [*project["project"]["dependencies"], *groups["test"], *groups["lint"]]
    ]


def test_the_workflow_runs_the_tests_on_every_system_and_python() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    matrix = yaml.safe_load(text)["jobs"]["tests"]["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["system"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
