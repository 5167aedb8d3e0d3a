"""What of a source folder goes into the build of its image."""

from __future__ import annotations

import sys
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


def copied(tmp_path: Path, ignore: str | None) -> list[str]:
    """The files of a copy, without the ignore file itself."""
    source, target = tmp_path / "source", tmp_path / "target"
    for name in FILES:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
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
