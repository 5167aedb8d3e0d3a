"""Reads a service definition: from text to typed entries, each mistake with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dots_cli.definition.located import Document, Place, Problems, decode, nearest, read_yaml
from dots_cli.definition.services import (
    IGNORED_REQUEST_KEYS,
    REQUEST_KEYS,
    DefinitionFile,
    LimitsEntry,
    ServiceEntry,
    SimulationEntry,
    StoreEntry,
    aliases,
    known_keys,
)
from dots_cli.definition.wrong import WrongItems, WrongVariables

_SMALLEST = {
    "models": "Write 0 for one model per object, n for at most n.",
    "nr_of_models": "Write 0 for one model per object, n for at most n.",
    "calculations": "Write how many it has: 1 or more.",
    "amount_of_calculations": "Write how many it has: 1 or more.",
}

_M = TypeVar("_M", bound=BaseModel)

_WHAT_IS_MISSING = {
    "name": "Add `name: ...`; its models are called after it.",
    "esdl_type": "Add `esdl_type: ...`, the ESDL class that it simulates.",
    "services": "Add `services:` with a list of them; `dots init` writes one for a scenario.",
    "url": "Add `url: http://...`, the address of the InfluxDB.",
}


@dataclass(frozen=True)
class Entries:
    """What could be read. What is wrong in a section is left out of it; a section that cannot do
    without that is None, or missing from `services`.

    `services` holds each readable entry with its place in the list; `listed` all of them as they
    stand in the file, their keys under the names of the schema, None for what is no mapping.
    """

    content: bytes
    document: Document
    simulation: SimulationEntry | None
    limits: LimitsEntry | None
    store: StoreEntry | None
    services: tuple[tuple[int, ServiceEntry], ...]
    listed: tuple[dict[str, Any] | None, ...]

    def line(self, *path: str | int) -> int:
        """The line of a value, named as in the schema."""
        return self.document.line(self._as_typed(path))

    def line_of_variable(self, service: int, number: int, name: str) -> int:
        """The line of one variable of a service, given as a mapping or as a request's list."""
        env = self._as_typed(("services", service, "env"))
        in_list = (*env, number, "value")
        return self.document.line(in_list if in_list in self.document.lines else (*env, name))

    def _as_typed(self, path: Place) -> Place:
        if len(path) > 2 and path[0] == "services" and path not in self.document.lines:
            for other, name in aliases(ServiceEntry).items():
                if name == path[2] and (*path[:2], other) in self.document.lines:
                    return (*path[:2], other, *path[3:])
        return path


def read_entries(content: bytes, file: Path, problems: Problems) -> Entries | None:
    """The entries of a definition; None, with the problem reported, where it is no mapping."""
    text = decode(content, file, problems)
    if text is None:
        return None
    document = read_yaml(text, file, problems)
    if document is None:
        return None
    if document.data is None:
        hint = "Write one with `dots init SCENARIO`."
        problems.add(file, 0, "the service definition is empty", hint)
        return None
    if not isinstance(document.data, dict):
        hint = "It begins with keys like `simulation:` and `services:`; see `dots schema`."
        problems.add(file, document.line(()), "the service definition is no mapping", hint)
        return None
    return typed_entries(_from_request(document, problems), content, problems)


def typed_entries(document: Document, content: bytes, problems: Problems) -> Entries:
    """The entries of a mapping whose keys are where they belong, its mistakes reported."""
    return _typed(document, content, _validated(document, problems))


def _from_request(document: Document, problems: Problems) -> Document:
    """Move what stands at the top of a DOTS request to where it belongs."""
    data, lines = dict(document.data), dict(document.lines)
    for key, reason in IGNORED_REQUEST_KEYS.items():
        if key in data:
            del data[key]
            what = f"'{key}' of a DOTS request is not used: {reason}"
            problems.warn(document.file, document.line((key,)), what, "It may stay.")
    for key, target in REQUEST_KEYS.items():
        if key not in data:
            continue
        section = data if len(target) == 1 else data.setdefault(target[0], {})
        if section is None:
            section = data[target[0]] = {}
        if not isinstance(section, dict):
            continue
        if target[-1] in section:
            what = f"'{key}' says the same as '{'.'.join(target)}'"
            problems.add(document.file, document.line((key,)), what, "Keep one of the two.")
            data.pop(key)
            continue
        section[target[-1]] = data.pop(key)
        for path, line in document.lines.items():
            if path[:1] == (key,):
                lines[(*target, *path[1:])] = line
    return Document(document.file, data, lines)


def _validated(document: Document, problems: Problems) -> DefinitionFile | None:
    """The whole file; None, with every mistake reported, where there is one."""
    whole = None
    try:
        whole = DefinitionFile.model_validate(document.data)
    except ValidationError as failure:
        for error in failure.errors():
            path = tuple(error["loc"])
            wrong = error.get("ctx", {}).get("error")
            each = wrong.each if isinstance(wrong, WrongItems) else [((), str(wrong))]
            for below, what in each:
                message, hint = _complaint(error["type"], path, error, what, document)
                line = document.line((*path, *below))
                problems.add(document.file, line, message, hint)
    services = document.data.get("services")
    for at, item in enumerate(services if isinstance(services, list) else ()):
        if isinstance(item, dict) and not any(
            _listed(item).get(key) for key in ("image", "source")
        ):
            what = f"{_subject(('services', at), document)} has neither image nor source"
            hint = "Add `image: <container image>` or `source: <folder of its code>`."
            problems.add(document.file, document.line(("services", at)), what, hint)
    return whole


def _complaint(
    kind: str, path: Place, error: Mapping[str, Any], reason: str, document: Document
) -> tuple[str, str]:
    """What pydantic found, in words for the person who wrote the file, and what to do."""
    key = str(path[-1]) if path else ""
    subject = _subject(path[:-1], document)
    if kind == "extra_forbidden":
        return _unknown_key(key, path, subject, document)
    if kind == "missing":
        return f"{subject} has no {key}", _WHAT_IS_MISSING.get(key, f"Add `{key}: ...`.")
    value = error.get("input")
    shown = f"'{value}'" if isinstance(value, str) else "a list or a mapping"
    context = error.get("ctx", {})
    whole = _subject(path, document)
    if value is None:
        what = "`key: value` lines below it, indented" if kind == "model_type" else "a value"
        return f"{whole} is empty", f"Write {what}, or leave it out."
    if kind == "value_error":
        what, _, remedy = reason.partition("; ")
        hint = f"{remedy[0].upper()}{remedy[1:]}." if remedy else "Write another value."
        return f"{whole}: {what}", hint
    if kind in ("int_parsing", "int_type", "int_from_float"):
        return f"{whole}: {shown} is not a whole number", "Write a whole number, like 1."
    if kind in ("float_parsing", "float_type", "finite_number"):
        return f"{whole}: {shown} is not a number", "Write a number, like 0.5."
    if kind == "greater_than_equal":
        hint = _SMALLEST.get(key, "Write a larger number.")
        return f"{whole}: {value} is less than {context['ge']}", hint
    if kind == "greater_than":
        return f"{whole}: {value} is not more than {context['gt']:g}", "Write a larger number."
    if kind == "literal_error":
        near = nearest(str(value), str(context["expected"]).replace(" or ", ", ").split(", "))
        hint = f"Did you mean {near}?" if near else f"Write one of {context['expected']}."
        return f"{whole}: {shown} is not one of {context['expected']}", hint
    if kind == "string_pattern_mismatch":
        return f"{whole}: {shown} cannot be used here", _pattern_hint(key)
    if kind in ("too_short", "string_too_short"):
        return f"{whole} is empty", "Write a value, or leave the key out."
    if kind == "string_type":
        return f"{whole}: takes one value, not a list or a mapping", "Write `key: value`."
    if kind == "list_type":
        hint = "Begin each item with `- `, on a line of its own."
        return f"{whole}: {shown if isinstance(value, str) else 'a mapping'} is not a list", hint
    if kind in ("model_type", "dict_type"):
        given = shown if isinstance(value, str) else "a list"
        return f"{whole}: {given} is not a mapping", "Write `key: value` lines below it, indented."
    return f"{whole}: {error.get('msg', 'cannot be used')}", "See `dots schema`."


def _unknown_key(key: str, path: Place, subject: str, document: Document) -> tuple[str, str]:
    model = _model_at(path[:-1])
    same = aliases(model).get(key)
    if same or key in model.model_fields:
        other = same or key
        return f"{subject}: '{key}' says the same as '{other}'", "Keep one of the two."
    known = known_keys(model) | (set(REQUEST_KEYS) if model is DefinitionFile else set())
    near = nearest(key, known)
    listing = f"Known here: {', '.join(model.model_fields)}."
    return f"{subject}: unknown key '{key}'", f"Did you mean '{near}'?" if near else listing


def _model_at(path: Place) -> type[BaseModel]:
    sections: dict[str, type[BaseModel]] = {
        "simulation": SimulationEntry,
        "limits": LimitsEntry,
        "store": StoreEntry,
    }
    if not path:
        return DefinitionFile
    return sections.get(str(path[0]), ServiceEntry)


def _pattern_hint(key: str) -> str:
    if key == "esdl_type":
        return "Write the name of an ESDL class, like PVInstallation."
    return "Write `all`, or how many."


def _subject(path: Place, document: Document) -> str:
    """What a path means, for a sentence: `service 'pv': models`."""
    if not path:
        return "the definition"
    if path[0] not in ("services", "calculation_services") or len(path) < 2:
        return ".".join(str(part) for part in path)
    service = document.data.get("services", ())
    name = None
    if (
        isinstance(service, list)
        and isinstance(path[1], int)
        and isinstance(service[path[1]], dict)
    ):
        name = _listed(service[path[1]]).get("name")
    known = f"service '{name}'" if isinstance(name, str) else f"service {int(path[1]) + 1}"
    rest = ".".join(str(part) for part in path[2:])
    return f"{known}: {rest}" if rest else known


def _listed(item: Mapping[str, Any]) -> dict[str, Any]:
    renamed = aliases(ServiceEntry)
    return {renamed.get(key, key): value for key, value in item.items()}


def _typed(document: Document, content: bytes, whole: DefinitionFile | None) -> Entries:
    """What is readable: all of it, or section by section."""
    data = document.data
    services = data["services"] if isinstance(data.get("services"), list) else []
    listed = tuple(_listed(item) if isinstance(item, dict) else None for item in services)
    if whole is not None:
        readable = tuple(enumerate(whole.services))
        return Entries(
            content, document, whole.simulation, whole.limits, whole.store, readable, listed
        )
    entries = ((at, _section(ServiceEntry, item)) for at, item in enumerate(services))
    return Entries(
        content=content,
        document=document,
        simulation=_section(SimulationEntry, data.get("simulation") or {}),
        limits=_section(LimitsEntry, data.get("limits") or {}),
        store=_section(StoreEntry, data["store"]) if data.get("store") else None,
        services=tuple((at, entry) for at, entry in entries if entry is not None),
        listed=listed,
    )


def _section(model: type[_M], data: Any) -> _M | None:
    """A section without what is wrong in it, so that the rest is checked too; None where that is
    what it cannot do without."""
    try:
        return model.model_validate(data)
    except ValidationError as failure:
        right = _without_wrong(data, failure)
    try:
        return model.model_validate(right)
    except ValidationError:
        return None


def _without_wrong(data: Any, failure: ValidationError) -> Any:
    if not isinstance(data, dict):
        return data
    right = dict(data)
    for error in failure.errors():
        wrong = error.get("ctx", {}).get("error")
        key = str(error["loc"][0]) if error["loc"] else ""
        if key in right and isinstance(wrong, WrongVariables):
            right[key] = wrong.others
        else:
            right.pop(key, None)
    return right
