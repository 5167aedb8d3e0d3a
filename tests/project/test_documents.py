"""What README.md and docs/ tell is what happens: every block of commands is run."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from dots_cli.app import COMMANDS, EXIT_CODES
from tests.support import ROOT, parts
from tests.support.checkout import fresh_copy, without_environment
from tests.support.documents import Block, blocks, documents
from tests.support.processes import run

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.needs("git")
@pytest.mark.skipif(sys.platform == "win32", reason="the blocks are for a POSIX shell")
@pytest.mark.parametrize(
    "document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_every_command_of_a_document_works(document: Path, tmp_path: Path) -> None:
    """All blocks in order, in one fresh copy of the checkout, as a reader would paste them."""
    folder = fresh_copy(tmp_path / "dots")
    here = (folder / ".venv" / "bin", Path(sys.executable).parent)
    path = os.pathsep.join([*map(str, here), os.environ["PATH"]])
    environment = without_environment(PATH=path, TMPDIR=tmp_path, DOTS_CACHE=tmp_path / "built")
    left_out = []
    for block in blocks(document.read_text(encoding="utf-8")):
        if block.elsewhere:
            assert (ROOT / block.elsewhere).is_file()
            continue
        missing = [part for part in block.needs if not parts.here(part)]
        if missing:
            left_out += missing
            continue
        _paste(block, document, folder, environment)
    parts.requires(*left_out)


def _paste(block: Block, document: Path, folder: Path, environment: object) -> None:
    script = "set -e\n" + "\n".join(block.commands)
    done = run(["bash", "-c", script], timeout=600, cwd=folder, env=environment)  # type: ignore[arg-type]
    assert done.returncode == block.exit_code, (
        f"{document.name}:{block.line} ended with {done.returncode}, not {block.exit_code}\n"
        f"{script}\nstdout:\n{done.stdout}\nstderr:\n{done.stderr}"
    )


def test_the_first_block_of_the_readme_is_one_line_that_runs_an_example() -> None:
    first, second = blocks(README)[:2]
    assert len(first.commands) == len(second.commands) == 1
    assert "dots run examples/" in first.commands[0]
    assert second.elsewhere == ".ci/run"
    assert "pytest" in second.commands[0]


def test_the_readme_lists_every_exit_code_with_its_meaning() -> None:
    for code, meaning in EXIT_CODES.items():
        assert re.search(rf"^\| {code.value} \| {meaning}\b", README, re.MULTILINE), code


def test_the_readme_lists_every_command_and_no_other() -> None:
    assert re.findall(r"^\| `dots (\S+)` \|", README, re.MULTILINE) == list(COMMANDS)


def test_files_that_the_documents_link_to_exist() -> None:
    for document in documents():
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_blocks_are_read_with_what_stands_above_them() -> None:
    text = (
        "<!-- run: docker, exit 3 -->\n\n```console\n$ dots a\noutput\n$ dots b\n```\n"
        "words\n```yaml\nx: 1\n```\n```console\n$ dots c\n```\n"
    )
    assert blocks(text) == [
        Block(3, ("dots a", "dots b"), ("docker",), 3),
        Block(12, ("dots c",)),
    ]


@pytest.mark.parametrize("text", ["```bash\ndots run\n```\n", "```console\ndots run\n```\n"])
def test_a_block_that_no_test_would_run_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        blocks(text)


@pytest.mark.needs("git")
def test_a_fresh_copy_has_no_built_files(tmp_path: Path) -> None:
    copy = fresh_copy(tmp_path / "dots")
    assert (copy / "pyproject.toml").is_file()
    assert not (copy / ".venv").exists()
    assert shutil.which("git")
