"""Typed entries become a definition: what only the whole can tell is checked here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from dots_cli.definition.dealing import LONGEST_ID, LONGEST_VARIABLE, chunks, longest_ids
from dots_cli.definition.entries import Entries
from dots_cli.definition.esdl import Content
from dots_cli.definition.git_source import GitSource, is_git_url
from dots_cli.definition.git_source import parse as parse_git_url
from dots_cli.definition.instants import LATEST
from dots_cli.definition.located import Problems, is_utf8, nearest
from dots_cli.definition.model import (
    OWN_REFERENCES,
    Definition,
    LimitSettings,
    Scenario,
    Service,
    StoreSettings,
    sanitised,
)
from dots_cli.definition.overrides import Parsed, variables_by_service
from dots_cli.definition.services import ServiceEntry, StoreEntry
from dots_cli.definition.sources import facts_of
from dots_cli.definition.tags import check_tags
from dots_cli.definition.visible import has_controls, visible
from dots_cli.definition.volumes import with_folder
from dots_cli.errors import UsageError

_DOLLAR = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<open>\{))?")


def complete(
    entries: Entries,
    found: tuple[Scenario, Content] | None,
    problems: Problems,
    wanted: Parsed,
    environ: Mapping[str, str],
) -> Definition | None:
    """The definition; None where problems, which are all reported, leave none.

    `found` is None where the scenario could not be read: what needs it is then not checked.
    Raises `UsageError` where `--set` names a service that the definition does not have, and where
    `--start` or `--duration` let the simulation end too late.
    """
    return _Completion(entries, found, problems, wanted, environ).definition()


@dataclass
class _Completion:
    entries: Entries
    found: tuple[Scenario, Content] | None
    problems: Problems
    wanted: Parsed
    environ: Mapping[str, str]

    def __post_init__(self) -> None:
        self.file: Path = self.entries.document.file
        self.variables: dict[str, None] = {}

    def definition(self) -> Definition | None:
        self._check_names()
        self._check_start_and_duration()
        services = [self._service(at, entry) for at, entry in self.entries.services]
        store = self._store(self.entries.store) if self.entries.store else None
        if self.found is not None:
            self._check_coverage(*self.found)
            self._check_lengths(self.found[0])
        simulation, limits = self.entries.simulation, self.entries.limits
        if self.problems.errors or simulation is None or limits is None:
            return None
        changed = variables_by_service(self.wanted.variables, [s.name for s in services])
        start = self.wanted.start or simulation.start
        duration = self.wanted.duration or simulation.duration
        if start is None or duration is None:
            return None
        return Definition(
            path=self.file,
            content=self.entries.content,
            start=start,
            duration=duration,
            log_level=self.wanted.log_level or simulation.log_level,
            limits=replace(LimitSettings(**limits.model_dump()), **self.wanted.limits),
            store=store,
            services=tuple(
                replace(s, env=tuple((dict(s.env) | changed.get(s.name, {})).items()))
                for s in services
            ),
            variables=tuple(self.variables),
            warnings=self.problems.warnings,
        )

    def _check_names(self) -> None:
        """No two services whose models would have the same ids, none whose ids are too long."""
        count = self._count_models()
        first: dict[str, tuple[int, str]] = {}
        for at, item in self._listed():
            name = item.get("name")
            if not isinstance(name, str) or not name:
                continue
            line = self.entries.line("services", at, "name")
            if has_controls(name):
                what = f"service '{_cut(visible(name))}': its name holds a control character"
                self.problems.add(self.file, line, what, "Leave line breaks and the like out.")
                continue
            plain = sanitised(name)
            if plain and any(c.isalpha() and not c.isascii() for c in name):
                what = f"the models of service '{_cut(name)}' are called {_cut(plain)}-1, ..."
                hint = "Their names hold letters a-z, digits and `-` only; the others are left out."
                self.problems.warn(self.file, line, what, hint)
            longest = f"{plain}-{count.get(at, 1)}"
            if len(longest) > LONGEST_ID:
                what = (
                    f"service '{_cut(name)}': the name of a model, {_cut(longest)}, would have"
                    f" {len(longest)} letters; as a host name it may have {LONGEST_ID}"
                )
                room = LONGEST_ID - (len(longest) - len(plain))
                hint = f"Give the service a name of at most {room} letters."
                self.problems.add(self.file, line, what, hint)
            if not plain:
                what = f"service '{name}': its name leaves nothing to call its models after"
                self.problems.add(self.file, line, what, "Use letters a-z, digits and `-` in it.")
            elif plain not in first:
                first[plain] = (line, name)
            else:
                other_line, other = first[plain]
                what = f"service '{name}' has the name of the service in line {other_line}"
                if name != other:
                    what = (
                        f"the models of service '{name}' would be called {plain}-1, ... like those"
                        f" of service '{other}' in line {other_line}"
                    )
                self.problems.add(self.file, line, what, "Give each service a name of its own.")

    def _count_models(self) -> dict[int, int]:
        """How many models each service has, as far as it and the scenario could be read."""
        by_type = self.found[0].by_type if self.found else {}
        return {
            at: max(len(chunks(by_type.get(entry.esdl_type, ()), entry.models)), 1)
            for at, entry in self.entries.services
        }

    def _left_out(self, at: int, entry: ServiceEntry) -> bool:
        """Whether something of an entry was not taken, for there is a mistake in it."""
        listed = self.entries.listed[at] or {}
        return any(listed[key] is not None for key in listed.keys() - entry.model_fields_set)

    def _listed(self) -> Iterator[tuple[int, dict[str, object]]]:
        for at, item in enumerate(self.entries.listed):
            if item is not None:
                yield at, item

    def _check_start_and_duration(self) -> None:
        given = self.entries.document.data.get("simulation") or {}
        if not isinstance(given, dict):
            return
        line = self.entries.line("simulation")
        if given.get("start") is None and self.wanted.start is None:
            first = self.found[0].first_instant if self.found else None
            example = str(first) if first else "2024-01-01 00:00:00"
            hint = f"Add `start: {example}` below `simulation:`, or give `--start`."
            self.problems.add(self.file, line, "the simulation has no start", hint)
        if given.get("duration") is None and self.wanted.duration is None:
            hint = "Add `duration: 24h` below `simulation:`, or give `--duration`."
            self.problems.add(self.file, line, "the simulation has no duration", hint)
        self._check_end()

    def _check_end(self) -> None:
        simulation = self.entries.simulation
        start = self.wanted.start or (simulation and simulation.start)
        duration = self.wanted.duration or (simulation and simulation.duration)
        if not start or not duration:
            return
        end = start + timedelta(seconds=duration)
        if end > LATEST:
            what = f"the simulation ends at {end}, a time that results cannot be stored with"
            hint = f"Let it end by {LATEST:%Y-%m-%d}: an earlier start, or a shorter duration."
            given = {"--start": self.wanted.start, "--duration": self.wanted.duration}
            if options := [name for name, value in given.items() if value is not None]:
                raise UsageError(f"{' and '.join(options)}: {what}", hint)
            line = self.entries.line("simulation", "duration")
            self.problems.add(self.file, line, what, hint)

    def _service(self, at: int, entry: ServiceEntry) -> Service:
        git = self._git(at, entry)
        source = None if git else self._source(at, entry)
        return Service(
            name=entry.name,
            esdl_type=entry.esdl_type,
            image=entry.image,
            source=source,
            git=git,
            found=facts_of(source) if source else None,
            python=entry.python,
            command=tuple(entry.command or ()),
            models=entry.models,
            calculations=entry.calculations,
            env=tuple(self._environment(at, entry)),
            cpus=entry.cpus,
            memory=entry.memory,
            platform=entry.platform,
            volumes=tuple(with_folder(text, self.file.parent) for text in entry.volumes),
            gpus=entry.gpus,
            extra_hosts=tuple(entry.extra_hosts),
            line=self.entries.line("services", at),
        )

    def _git(self, at: int, entry: ServiceEntry) -> GitSource | None:
        if entry.source is None or not is_git_url(entry.source):
            return None
        try:
            return parse_git_url(entry.source)
        except ValueError as failure:
            what, _, remedy = str(failure).partition("; ")
            line = self.entries.line("services", at, "source")
            hint = f"{remedy[0].upper()}{remedy[1:]}."
            self.problems.add(self.file, line, f"service '{entry.name}': {what}", hint)
            return None

    def _source(self, at: int, entry: ServiceEntry) -> Path | None:
        if entry.source is None or is_git_url(entry.source):
            return None
        folder = Path(entry.source).expanduser()
        folder = Path(os.path.abspath(self.file.parent / folder))  # noqa: PTH100  keeps links
        if not folder.is_dir():
            kind = "is no folder" if folder.exists() else "does not exist"
            self.problems.add(
                self.file,
                self.entries.line("services", at, "source"),
                f"service '{entry.name}': the source {folder} {kind}",
                f"Paths count from {self.file.absolute().parent}; name the folder of its code.",
            )
        elif not is_utf8(str(folder)):
            what = f"service '{entry.name}': the path of its source, {folder}, is not UTF-8"
            line = self.entries.line("services", at, "source")
            self.problems.add(self.file, line, what, "Rename the folder of which that is so.")
        return folder

    def _environment(self, at: int, entry: ServiceEntry) -> Iterator[tuple[str, str]]:
        for number, (name, value) in enumerate(entry.env.items()):
            line = self.entries.line_of_variable(at, number, name)
            yield name, self._references(value, line, f"service '{entry.name}': {name}")

    def _references(self, text: str, line: int, subject: str) -> str:
        """The text with every literal dollar sign doubled; its variables are checked and noted."""

        def one(match: re.Match[str]) -> str:
            name = match["name"]
            if match["open"]:
                what = f"{subject}: '{text}' has a `${{` that names no variable"
                hint = "Write ${NAME}, or $${ for the signs themselves."
                self.problems.add(self.file, line, what, hint)
            if not name:
                return "$${" if match["open"] else "$$"
            if name in OWN_REFERENCES:
                what = f"{subject}: dots uses the name {name} itself"
                self.problems.add(self.file, line, what, "Give your variable another name.")
            elif name not in self.environ:
                what = f"{subject}: the variable {name} is not set in your environment"
                self.problems.add(self.file, line, what, f"Set it: {_how_to_set(name)}")
            self.variables[name] = None
            return match[0]

        return _DOLLAR.sub(one, text)

    def _store(self, entry: StoreEntry) -> StoreSettings:
        line = self.entries.line("store", "url")
        try:
            address = urlsplit(entry.url)
            fits = address.scheme == "http" and bool(address.hostname) and address.port != 0
        except ValueError:
            address, fits = urlsplit(""), False
        if not fits or address.path.strip("/"):
            what = f"store.url: '{entry.url}' is no address like http://localhost:8086"
            hint = "Models speak plain http with InfluxDB: give scheme, host and port, no more."
            self.problems.add(self.file, line, what, hint)
        elif address.username or address.password:
            what = "store.url holds a user or a password"
            hint = "Give them as `user:` and `password: ${NAME}` below `store:`."
            self.problems.add(self.file, line, what, hint)
        if entry.password and "${" not in entry.password:
            what = "store.password stands in the file, and so in every plan made of it"
            hint = "Write `password: ${NAME}` and set that variable."
            self.problems.warn(self.file, self.entries.line("store", "password"), what, hint)
        return StoreSettings(
            url=entry.url,
            database=entry.database,
            user=self._references(entry.user, self.entries.line("store", "user"), "store.user"),
            password=self._references(
                entry.password, self.entries.line("store", "password"), "store.password"
            ),
        )

    def _check_coverage(self, scenario: Scenario, content: Content) -> None:
        present = {*scenario.by_type, *content.without_id}
        startable = False
        first: dict[str, str] = {}
        for at, item in self._listed():
            esdl_type, name = item.get("esdl_type"), item.get("name")
            if not isinstance(esdl_type, str) or not re.fullmatch(r"[A-Za-z]\w*", esdl_type):
                startable = True  # reported already: whether it would start something is unknown
                continue
            line = self.entries.line("services", at, "esdl_type")
            if esdl_type not in present:
                what = f"no object of {scenario.path.name} is a {esdl_type}: '{name}' has no models"
                self.problems.warn(self.file, line, what, _other_class(esdl_type, scenario))
                continue
            startable = True
            if esdl_type in first:
                what = f"the services '{first[esdl_type]}' and '{name}' both simulate {esdl_type}"
                hint = "Their outputs must differ in name; HELICS refuses the same one twice."
                self.problems.warn(self.file, line, what, hint)
            first.setdefault(esdl_type, str(name))
            self._check_ids(esdl_type, scenario, content)
        if not startable and isinstance(self.entries.document.data.get("services"), list):
            what = (
                f"there is nothing to run: no service simulates an object of {scenario.path.name}"
            )
            classes = ", ".join(t for t in scenario.by_type if t in scenario.simulatable)
            hint = f"Add a service for one of: {classes}." if classes else "Use another scenario."
            self.problems.add(self.file, self.entries.line("services"), what, hint)

    def _check_lengths(self, scenario: Scenario) -> None:
        """Models are told their objects in one variable, which must not be too long to start."""
        for at, entry in self.entries.services:
            if "models" not in entry.model_fields_set and self._left_out(at, entry):
                continue  # wrong or misspelt, and reported
            objects = scenario.by_type.get(entry.esdl_type, ())
            length, enough = longest_ids(objects, entry.models)
            if length <= LONGEST_VARIABLE:
                continue
            what = (
                f"service '{entry.name}': the ids of the objects of one model take {length:,} bytes"
                f" of its environment, Linux allows {LONGEST_VARIABLE:,}"
            )
            hint = (
                f"Let more models share the {len(objects):,} objects: `models: {enough}`."
                if enough
                else f"Give each {entry.esdl_type} a shorter id."
            )
            self.problems.add(self.file, self.entries.line("services", at, "models"), what, hint)

    def _check_ids(self, esdl_type: str, scenario: Scenario, content: Content) -> None:
        self.problems.add_many(
            scenario.path,
            [(n, f"this {esdl_type} has no id") for n in content.without_id.get(esdl_type, ())],
            f"Give it an id: models of {esdl_type} are told their objects by id.",
        )
        self.problems.add_many(
            scenario.path,
            [
                (item.line, f"the id '{item.id}' holds a semicolon")
                for item in scenario.by_type.get(esdl_type, ())
                if ";" in item.id
            ],
            "Use another id: models are told their ids in one text, divided by semicolons.",
        )
        check_tags(scenario.by_type.get(esdl_type, ()), scenario.path, self.problems)


def _other_class(esdl_type: str, scenario: Scenario) -> str:
    from dots_cli.definition.metamodel import known_classes

    known = known_classes()
    near = nearest(esdl_type, (t for t in scenario.by_type if t in scenario.simulatable), 0.75)
    if near is None and esdl_type not in known:
        near = nearest(esdl_type, known)
    if near:
        return f"Did you mean '{near}'?"
    return (
        "Remove the service, or add such an object."
        if esdl_type in known
        else ("ESDL knows no such class; see the classes of the file with `dots validate`.")
    )


def _cut(text: str) -> str:
    """A text that may be too long to be shown."""
    return text if len(text) <= 80 else f"{text[:60]}..."


def _how_to_set(name: str) -> str:
    return f"`$env:{name} = ...`" if os.name == "nt" else f"`export {name}=...`"
