"""What of a source folder goes into the build of its image."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dots_cli.render.sources import copy_source

FILES = (
    "Dockerfile",
    "a.py",
    "notes.md",
    "src/b.py",
    "src/data/c.csv",
    "src/data/deep/d.csv",
    ".git/HEAD",
    ".venv/bin/python",
    "src/__pycache__/b.pyc",
    "build/out.txt",
)
WITHOUT_LITTER = ["Dockerfile", "a.py", "build/out.txt", "notes.md"]
SRC = ["src/b.py", "src/data/c.csv", "src/data/deep/d.csv"]


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder, with these files in it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def copied(tmp_path: Path, ignore: str | None) -> list[str]:
    """The files of a copy, without the ignore file itself."""
    source, target = tmp_path / "source", tmp_path / "target"
    written(source, {name: name for name in FILES})
    if ignore is not None:
        (source / ".dockerignore").write_text(ignore)
    copy_source(source, target, tmp_path)
    found = sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file())
    if ignore is not None:
        found.remove(".dockerignore")
    for name in found:
        assert (target / name).read_text() == name
    return found


@pytest.mark.parametrize(
    ("ignore", "there"),
    [
        (None, WITHOUT_LITTER + SRC),
        ("# nothing\n\n", WITHOUT_LITTER + SRC),
        ("*.md\n/build/\n", ["Dockerfile", "a.py", *SRC]),
        ("*\n!a.py\n", ["Dockerfile", "a.py"]),
        ("*\n!src\nsrc/data\n", ["Dockerfile", "src/b.py"]),
        ("src/*/deep\n", [*WITHOUT_LITTER, "src/b.py", "src/data/c.csv"]),
        ("*.csv\n", WITHOUT_LITTER + SRC),
        ("**/*.csv\n", [*WITHOUT_LITTER, "src/b.py"]),
        ("src\n!src/data/deep/d.csv\n", [*WITHOUT_LITTER, "src/data/deep/d.csv"]),
        ("?.py\n[mn]otes.md\n", ["Dockerfile", "build/out.txt", *SRC]),
        ("Dockerfile\n", WITHOUT_LITTER + SRC),
        ("./src/../src\n", WITHOUT_LITTER),
        (".\n", WITHOUT_LITTER + SRC),
        ("./\n*.md\n", ["Dockerfile", "a.py", "build/out.txt", *SRC]),
        ("?\n", WITHOUT_LITTER + SRC),
    ],
)
def test_the_ignore_file_decides_as_in_a_build(
    tmp_path: Path, ignore: str | None, there: list[str]
) -> None:
    assert copied(tmp_path, ignore) == sorted(there)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_links_stay_links(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "real").mkdir(parents=True)
    (source / "real" / "a").write_text("a")
    (source / "folder").symlink_to("real")
    (source / "broken").symlink_to("nowhere")
    copy_source(source, tmp_path / "target", tmp_path)
    assert (tmp_path / "target" / "folder").readlink() == Path("real")
    assert (tmp_path / "target" / "broken").readlink() == Path("nowhere")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("Dockerfile", "FROM scratch\nCOPY . /app\nCOPY ./.git /app/.git\n"),
        ("Dockerfile", "FROM x\nRUN --mount=type=bind,source=.git,target=.git pip install .\n"),
        ("Dockerfile", "FROM x\nRUN git describe > version\n"),
        ("pyproject.toml", '[build-system]\nrequires = ["setuptools>=64", "setuptools_scm>=8"]\n'),
        ("pyproject.toml", '[build-system]\nrequires = ["hatchling", "hatch-vcs"]\n'),
        ("part/pyproject.toml", '[build-system]\nrequires = ["setuptools", "versioningit"]\n'),
        ("setup.py", "setup(use_scm_version=True)\n"),
    ],
)
def test_the_repository_is_there_for_a_build_that_reads_it(
    tmp_path: Path, file: str, text: str
) -> None:
    source = written(tmp_path / "source", {".git/HEAD": "x", "part/.git": "y", file: text})
    copy_source(source, tmp_path / "target", tmp_path)
    assert (tmp_path / "target" / ".git" / "HEAD").read_text() == "x"
    assert (tmp_path / "target" / "part" / ".git").read_text() == "y"
    (source / ".dockerignore").write_text(".git\n")
    copy_source(source, tmp_path / "other", tmp_path)
    assert not (tmp_path / "other" / ".git").exists()


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM x\nCOPY .gitignore .\n",
        "FROM x\nRUN pip install git+https://example.org/service.git\n",
        "FROM x\nRUN apt-get install -y git curl\n",
    ],
)
def test_the_repository_is_not_copied_where_no_build_reads_it(
    tmp_path: Path, dockerfile: str
) -> None:
    files = {"Dockerfile": dockerfile, ".git/HEAD": "x", "pyproject.toml": "[project]\n"}
    copy_source(written(tmp_path / "source", files), tmp_path / "target", tmp_path)
    assert not (tmp_path / "target" / ".git").exists()


def test_a_folder_in_which_nothing_is_goes_with_it(tmp_path: Path) -> None:
    files = {"a.py": "", ".dockerignore": "no\nleft/*\n", "no/b": "", "left/c": ""}
    source = written(tmp_path / "source", files)
    (source / "data" / "deep").mkdir(parents=True)
    copy_source(source, tmp_path / "target", tmp_path)
    found = {
        p.relative_to(tmp_path / "target").as_posix() for p in (tmp_path / "target").rglob("*")
    }
    assert found == {".dockerignore", "a.py", "data", "data/deep", "left"}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such rights there")
def test_folders_keep_their_rights_and_can_be_removed(tmp_path: Path) -> None:
    source = written(tmp_path / "source", {"all/a": "a", "none/b": "b"})
    (source / "all").chmod(0o777)
    (source / "none").chmod(0o555)
    copy_source(source, tmp_path / "target", tmp_path)
    (source / "none").chmod(0o755)
    assert (tmp_path / "target" / "all").stat().st_mode & 0o777 == 0o777
    assert (tmp_path / "target" / "none").stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes in folders")
def test_what_is_neither_file_nor_folder_nor_link_stays_behind(tmp_path: Path) -> None:
    source = written(tmp_path / "source", {"a.py": "a"})
    os.mkfifo(source / "pipe")
    copy_source(source, tmp_path / "target", tmp_path)
    assert [p.name for p in (tmp_path / "target").iterdir()] == ["a.py"]
