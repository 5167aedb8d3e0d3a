"""Secrets, and the file of variables that Compose reads."""

from __future__ import annotations

import json
import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dots_cli.render.secrets import random_secrets, read_variables, write_variables

AWKWARD = {
    "EMPTY": "",
    "PLAIN": "plain-1_2.3",
    "QUOTES": 'it\'s "so" `then`',
    "DOLLARS": "$HOME ${HOME} $$ \\$",
    "LINES": "one\ntwo\r\n\tend",
    "BACKSLASH": "ends with \\",
    "NO_LINE": "\\n is no line",
    "SPACES": " around # and no comment ",
    "LETTERS": "größe €",
    "EQUALS": "a=b",
}


def test_no_two_stacks_have_the_same_secrets() -> None:
    one, other = random_secrets(), random_secrets()
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] == other[name]] == ["STORE_USER"]
    assert all(len(value) >= 32 for name, value in one.items() if name != "STORE_USER")


def test_variables_come_back_as_they_were(tmp_path: Path) -> None:
    letters = random.Random(1)
    values = AWKWARD | {
        f"RANDOM_{n}": "".join(letters.choices("\\\"'$ \n{}aN#=`\r", k=12)) for n in range(100)
    }
    write_variables(tmp_path / ".env", values)
    assert read_variables(tmp_path / ".env") == values


@pytest.mark.needs("compose")
def test_compose_reads_variables_as_they_were(tmp_path: Path) -> None:
    letters = random.Random(2)
    values = AWKWARD | {
        f"RANDOM_{n}": "".join(letters.choices("\\\"'$ \n{}aN#=`\r", k=12)) for n in range(100)
    }
    write_variables(tmp_path / ".env", values)
    lines = "".join(f"      {name}: ${{{name}}}\n" for name in values)
    (tmp_path / "compose.yaml").write_text(
        f"name: variables\nservices:\n  a:\n    image: a\n    environment:\n{lines}"
    )
    done = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=tmp_path,
        # A terminal sets `LINES`, and the environment counts before the file.
        env={name: value for name, value in os.environ.items() if name not in values},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    read = json.loads(done.stdout)["services"]["a"]["environment"]
    assert {name: (text or "").replace("$$", "$") for name, text in read.items()} == values


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_nobody_else_can_read_them_even_where_a_file_was_there(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OLD=1\n")
    file.chmod(0o644)
    before = os.umask(0)
    try:
        write_variables(file, {"NEW": "2"})
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_variables(file) == {"NEW": "2"}
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_what_no_environment_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="KEY holds a NUL"):
        write_variables(tmp_path / ".env", {"KEY": "a\0b"})


def test_a_file_of_others_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nnonsense\n")
    with pytest.raises(ValueError, match=r"\.env:2"):
        read_variables(tmp_path / ".env")
