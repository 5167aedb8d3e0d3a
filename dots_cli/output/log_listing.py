"""Prints the logs of a run, whole and unthinned: they are what was asked for."""

from __future__ import annotations

import errno
import json as jsonlib
import sys
import time
from collections.abc import Iterable, Iterator

from dots_cli.definition.shell import command
from dots_cli.errors import UsageError
from dots_cli.output import console
from dots_cli.output.logs import clean
from dots_cli.output.screen import Screen, unread
from dots_cli.render.run_folder import RunFolder
from dots_cli.runs import logs, registry
from dots_cli.runs.follow import POLL, Follower
from dots_cli.runs.logs import LogLines, Tail, Times


def print_logs(
    folder: RunFolder,
    model: str | None,
    *,
    follow: bool,
    tail: int | None,
    json: bool,
    timestamps: bool = False,
) -> None:
    """The log of one model, or of all with their names before each line, on stdout.

    Into a pipe or file the bytes go as the models wrote them. UsageError for an unknown model, or
    for times that there are none of; SupervisorLost as `follow` does.
    """
    if timestamps and registry.planned_state(folder).runtime != "docker":
        raise UsageError(
            f"the logs of {folder.run_id} have no times",
            "Those of containers have; local processes write their logs themselves.",
        )
    models = list(registry.planned_state(folder).models)
    known = list(dict.fromkeys([*models, *logs.names(folder.logs), *logs.OWN_LOGS]))
    if model is not None and model not in known:
        hint = "It has: " + ", ".join(known)
        if _is_run(model):
            hint = f"{model} is a run: {command('logs', '--run', model)}"
        raise UsageError(f"{folder.run_id} has no model {model!r}", hint)
    shown = [model] if model else [name for name in known if name not in logs.OWN_LOGS]
    printer = _Printer(shown, named=model is None, json=json, folder=folder if timestamps else None)
    if follow:
        follower = Follower(folder, from_start=tail is None, only=model, earlier=tail or 0)
        while follower.verdict is None:
            for item in follower.poll():
                if isinstance(item, LogLines):
                    printer.print(item)
            printer.flush()
            if follower.verdict is None and not follower.more:
                if unread(sys.stdout):
                    raise BrokenPipeError(errno.EPIPE, "nobody reads the logs any more")
                time.sleep(POLL)
    else:
        for name in shown:
            for lines in _lines_of(folder, name, tail):
                printer.print(lines)
        printer.flush()
    if not printer.printed:
        yet = "" if registry.verdict(folder) else " yet"
        console.say(f"{model or 'The models of ' + folder.run_id} said nothing{yet}.")


def _is_run(word: str) -> bool:
    """Whether a run has that id or name."""
    return any(word in (run.run_id, registry.name(run)) for run in registry.runs())


def _lines_of(folder: RunFolder, name: str, tail: int | None) -> Iterator[LogLines]:
    path = folder.log(name)
    start = 0 if tail is None else logs.span_of_last(path, tail)[0]
    reader = Tail(path, start)
    for data in reader.drain():
        yield LogLines(name, data, reader.begins)


class _Printer:
    """Writes lines to stdout: for a terminal, for a pipe, or as JSON."""

    def __init__(
        self, names: list[str], *, named: bool, json: bool, folder: RunFolder | None
    ) -> None:
        """`folder` is given where each line is to have its time."""
        self._folder = folder
        self._times: dict[str, Times] = {}
        self.printed = False
        self._named = named
        self._json = json
        self._screen = Screen(sys.stdout)
        self._terminal = sys.stdout.isatty()
        self._order = {name: index for index, name in enumerate(names)}
        self._pad = max(map(len, names), default=0)

    def print(self, lines: LogLines) -> None:
        self.printed = True
        times = self._times_of(lines)
        if self._json:
            for number, text in enumerate(lines.texts()):
                item = {"model": lines.model, "line": text}
                if times:
                    item["at"] = times[number]
                sys.stdout.write(jsonlib.dumps(item, ensure_ascii=True) + "\n")
        elif self._terminal:
            prefix = self._prefix(lines.model)
            texts: Iterable[str] = (clean(text, self._screen.colours) for text in lines.texts())
            if times:
                texts = (f"{at} {text}" for at, text in zip(times, texts, strict=True))
            sys.stdout.write("".join(f"{prefix}{text}\n" for text in texts))
        else:
            if times:
                pairs = zip(times, lines.data[:-1].split(b"\n"), strict=True)
                data = b"".join(b"%s %s\n" % (at.encode(), text) for at, text in pairs)
                lines = LogLines(lines.model, data)
            self._print_bytes(lines)

    def _times_of(self, lines: LogLines) -> list[str]:
        if self._folder is None:
            return []
        times = self._times.setdefault(lines.model, Times(self._folder.log(lines.model)))
        return times.of(lines)

    def flush(self) -> None:
        sys.stdout.flush()

    def _print_bytes(self, lines: LogLines) -> None:
        data = lines.data
        if self._named:
            prefix = self._prefix(lines.model).encode()
            data = prefix + data[:-1].replace(b"\n", b"\n" + prefix) + b"\n"
        sys.stdout.flush()
        sys.stdout.buffer.write(data)

    def _prefix(self, name: str) -> str:
        if not self._named:
            return ""
        self._order.setdefault(name, len(self._order))
        return self._screen.tint(f"{name:<{self._pad}} | ", self._order[name])
