"""JSON read so that every key and item has its line, as `located.read_yaml` does for YAML."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from pathlib import Path

from dots_cli.definition.located import DEEPEST, Document, Place, Problems, plain_text

_string = json.decoder.scanstring  # type: ignore[attr-defined]  # public, undocumented
_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[^\s,\]}]+")


def read_json(text: str, file: Path, problems: Problems) -> Document | None:
    """A JSON document with lines; None, with the problem reported, where the syntax is wrong.

    Values are what `json` makes of them; a text may hold line breaks, which JSON itself forbids.
    """
    reader = _Reader(text, file, problems)
    try:
        data = json.loads(text, strict=False)  # its complaints are exact
        reader.place((), 0)
    except json.JSONDecodeError as failure:
        what = failure.msg[0].lower() + failure.msg[1:]
        hint = "Correct it there, or just before: a comma, a bracket or a quote."
        problems.add(file, failure.lineno, f"JSON syntax: {what}", hint)
        return None
    except RecursionError:
        problems.add(file, 0, "JSON syntax: it is nested too deeply", "Check its brackets.")
        return None
    except ValueError:  # of int(), which bounds its own work
        problems.add(
            file, 0, "JSON syntax: a number has thousands of digits", "Write a smaller one."
        )
        return None
    return None if reader.has_no_text else Document(file, data, reader.lines)


class _Reader:
    """Walks over JSON that is known to be right, noting where each value begins."""

    def __init__(self, text: str, file: Path, problems: Problems) -> None:
        self.text = text
        self.file = file
        self.problems = problems
        self.lines: dict[Place, int] = {}
        self.has_no_text = False
        self.ends = [match.start() for match in re.finditer("\n", text)]

    def place(self, at: Place, position: int) -> int:
        """Note the value that begins here; returns the position behind it."""
        position = self._skip(position)
        self.lines.setdefault(at, self._line(position))
        sign = self.text[position]
        if sign == '"':
            return self._text(position)[1]
        if sign in "{[":
            if len(at) > DEEPEST:
                raise RecursionError
            return self._inside(at, position + 1, "}" if sign == "{" else "]")
        match = _SCALAR.match(self.text, position)
        return match.end() if match else position + 1

    def _inside(self, at: Place, position: int, end: str) -> int:
        number = 0
        first: dict[str, int] = {}
        position = self._skip(position)
        while self.text[position] != end:
            key: str | int = number
            if end == "}":
                line = self._line(position)
                key, position = self._text(position)
                if key in first:
                    what = f"the key '{key}' stands here a second time (first in line {first[key]})"
                    self.problems.add(self.file, line, what, "Keep one of the two.")
                self.lines.setdefault((*at, key), first.setdefault(key, line))
                position = self._skip(position) + 1  # the colon
            position = self._skip(self.place((*at, key), position))
            if self.text[position] == ",":
                position = self._skip(position + 1)
            number += 1
        return position + 1

    def _text(self, position: int) -> tuple[str, int]:
        """The text that begins here with its quote, and the position behind it."""
        text, end = _string(self.text, position + 1, False)
        if plain_text(text, self.file, self._line(position), self.problems) != text:
            self.has_no_text = True
        return str(text), int(end)

    def _skip(self, position: int) -> int:
        match = _SPACE.match(self.text, position)
        return match.end() if match else position

    def _line(self, position: int) -> int:
        return bisect_right(self.ends, position - 1) + 1
