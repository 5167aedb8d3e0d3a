"""Two consoles: stdout holds the result, stderr the talk. No colour where nobody looks.

Text is printed as it is: no markup is read from it and nothing wraps where the output is no
terminal, so that a path or a message can be searched for in a pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any, cast

from dots_cli.errors import DotsError, EnvironmentFailure, InputError, Problem

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 200


@lru_cache(maxsize=2)
def _console(stderr: bool, terminal: bool) -> Console:
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:
            """Rich ends the program here, as if it had failed."""
            raise

    narrow = terminal or "COLUMNS" in os.environ
    return Ours(
        file=None if stderr else cast("IO[str]", _Output()),
        stderr=stderr,
        markup=False,
        highlight=False,
        emoji=False,
        width=None if narrow else _PIPE_WIDTH,
    )


def result() -> Console:
    """The console of the result: stdout."""
    return _console(False, sys.stdout.isatty())


def talk() -> Console:
    """The console of everything else: stderr."""
    return _console(True, sys.stderr.isatty())


def window() -> int | None:
    """How many letters fit into a line of stdout; None where it is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def print_result(text: str = "") -> None:
    """A line of the result, as it is."""
    _Output().write(f"{text}\n")


def say(text: str = "", style: str | None = None) -> None:
    """A line of the talk."""
    if style is None or not sys.stderr.isatty():  # rich takes a tenth of a second to import
        sys.stderr.write(f"{text}\n")
    else:
        talk().print(text, style=style, soft_wrap=True)


def print_json(data: Any) -> None:
    """The result for a program: one JSON document, indented by two, letters as they are."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    stream = sys.stdout
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(data, indent=2)
    _Output().write(text + "\n")


def unwritable(failure: OSError) -> EnvironmentFailure:
    """The failure of writing to stdout; nothing more is written there, not at exit either."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
    hint = "Check where it is sent to: the command wrote to its standard output."
    return EnvironmentFailure(f"the output cannot be written: {failure.strerror}", hint)


class _Output:
    """stdout, whichever it is now; what it refuses is told apart from any other file's failure."""

    def write(self, text: str) -> int:
        try:
            return sys.stdout.write(text)
        except BrokenPipeError:
            raise
        except OSError as failure:
            raise unwritable(failure) from failure

    def flush(self) -> None:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as failure:
            raise unwritable(failure) from failure

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stdout, name)


def flush() -> None:
    """Write what there is of the result. EnvironmentFailure where stdout refuses it."""
    _Output().flush()


def print_error(error: DotsError) -> None:
    """What is wrong, where, and what to do."""
    if isinstance(error, InputError) and error.problems:
        print_problems(error.problems)
    _labelled("error", "bold red", error.message)
    if error.hint:
        say(f"  {error.hint}")


def print_problems(problems: Iterable[Problem]) -> None:
    """Every problem as `file:line: error: message`, its remedy on the line below."""
    for problem in problems:
        style = "bold red" if problem.severity == "error" else "bold yellow"
        _labelled(problem.severity, style, problem.message, before=f"{problem.place}: ")
        if problem.hint:
            say(f"  {problem.hint}")


def warn(message: str, hint: str = "") -> None:
    """Something a person should know; the command goes on."""
    _labelled("warning", "bold yellow", message)
    if hint:
        say(f"  {hint}")


def print_bug(failure: BaseException) -> None:
    """A failure of ours: short on the screen, the traceback in a file."""
    import tempfile
    import time
    import traceback
    from pathlib import Path

    from dots_cli import __version__
    from dots_cli.render.run_folder import data_home

    details = "".join(traceback.format_exception(failure))
    about = f"dots {__version__}, Python {sys.version}, {sys.platform}\n{sys.argv}\n\n"
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    where: Path | None = None
    for folder in (data_home() / "bugs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(about + details, encoding="utf-8")
        except OSError:
            continue
        where = folder / name
        break
    _labelled("error", "bold red", f"this is a bug in dots: {type(failure).__name__}: {failure}")
    if where is None:
        say(details)
    else:
        say(f"  The details are in {where}; please report it with that file.")


def _labelled(label: str, style: str, message: str, before: str = "") -> None:
    if not sys.stderr.isatty():
        say(f"{before}{label}: {message}")
        return
    from rich.text import Text

    line = Text.assemble(before, (f"{label}: ", style), message)
    talk().print(line, soft_wrap=True)
