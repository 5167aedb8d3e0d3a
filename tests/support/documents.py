"""Command blocks of the project's documents.

A fenced block of the language `console` holds commands, each on a line that starts with `$ `;
other lines show output. A comment above the block says what is not plain about it:

    <!-- run: docker, index -->    needs these parts (tests/support/parts.py)
    <!-- run: exit 3 -->           the last command ends with that code
    <!-- run: .ci/run -->          is run by that script, not by a test
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support import ROOT


@dataclass(frozen=True)
class Block:
    """One block of commands; `line` is that of its fence."""

    line: int
    commands: tuple[str, ...]
    needs: tuple[str, ...] = ()
    exit_code: int = 0
    elsewhere: str | None = None


def documents() -> list[Path]:
    """README.md and the pages below docs/, as far as they are there."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def blocks(text: str) -> list[Block]:
    """The blocks of commands in a document; ValueError for one that no test would run."""
    found = []
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if re.match(r"\s*```\s*\S", line)]
    for start in starts:
        language = lines[start].strip().removeprefix("```").strip()
        if language in {"sh", "bash", "shell", "zsh"}:
            raise ValueError(f"line {start + 1}: commands stand in blocks of the language console")
        if language != "console":
            continue
        end = next(n for n in range(start + 1, len(lines)) if lines[n].strip() == "```")
        commands = [line.strip()[2:] for line in lines[start:end] if line.strip()[:2] == "$ "]
        if not commands:
            raise ValueError(f"line {start + 1}: no line of this block starts with `$ `")
        found.append(_block(start + 1, commands, _directive(lines, start)))
    return found


def _directive(lines: list[str], start: int) -> list[str]:
    above = next((line for line in reversed(lines[:start]) if line.strip()), "")
    match = re.fullmatch(r"<!-- run: (.*) -->", above.strip())
    return [word.strip() for word in match[1].split(",")] if match else []


def _block(line: int, commands: list[str], words: list[str]) -> Block:
    needs, exit_code, elsewhere = [], 0, None
    for word in words:
        if word.startswith("exit "):
            exit_code = int(word.removeprefix("exit "))
        elif "/" in word:
            elsewhere = word
        else:
            needs.append(word)
    return Block(line, tuple(commands), tuple(needs), exit_code, elsewhere)
