"""Reads a DOTS request: the JSON with which a DOTS platform is asked for a simulation.

Every problem is reported at its line of the request. What it asks for becomes the same entries that
a service definition has, so that the same checks hold for both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dots_cli.definition.base64_text import decode_base64
from dots_cli.definition.entries import Entries, typed_entries
from dots_cli.definition.json_lines import read_json
from dots_cli.definition.located import Document, Place, Problems, decode, nearest
from dots_cli.definition.services import IGNORED_REQUEST_KEYS, REQUEST_KEYS

ESDL = "esdl_base64string"
ESDL_FILE = "esdl_file"
SERVICES = "calculation_services"

_TOP: dict[str, str] = {
    "name": "text",
    "start_date": "text",
    "simulation_duration_in_seconds": "number",
    "keep_logs_hours": "number",
    "log_level": "text",
    SERVICES: "list",
    ESDL: "text",
    ESDL_FILE: "text",
}
_SERVICE: dict[str, str] = {
    "esdl_type": "text",
    "calc_service_name": "text",
    "service_image_url": "text",
    "nr_of_models": "number",
    "amount_of_calculations": "number",
    "additional_environment_variables": "list",
    "additional_env_variable": "list",
}
_NEEDED = ("start_date", "simulation_duration_in_seconds", SERVICES)
_NEEDED_OF_SERVICE = ("esdl_type", "calc_service_name", "service_image_url")
_LIKE = {
    "start_date": '"2024-01-01 00:00:00"',
    "simulation_duration_in_seconds": "86400",
    SERVICES: "[{...}], a list with one of these for each service",
    "esdl_type": '"PVInstallation"',
    "calc_service_name": '"pv"',
    "service_image_url": '"registry/pv:1.0"',
    "name": '"village"',
    "log_level": '"info"',
    "nr_of_models": "1",
    "amount_of_calculations": "1",
    "additional_environment_variables": '[{"name": "KEY", "value": "..."}]',
    "additional_env_variable": '[{"name": "KEY", "value": "..."}]',
}
_A_KIND = {"text": "a text in quotes", "number": "a number", "list": "a list"}


@dataclass(frozen=True)
class Request:
    """A request as far as it could be read. `esdl_path` names the ESDL in messages."""

    name: str | None
    entries: Entries | None
    esdl: bytes | None
    esdl_path: Path


def looks_like_request(path: Path, content: bytes) -> bool:
    """Whether a file in place of a scenario is a request."""
    begin = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return path.suffix.lower() == ".json" or begin == b"{"


def read_request(
    content: bytes, path: Path, problems: Problems, esdl_file: Path | None = None
) -> Request:
    """What a request asks for; its problems are reported.

    `esdl_file` is the ESDL where the request does not hold it; where it does, both must be equal.
    """
    nothing = Request(None, None, None, path)
    text = decode(content, path, problems)
    document = None if text is None else read_json(text, path, problems)
    if document is None:
        return nothing
    if not isinstance(document.data, dict):
        hint = f"It begins with {{ and has keys like {', '.join(_NEEDED)}."
        problems.add(path, 1, "the DOTS request is no JSON object", hint)
        return nothing
    reader = _Reader(document, problems)
    top = reader.checked((), _TOP, _NEEDED, "the request")
    services = list(reader.services(top))
    reader.ignored(top)
    esdl, esdl_path = reader.esdl(top, esdl_file)
    as_definition = _as_definition(top, services, document)
    entries = typed_entries(as_definition, content, problems)
    return Request(top.get("name"), entries, esdl, esdl_path)


@dataclass
class _Reader:
    document: Document
    problems: Problems

    def _add(self, at: Place, what: str, hint: str) -> None:
        self.problems.add(self.document.file, self.document.line(at), what, hint)

    def checked(
        self, at: Place, known: Mapping[str, str], needed: tuple[str, ...], subject: str
    ) -> dict[str, Any]:
        """Those values of an object that are known and of the right kind; the rest is reported."""
        data = self.document.data
        for key in at:
            data = data[key]
        for key in needed:
            if data.get(key) is None:
                self._add(at, f"{subject} has no {key}", f'Add "{key}": {_LIKE[key]}.')
        right = {}
        for key, value in data.items():
            if key not in known:
                near = nearest(key, known)
                hint = f"Did you mean '{near}'?" if near else f"Known here: {', '.join(known)}."
                self._add((*at, key), f"{subject}: unknown key '{key}'", hint)
            elif value is not None and not _is(known[key], value):
                what = f"{subject}: {key} takes {_A_KIND[known[key]]}, not {_shown(value)}"
                hint = f'Write it like "{key}": {_LIKE.get(key, "...")}.'
                self._add((*at, key), what, hint)
            elif value is not None:
                right[key] = value
        return right

    def services(self, top: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The services of the request, what is wrong in one left out of it."""
        for number, item in enumerate(top.get(SERVICES, ())):
            at = (SERVICES, number)
            if not isinstance(item, dict):
                what = f"service {number + 1} is {_shown(item)}, no object"
                self._add(at, what, f'Write it like {{"esdl_type": {_LIKE["esdl_type"]}, ...}}.')
                yield {}
                continue
            name = item.get("calc_service_name")
            subject = f"service '{name}'" if isinstance(name, str) else f"service {number + 1}"
            right = self.checked(at, _SERVICE, _NEEDED_OF_SERVICE, subject)
            for key, kind in _SERVICE.items():
                if kind == "list" and key in right:
                    right[key] = list(self._variables((*at, key), right[key], subject))
            yield right

    def _variables(self, at: Place, items: list[Any], subject: str) -> Iterator[dict[str, str]]:
        for number, item in enumerate(items):
            whole = isinstance(item, dict) and set(item) == {"name", "value"}
            if whole and isinstance(item["name"], str) and _is("plain", item["value"]):
                # Nothing is filled in by a platform: a dollar sign is one.
                value = item["value"]
                text = str(value).lower() if isinstance(value, bool) else str(value)
                yield {"name": item["name"], "value": text.replace("$", "$$")}
            else:
                what = f"{subject}: variable {number + 1} is no object with a name and a value"
                self._add((*at, number), what, 'Write {"name": "KEY", "value": "..."}.')

    def ignored(self, top: Mapping[str, Any]) -> None:
        """Say what cannot be carried over."""
        key = "keep_logs_hours"
        if key in top:
            what = f"'{key}' of a DOTS request is not used: {IGNORED_REQUEST_KEYS[key]}"
            line = self.document.line((key,))
            self.problems.warn(self.document.file, line, what, "It may stay.")

    def esdl(self, top: Mapping[str, Any], given: Path | None) -> tuple[bytes | None, Path]:
        """The scenario's bytes and the path under which its problems are reported."""
        file = self.document.file
        if given is None and ESDL_FILE in top:
            given = file.parent / top[ESDL_FILE]
        inside = Path(f"{file}:{ESDL}")
        decoded = self._decoded(top[ESDL]) if ESDL in top else None
        if given is None:
            data = self.document.data
            if data.get(ESDL) is None and data.get(ESDL_FILE) is None:
                what = f"the request has no {ESDL}"
                self._add((), what, f'Add it, or "{ESDL_FILE}", or name a file with --esdl.')
            return decoded, inside
        try:
            content = given.read_bytes()
        except OSError as failure:
            what = f"the ESDL file {given} cannot be read: {failure.strerror or failure}"
            self._add((ESDL_FILE,), what, "Paths count from the folder of the request.")
            return decoded, inside
        if decoded is not None and _lines(decoded) != _lines(content):
            what = f"{ESDL} is not the file {given}: their texts differ"
            self._add((ESDL,), what, "Leave out the one that is not meant.")
        return content, given

    def _decoded(self, text: str) -> bytes | None:
        content, wrong = decode_base64(text)
        if content is not None and re.fullmatch(rb"\s*PD9[A-Za-z0-9+/=\s]+", content):
            wrong.append(("is base64 of base64", "Encode the ESDL file once only."))
            content = None
        for what, hint in wrong:
            self._add((ESDL,), f"{ESDL} {what}", hint)
        return content


def _as_definition(
    top: Mapping[str, Any], services: list[dict[str, Any]], document: Document
) -> Document:
    """The request as the document of a service definition, its scalars as text."""
    # What is missing or wrong is reported already: something harmless stands in for it.
    simulation = {"start": "2024-01-01", "duration": "1"} | {
        name: str(top[key])
        for key, (section, *inner) in REQUEST_KEYS.items()
        for name in inner
        if section == "simulation" and key in top
    }
    lines: dict[Place, int] = dict(document.lines)
    for key, (section, *inner) in REQUEST_KEYS.items():
        for path, line in document.lines.items():
            if path[:1] == (key,):
                lines[(section, *inner, *path[1:])] = line
    entries: list[dict[str, Any]] = [
        {"esdl_type": "EnergySystem", "calc_service_name": f"{n}", "service_image_url": "-"}
        | {key: value if isinstance(value, list) else str(value) for key, value in item.items()}
        for n, item in enumerate(services if SERVICES in top else [{}])
    ]
    data: dict[str, Any] = {"simulation": simulation, "services": entries}
    return Document(document.file, data, lines)


def _is(kind: str, value: Any) -> bool:
    if kind == "plain":
        return isinstance(value, (str, int, float))
    if kind == "number":
        written = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value)
        return bool(written) or (isinstance(value, (int, float)) and not isinstance(value, bool))
    return isinstance(value, str if kind == "text" else list)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) and len(value) < 40 else str(value)[:40]


def _lines(content: bytes) -> list[bytes]:
    return content.removeprefix(b"\xef\xbb\xbf").strip().splitlines()
