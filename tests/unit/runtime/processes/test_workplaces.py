"""The folder that a model runs in is what its container would be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dots_cli.errors import EnvironmentFailure
from dots_cli.runtime.processes.interpreters import fulfils
from dots_cli.runtime.processes.workplaces import lay_out, translated, translated_values
from dots_cli.runtime.system_packages import how_to_get, missing


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for name in ("src/grid/main.py", "src/grid/lines.txt", ".git/HEAD", "src/__pycache__/x.pyc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_files_lie_where_the_container_has_them(tmp_path: Path, source: Path) -> None:
    files = [("src/grid", "/app/src/grid"), ("src/grid/lines.txt", "/app/lines.txt")]
    cwd = lay_out(tmp_path / "root", source, files, "/app")
    assert cwd == tmp_path / "root" / "app"
    assert (cwd / "lines.txt").is_file()
    assert (cwd / "src" / "grid" / "main.py").is_file()


def test_what_a_model_writes_reaches_no_source(tmp_path: Path, source: Path) -> None:
    cwd = lay_out(tmp_path / "root", source, [("src/grid", "/app")], "/app")
    (cwd / "lines.txt").write_text("changed")
    assert (source / "src" / "grid" / "lines.txt").read_text() == "src/grid/lines.txt"


def test_repositories_and_caches_stay_behind(tmp_path: Path, source: Path) -> None:
    cwd = lay_out(tmp_path / "root", source, [(".", "/app")], "/app")
    assert sorted(path.name for path in cwd.iterdir()) == ["src"]
    assert sorted(path.name for path in (cwd / "src").iterdir()) == ["grid"]


def test_what_the_build_of_an_image_leaves_out_stays_behind(tmp_path: Path, source: Path) -> None:
    for name in ("data/big.csv", "data/small.csv", "src/grid/notes.md", "secret.env"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text("")
    (source / ".dockerignore").write_text("*.env\ndata/*\n!data/small.csv\n**/*.md\n")
    cwd = lay_out(tmp_path / "root", source, [(".", "/app"), ("data", "/data")], "/app")
    assert sorted(path.name for path in cwd.iterdir()) == [".dockerignore", "data", "src"]
    assert [path.name for path in (cwd / "data").iterdir()] == ["small.csv"]
    assert [path.name for path in (tmp_path / "root" / "data").iterdir()] == ["small.csv"]
    assert not (cwd / "src" / "grid" / "notes.md").exists()


def test_a_second_time_nothing_of_the_first_is_left(tmp_path: Path, source: Path) -> None:
    cwd = lay_out(tmp_path / "root", source, [("src/grid", "/app")], "/app")
    (cwd / "written.txt").write_text("")
    lay_out(tmp_path / "root", source, [("src/grid", "/app")], "/app")
    assert not (cwd / "written.txt").exists()


def test_links_that_lead_nowhere_or_around_are_left_out(tmp_path: Path, source: Path) -> None:
    try:
        (source / "src" / "lost").symlink_to(tmp_path / "nowhere")
        (source / "src" / "round").symlink_to(source, target_is_directory=True)
    except OSError:
        pytest.skip("links may not be made here")
    cwd = lay_out(tmp_path / "root", source, [("src", "/app")], "/app")
    assert [path.name for path in cwd.iterdir()] == ["grid"]


def test_what_cannot_be_copied_is_named(tmp_path: Path, source: Path) -> None:
    with pytest.raises(EnvironmentFailure, match=r"cannot copy the files of .*lost\.txt"):
        lay_out(tmp_path / "root", source, [("lost.txt", "/app/lost.txt")], "/app")


def test_paths_of_the_container_become_paths_here(tmp_path: Path, source: Path) -> None:
    root = tmp_path / "root"
    lay_out(root, source, [("src", "/app/src")], "/app")
    words = ["/usr/bin/env", "/app/src/grid/main.py", "src", "/", "/app/../etc"]
    here = str(root / "app" / "src" / "grid" / "main.py")
    assert translated(words, root) == ["/usr/bin/env", here, "src", "/", "/app/../etc"]
    values = {"PYTHONPATH": "/app/src:/opt/x", "URL": "http://host/app", "N": "1"}
    moved = os.pathsep.join([str(root / "app" / "src"), "/opt/x"])
    assert translated_values(values, root) == {**values, "PYTHONPATH": moved}


@pytest.mark.parametrize(
    ("requires", "fits"),
    [
        (">=3.8", True),
        (">=3.12,<3.13", True),
        ("<3.12", False),
        (">3.12", True),
        ("==3.12.*", True),
        ("!=3.12.*", False),
        ("~=3.11", True),
        ("~=3.11.0", False),
        ("==3.12", False),
        ("==3.12.1", True),
        ("<4", True),
        (">=3.13", False),
        ("", True),
        ("of late", True),
    ],
)
def test_what_a_project_requires_of_python(requires: str, fits: bool) -> None:
    assert fulfils("3.12.1", requires) is fits


def test_a_package_whose_program_is_here_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing(["glpk-utils"]) == ("glpk-utils",)
    assert missing(["libnobody-knows"]) == ()  # without dpkg nobody can tell
    program = tmp_path / ("glpsol.exe" if os.name == "nt" else "glpsol")
    program.write_text("")
    program.chmod(0o755)
    assert missing(["glpk-utils"]) == ()
    assert "apt-get install glpk-utils" in how_to_get(["glpk-utils"])
