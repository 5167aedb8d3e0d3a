"""Reads an ESDL file: its objects in document order, each with its line.

Two passes. Our own over the XML gives order, ids, lines and every structural mistake, with the
classes taken from pyESDL's metamodel. Then pyESDL itself loads the file, for it is what the models
read it with: what it refuses is refused here. Its own walk cannot give the order (it differs from
one process to the next) and it stops at the first mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.parsers import expat

from dots_cli.definition.instants import EARLIEST, LATEST
from dots_cli.definition.located import Problems, decode
from dots_cli.definition.metamodel import ROOT, Kind, is_there, kind_of, load, new_handler
from dots_cli.definition.model import EsdlObject

NAMESPACE = "http://www.tno.nl/esdl"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE, _NIL = f"{_XSI}|type", f"{_XSI}|nil"

LONGEST_NODE = 10_000_000
"""What lxml takes as one comment, in bytes (libxml2's XML_MAX_TEXT_LENGTH)."""

_EARLIEST, _LATEST = EARLIEST.isoformat(), LATEST.isoformat()
_NO_COMMENTS = "Remove it: the pyESDL that models use cannot read it, and every model would die."


@dataclass(frozen=True)
class Content:
    """What is in an ESDL file.

    `objects` in document order, the energy system last; `without_id` the lines of objects whose
    class has ids but which have none, by class; `simulatable` the classes in the file of which a
    model may make sense (assets, markets, weather, the system itself); `first_instant` where the
    earliest profile begins that a simulation could begin with.
    """

    objects: tuple[EsdlObject, ...]
    without_id: dict[str, list[int]]
    simulatable: frozenset[str]
    first_instant: datetime | None


def read(content: bytes, file: Path, problems: Problems) -> Content | None:
    """What is in an ESDL file; None, with the problems reported, where it cannot be read at all.

    A file that can be read may have problems too: objects that share an id, comments.
    """
    if not content.strip():
        hint = "Export the energy system again, for instance from the ESDL MapEditor."
        problems.add(file, 0, "the file is empty", hint)
        return None
    text = decode(content, file, problems)
    if text is None:
        return None
    handler = new_handler()
    walk = _Walk(file, problems)
    if not walk.over(content):
        return None
    walk.report()
    if walk.refused:
        return None
    failure = load(handler, _without_comments(text) if walk.comments else text)
    if failure is not None:
        _explain(failure, handler, content, file, problems)
        return None
    return walk.content()


def _without_comments(text: str) -> str:
    """The text with comments, which are reported already, as empty lines: to find what else is."""
    return re.sub(
        r"<!--.*?-->", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.DOTALL
    )


@dataclass
class _Open:
    """An element that is not closed yet: with the number of connectable objects before it, and
    how many its children of each tag hold (the last one of that tag).
    """

    tag: str
    line: int
    kind: Kind | None
    before: int
    connectable_below: dict[str, int] = field(default_factory=dict)


class _Walk:
    """One pass over the XML. `thorough` also looks at every attribute's value."""

    def __init__(self, file: Path, problems: Problems, thorough: bool = False) -> None:
        self.file = file
        self.problems = problems
        self.thorough = thorough
        self.refused = False
        self.stack: list[_Open] = []
        self.connectable = 0
        self.prefixes: set[str] = set()
        self.prefixes_of_types: dict[str, int] = {}
        self.root: EsdlObject | None = None
        self.objects: list[EsdlObject] = []
        self.lines_of_id: dict[str, list[tuple[int, Kind]]] = {}
        self.without_id: dict[str, list[int]] = {}
        self.first_instant = ""
        self.wrong: list[tuple[int, str, str]] = []
        self.doubled: list[tuple[int, str, str]] = []
        self.ignored: list[tuple[int, str]] = []
        self.comments: list[tuple[int, str]] = []
        self.references: list[tuple[int, str, str]] = []

    def over(self, content: bytes) -> bool:
        """Walk; False, with the problem reported, where it is no XML or no ESDL."""
        parser = expat.ParserCreate(namespace_separator="|")
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CommentHandler = self._comment
        parser.ProcessingInstructionHandler = self._instruction
        parser.XmlDeclHandler = self._declaration
        self.parser = parser
        try:
            parser.Parse(content, True)
        except _NotEsdlError as failure:
            self.problems.add(self.file, failure.line, failure.what, failure.hint)
            return False
        except expat.ExpatError as failure:
            self._syntax(failure, content)
            return False
        return True

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self.prefixes.add(prefix or "")
        if uri == _XSI:
            self.prefixes_of_types.setdefault(prefix or "", self.parser.CurrentLineNumber)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        namespace, _, tag = name.rpartition("|")
        if not self.stack:
            kind = self._root_kind(namespace, tag, line)
        else:
            kind = self._child_kind(self.stack[-1], tag, line, attributes)
        self.stack.append(_Open(tag, line, kind, self.connectable))
        if kind is not None:
            self.connectable += kind.connectable
            self._object(kind, line, attributes)

    def _child_kind(
        self, around: _Open, tag: str, line: int, attributes: dict[str, str]
    ) -> Kind | None:
        if around.kind is None or _NIL in attributes or "href" in attributes:
            return None
        xsi_type = attributes.get(_TYPE)
        child = around.kind.child(tag, xsi_type)
        if self.thorough and xsi_type and xsi_type.partition(":")[0] not in self.prefixes:
            what = f"the prefix of xsi:type '{xsi_type}' is not declared"
            hint = f'Declare it in <esdl:{ROOT}>, or write xsi:type="esdl:...".'
            self.wrong.append((line, what, hint))
        if child.wrong:
            self.wrong.append((line, child.wrong, child.hint))
        elif child.single and tag in around.connectable_below:
            what = f"a second <{tag}> in one {around.kind.name}: ESDL allows one"
            hint = "Models see only the last of them. Keep one."
            severe = around.connectable_below[tag]
            (self.wrong if severe else self.doubled).append((line, what, hint))
        return child.kind

    def _root_kind(self, namespace: str, tag: str, line: int) -> Kind | None:
        if tag != ROOT or namespace != NAMESPACE:
            hint = f"A scenario is an <esdl:{ROOT}> with the namespace {NAMESPACE}."
            if tag == ROOT:
                raise _NotEsdlError(line, f"<{ROOT}> has the namespace '{namespace}'", hint)
            raise _NotEsdlError(line, f"the file is XML but no ESDL: it begins with <{tag}>", hint)
        return kind_of(ROOT)

    def _object(self, kind: Kind, line: int, attributes: dict[str, str]) -> None:
        if kind.has_id:
            if identity := attributes.get("id"):
                item = EsdlObject(kind.name, identity, attributes.get("name", ""), line)
                self.lines_of_id.setdefault(identity, []).append((line, kind))
                if kind.name == ROOT:
                    self.root = item
                else:
                    self.objects.append(item)
            else:
                self.without_id.setdefault(kind.name, []).append(line)
        elif kind.name == "ProfileElement":
            begin = attributes.get("from", "")
            if _EARLIEST <= begin <= _LATEST:
                self.first_instant = min(self.first_instant or begin, begin)
        for name, value in attributes.items():
            if "|" in name:
                continue
            feature = kind.feature(name)
            if feature is None:
                what = f"ESDL knows no attribute '{name}' in {kind.name}: it is ignored"
                self.ignored.append((line, what))
            elif self.thorough:
                self._check_value(kind, feature, value, line)

    def _check_value(self, kind: Kind, feature: Any, value: str, line: int) -> None:
        what = f"{feature.name} of {kind.name}"
        if not feature.is_attribute:
            tokens = value.split() if feature.many else [value]
            self.references += [(line, what, token) for token in tokens if token]
            return
        for part in value.split() if feature.many else [value]:
            try:
                feature.eType.from_string(part)
            except Exception:
                type_name = feature.eType.name.removeprefix("E").lower()
                message = f"{what}: '{part}' cannot be read as {type_name}"
                self.wrong.append((line, message, "Correct the value."))

    def _end(self, name: str) -> None:
        closed = self.stack.pop()
        if self.stack:
            self.stack[-1].connectable_below[closed.tag] = self.connectable - closed.before

    def _comment(self, text: str) -> None:
        line = self.parser.CurrentLineNumber
        if len(text) > LONGEST_NODE // 4 and len(text.encode()) > LONGEST_NODE:
            what = f"an XML comment of more than {LONGEST_NODE // 10**6} MB"
            self.refused = True
            self.problems.add(self.file, line, what, "Remove it: no model can read the file.")
        elif self.stack:
            self.comments.append((line, "an XML comment inside the energy system"))

    def _instruction(self, target: str, data: str) -> None:
        if self.stack:
            line = self.parser.CurrentLineNumber
            self.wrong.append((line, f"an XML processing instruction <?{target}?>", _NO_COMMENTS))

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if (encoding or "utf-8").lower() not in ("utf-8", "utf8", "ascii", "us-ascii"):
            what = f"the file is UTF-8 but declares the encoding {encoding}"
            self.problems.add(self.file, 1, what, 'Write encoding="UTF-8" in its first line.')

    def _syntax(self, failure: expat.ExpatError, content: bytes) -> None:
        what = expat.ErrorString(failure.code)
        ends = failure.lineno > content.rstrip().count(b"\n")
        if self.stack and ends and what in ("no element found", "unclosed token"):
            last = self.stack[-1]
            what = f"the file ends in the middle: <{last.tag}> of line {last.line} is not closed"
            hint = "It was cut off: export or copy it again."
        elif not self.stack and not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            what, hint = (
                "the file is no XML",
                "A scenario is an ESDL file, as the MapEditor saves it.",
            )
        else:
            what = f"XML syntax: {what} (column {failure.offset + 1})"
            hint = "Correct it by hand, or export the file again."
        self.problems.add(self.file, failure.lineno, what, hint)

    def report(self) -> None:
        """Turn what was noted on the way into problems."""
        self.refused |= bool(self.wrong)
        self.problems.add_kinds(self.file, self.wrong)
        self.problems.add_kinds(self.file, self.doubled, "warning")
        self.problems.add_many(self.file, self.comments, _NO_COMMENTS)
        hint = "Correct its name, or remove it."
        self.problems.add_many(self.file, self.ignored, hint, severity="warning")
        self._same_ids()

    def _same_ids(self) -> None:
        severe: list[tuple[int, str]] = []
        harmless: list[tuple[int, str]] = []
        for identity, ((first, kind), *others) in self.lines_of_id.items():
            if not others:
                continue
            connectable = kind.connectable or any(other.connectable for _, other in others)
            of_whom = f"the id '{identity}' of the {kind.name} in line {first}"
            (severe if connectable else harmless).extend(
                (line, f"{other.name} has {of_whom}") for line, other in others
            )
        hint = "Give each object an id of its own."
        self.problems.add_many(self.file, sorted(severe), hint)
        self.problems.add_many(self.file, sorted(harmless), hint, "warning")

    def content(self) -> Content:
        """What was found."""
        everything = (*self.objects, self.root) if self.root else tuple(self.objects)
        present = {item.esdl_type for item in everything} | set(self.without_id)
        kinds = (kind_of(name) for name in present)
        return Content(
            objects=everything,
            without_id=self.without_id,
            simulatable=frozenset(kind.name for kind in kinds if kind and kind.simulatable),
            first_instant=_instant(self.first_instant),
        )


class _NotEsdlError(Exception):
    def __init__(self, line: int, what: str, hint: str) -> None:
        super().__init__(what)
        self.line, self.what, self.hint = line, what, hint


def _instant(text: str) -> datetime | None:
    """The date and time that a profile element begins with, its zone left out."""
    match = re.match(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?", text)
    try:
        return datetime.fromisoformat(match[0]) if match else None
    except ValueError:
        return None


def _explain(
    failure: Exception, handler: Any, content: bytes, file: Path, problems: Problems
) -> None:
    """pyESDL refused the file: find every value that it cannot read, and say where."""
    walk = _Walk(file, Problems(), thorough=True)
    walk.over(content)
    if "xsi" not in walk.prefixes_of_types:
        for prefix, line in walk.prefixes_of_types.items():
            what = f"the prefix '{prefix}' stands for the namespace {_XSI}"
            hint = "Write xsi in its place: models read the file with pyESDL, which knows no other."
            walk.wrong.append((line, what, hint))
    problems.add_kinds(file, walk.wrong)
    lost = []
    for line, what, token in walk.references:
        if token.startswith("/"):
            if not is_there(handler, token):
                lost.append((line, f"{what}: there is no object at '{token}'"))
        elif token not in walk.lines_of_id and "#" not in token:
            lost.append((line, f"{what}: no object has the id '{token}'"))
    problems.add_many(file, lost, "Correct the reference, or remove it.")
    if not walk.wrong and not lost:
        found = re.search(r"line (\d+)", str(failure))
        what = f"pyESDL, with which models read the file, refuses it: {failure}"
        hint = "Export the file again with a current ESDL editor."
        problems.add(file, int(found[1]) if found else 0, what, hint)
