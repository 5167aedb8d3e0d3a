"""Problems collected with file and line, and YAML read so that every key and item has its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from dots_cli.errors import Problem

Place = tuple[str | int, ...]
"""Where a value stands in a document: the keys and numbers that lead to it."""

SHOWN_PER_KIND = 20

DEEPEST = 100
"""Levels of lists and mappings within each other: more are a mistake, and a danger to parsers."""

MOST_VALUES = 1_000_000
"""Keys and values of a document, what an alias stands for counted wherever it is used."""

_NO_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass
class Problems:
    """What was found so far, in the order in which it was found."""

    found: dict[Problem, None] = field(default_factory=dict)

    def add(
        self,
        file: Path,
        line: int,
        message: str,
        hint: str = "",
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """One more; the same one twice counts once."""
        self.found[Problem(file, line, message, hint, severity)] = None

    def warn(self, file: Path, line: int, message: str, hint: str = "") -> None:
        """One more that does not prevent a run."""
        self.add(file, line, message, hint, "warning")

    def add_many(
        self,
        file: Path,
        messages: Iterable[tuple[int, str]],
        hint: str = "",
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Problems of one kind, each with its line; a flood of them is cut and counted."""
        listed = list(dict.fromkeys(messages))
        for line, message in listed[:SHOWN_PER_KIND]:
            self.add(file, line, message, hint, severity)
        if (rest := len(listed) - SHOWN_PER_KIND) > 0:
            self.add(file, listed[SHOWN_PER_KIND][0], f"and {rest} more like these", hint, severity)

    def add_kinds(
        self,
        file: Path,
        found: Iterable[tuple[int, str, str]],
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Problems of several kinds, each with line, message and hint: a hint makes a kind."""
        kinds: dict[str, list[tuple[int, str]]] = {}
        for line, message, hint in found:
            kinds.setdefault(hint, []).append((line, message))
        for hint, messages in kinds.items():
            self.add_many(file, messages, hint, severity)

    def in_order(self) -> tuple[Problem, ...]:
        """All of them, file by file, each from its first line to its last."""
        files = list(dict.fromkeys(p.file for p in self.found))
        return tuple(sorted(self.found, key=lambda p: (files.index(p.file), p.line)))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Those that prevent a run."""
        return tuple(p for p in self.in_order() if p.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Those that do not."""
        return tuple(p for p in self.in_order() if p.severity == "warning")


@dataclass(frozen=True)
class Document:
    """A YAML document: dicts with string keys, lists, strings and None, nothing else.

    Scalars stay as they are written (`3.10` is no number here); None is an empty or null value.
    `lines` has the line of each key and item.
    """

    file: Path
    data: Any
    lines: dict[Place, int]

    def line(self, path: Iterable[str | int]) -> int:
        """The line of a value, or of the nearest thing around it that the file has."""
        at = tuple(path)
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word most like this one, whatever its case; None where none is like it."""
    by_folded = {name.casefold(): name for name in known}
    match = get_close_matches(word.casefold(), by_folded, n=1, cutoff=cutoff)
    return by_folded[match[0]] if match else None


def decode(content: bytes, file: Path, problems: Problems) -> str | None:
    """The text of a file; None, with the problem reported, where it is not UTF-8."""
    hint = "Save it with the encoding UTF-8."
    if b"\0" in content[:4]:  # every other byte of UTF-16 is none, and that is UTF-8 as well
        problems.add(file, 1, "the file is not UTF-8 but UTF-16 or UTF-32", hint)
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = content[: failure.start].count(b"\n") + 1
        problems.add(
            file,
            line,
            f"the file is not UTF-8: byte 0x{content[failure.start]:02x} cannot be read",
            hint,
        )
        return None


def is_utf8(path: str) -> bool:
    """Whether a path can be written into a file; Linux allows any bytes in one."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain_text(text: str, file: Path, line: int, problems: Problems) -> str:
    """The text; what no variable, path or file can hold is reported and left out."""
    if found := _NO_TEXT.search(text):
        what = f"a text holds the character \\u{ord(found[0]):04x}, which nothing can be given"
        problems.add(file, line, what, "Leave that character out.")
    return _NO_TEXT.sub("", text)


def line_of_too_deep(text: str) -> int | None:
    """The line where YAML is nested more than `DEEPEST` levels deep, if it is.

    To be asked before it is composed: the parser in C overflows its stack.
    """
    import yaml

    depth = 0
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            return event.start_mark.line + 1 if event.start_mark else 0
    return None


def read_yaml(text: str, file: Path, problems: Problems) -> Document | None:
    """A YAML document with lines; None, with the problem reported, where the syntax is wrong."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if text.lstrip().startswith("{"):
        text = text.replace("\t", " ")  # JSON may be indented by tabs, YAML may not
    lines: dict[Place, int] = {}
    try:
        if (deep := line_of_too_deep(text)) is not None:
            raise _Unreadable(deep, *_TOO_DEEP)
        root = yaml.compose(text, loader)
        data = None if root is None else _Reader(file, problems, lines).value(root, (), ())
    except _Unreadable as failure:
        problems.add(file, failure.line, failure.what, failure.hint)
        return None
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        line = mark.line + 1 if mark else 0
        what, hint = _yaml_mistake(failure.problem or failure.context or "", text, line)
        problems.add(file, line, f"YAML syntax: {what}", hint)
        return None
    except yaml.reader.ReaderError as failure:
        character = failure.character
        sign = chr(character) if isinstance(character, int) else str(character)
        line = text[: max(text.find(sign), 0)].count("\n") + 1
        what = f"YAML syntax: the character {sign!r} is not allowed"
        problems.add(file, line, what, "Remove that character.")
        return None
    return Document(file, data, lines)


def _yaml_mistake(what: str, text: str, line: int) -> tuple[str, str]:
    shown = text.splitlines()[line - 1 : line]
    if shown and "\t" in shown[0]:
        return what, "Indent with spaces, not with tabs."
    if "another document" in what:
        return "a second document begins here", "Remove this `---` and what follows it."
    if "mapping values" in what or "expected ':'" in what:
        return what, "Check the indentation, and put text that holds a colon in quotes."
    return what, "Check indentation, brackets and quotes at this line and the one above."


_TOO_DEEP = (
    f"lists and mappings are nested too deeply, in more than {DEEPEST} levels",
    "Check its brackets, dashes and indentation.",
)


class _Unreadable(Exception):
    """The document cannot be used at all, for a reason that stands in this line."""

    def __init__(self, line: int, what: str, hint: str) -> None:
        super().__init__(what)
        self.line, self.what, self.hint = line, what, hint


class _Reader:
    """Turns YAML nodes into data, noting lines; a key given twice is a problem."""

    def __init__(self, file: Path, problems: Problems, lines: dict[Place, int]) -> None:
        self.file = file
        self.problems = problems
        self.lines = lines
        self.seen = 0

    def value(self, node: Any, at: Place, around: tuple[int, ...]) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(at, line)
        if not self._is_new(node, around):
            return ""
        around = (*around, id(node))
        if node.id == "mapping":
            data = {}
            for key, item in self._pairs(node, at, around):
                data[key] = self.value(item, (*at, key), around)
            return data
        if node.id == "sequence":
            return [self.value(item, (*at, n), around) for n, item in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:null":
            return None
        return plain_text(node.value, self.file, line, self.problems)

    def _is_new(self, node: Any, around: tuple[int, ...]) -> bool:
        """Whether a node is none of those around it; raises `_Unreadable` where it gets too much.

        Aliases can make much out of a short text, and lead deeper than it is nested.
        """
        line = node.start_mark.line + 1
        self.seen += 1
        if self.seen > MOST_VALUES:
            what = f"the document has more than {MOST_VALUES:,} values"
            raise _Unreadable(line, what, "Use fewer aliases: each counts with all it stands for.")
        if id(node) in around:
            what = "an alias stands inside of what it means"
            self.problems.add(self.file, line, what, "Write the value out.")
            return False
        if len(around) > DEEPEST:
            raise _Unreadable(line, *_TOO_DEEP)
        return True

    def _pairs(self, node: Any, at: Place, around: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, item in node.value:
            line = key_node.start_mark.line + 1
            self._is_new(key_node, around)
            if key_node.id != "scalar":
                self.problems.add(self.file, line, "a key must be a word", "Write `key: value`.")
                continue
            if key_node.tag == "tag:yaml.org,2002:merge":
                for source in self._sources(item, line, around):
                    inside = (*around, id(source))
                    for key, value in self._pairs(source, at, inside):
                        merged.setdefault(key, value)
                continue
            name = plain_text(key_node.value, self.file, line, self.problems)
            if name in own:
                first = self.lines[(*at, name)]
                self.problems.add(
                    self.file,
                    line,
                    f"the key '{name}' stands here a second time (first in line {first})",
                    "Keep one of the two.",
                )
            else:
                own[name] = item
                self.lines[(*at, name)] = line
        yield from (merged | own).items()

    def _sources(self, item: Any, line: int, around: tuple[int, ...]) -> Iterator[Any]:
        """The mappings that a `<<` in this line merges; whatever else it is given is a problem."""
        for source in item.value if item.id == "sequence" else [item]:
            if not self._is_new(source, around):
                continue
            if source.id == "mapping":
                yield source
                continue
            hint = "Mark a mapping with `&common`, and write `<<: *common`."
            is_text = source.id == "scalar" and source.tag == "tag:yaml.org,2002:str"
            if is_text and re.fullmatch(r"[\w-]+", source.value):
                hint = f"Write `*{source.value}` in place of `{source.value}`."
            what = "`<<` takes an alias of a mapping, like `*common`"
            # What an alias stands for has been written above it.
            self.problems.add(self.file, max(line, source.start_mark.line + 1), what, hint)
