"""The command line: which verbs there are, and the one place where an error becomes an exit code.

Imports as little as it can, for `dots --help` lists the verbs from the table below without
importing one of them. The module of a verb, `dots_cli/commands/<verb>.py`, has a function
`register(app)` that adds exactly one command with the verb's name.
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from dots_cli import __version__
from dots_cli.errors import DotsError, EnvironmentFailure, ExitCode

PREPARE, RUN, LOOK, RESULTS, REMOVE = (
    "Prepare a run",
    "Run",
    "Look at runs",
    "Results",
    "Clean up",
)

COMMANDS: dict[str, tuple[str, str]] = {
    "init": (PREPARE, "Write a service definition for a scenario, or copy an example."),
    "new": (PREPARE, "Write a service of your own, or a project with one."),
    "import": (PREPARE, "Turn a DOTS request into a scenario and a service definition."),
    "validate": (PREPARE, "Check a scenario and its service definition; report every problem."),
    "plan": (PREPARE, "Show what a run would start, without starting it."),
    "render": (PREPARE, "Write the container stack of a run, for `docker compose`."),
    "schema": (PREPARE, "Print the JSON schema of the service definition."),
    "doctor": (PREPARE, "Look at what runs need of this machine; each with what to do."),
    "run": (RUN, "Run a scenario and show how it goes; ends with the run's exit code."),
    "attach": (
        RUN,
        "Show a run as `dots run` does, from any terminal; ends with the run's exit code.",
    ),
    "pause": (RUN, "Hold a run's simulated time, at the end of the step that is being computed."),
    "resume": (RUN, "Let a paused run go on."),
    "stop": (RUN, "End a run; its models write what they have."),
    "runs": (LOOK, "List the runs, the newest first."),
    "status": (LOOK, "Show how far a run is, whom it waits for, and its processes."),
    "logs": (LOOK, "Show what the models of a run say, every line of it."),
    "results": (
        RESULTS,
        "Show a run's results per ESDL type and field: how many, from when to when, how large.",
    ),
    "export": (
        RESULTS,
        "Write a run's results as CSV, one file per ESDL type with a column per output.",
    ),
    "open": (RESULTS, "Open Grafana at a run of containers, with the run's time range."),
    "teardown": (
        REMOVE,
        "End a run politely and remove its processes; folder, logs and results stay.",
    ),
    "delete": (REMOVE, "Remove the folder and results of a run, or of all old ones; asks first."),
}
"""Every verb with its panel in `--help` and its line there."""

EXIT_CODES = {
    ExitCode.SUCCEEDED: "succeeded",
    ExitCode.BUG: "a bug in dots",
    ExitCode.USAGE: "wrong usage",
    ExitCode.INPUT: "bad input",
    ExitCode.ENVIRONMENT: "the machine lacks something",
    ExitCode.MODEL: "a model failed",
    ExitCode.CONDUCTOR: "conductor or broker failed",
    ExitCode.STORE: "the store failed",
    ExitCode.STALLED: "stalled",
    ExitCode.TIMED_OUT: "timed out",
    ExitCode.STOPPED: "stopped from elsewhere",
    ExitCode.SUPERVISOR: "the supervisor was lost",
    ExitCode.INTERRUPTED: "Ctrl-C",
    ExitCode.TERMINATED: "SIGTERM",
}

_MACHINE_ERRORS = {
    errno.ENOSPC,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
    errno.ENFILE,
    getattr(errno, "EDQUOT", errno.ENOSPC),
}


class DotsGroup(TyperGroup):
    """Loads the module of a verb when that verb is called, and turns failures into exit codes."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The verbs in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """For listings: a command that has a name and a line of help, and cannot run."""
        if cmd_name not in COMMANDS:
            return None
        panel, line = COMMANDS[cmd_name]
        return TyperCommand(cmd_name, help=line, short_help=line, rich_help_panel=panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command to run, out of its module; a usage error with the nearest verb if none."""
        # Only so that a mistyped verb is answered with the nearest ones.
        self.commands = {verb: self.get_command(ctx, verb) for verb in COMMANDS}
        name, listed, rest = super().resolve_command(ctx, args)
        command = listed and _load(listed.name)
        if ctx.resilient_parsing and command:
            _take_as_typed(command.get_params(ctx))
        return name, command, rest

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """As Typer does, but faster where it is only for the completion of a word in a shell."""
        if ctx.resilient_parsing:
            _take_as_typed(self.get_params(ctx))
        try:
            return super().parse_args(ctx, args)
        except BrokenPipeError:  # `--help` and `--version` write already here
            end_unread()
        except (OSError, EnvironmentFailure) as failure:
            refused = _unwritable(failure) if isinstance(failure, OSError) else failure
            raise typer.Exit(_report(refused)) from None

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what goes wrong becomes a message on stderr and an exit code."""
        try:
            done = super().invoke(ctx)
            try:
                sys.stdout.flush()
            except BrokenPipeError:
                raise
            except OSError as failure:
                raise _unwritable(failure) from failure
            return done
        except (typer.Exit, typer.TyperException):
            raise
        except (KeyboardInterrupt, typer.Abort):
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            end_unread()
        except Exception as failure:
            raise typer.Exit(_report(failure)) from None


class _AsTyped:
    """In place of what turns words into values."""

    def coerce(self, value: Any, **_: Any) -> Any:
        return value


def _take_as_typed(parameters: list[Any]) -> None:
    """Leave the values of a command as they were typed.

    To convert them, Typer imports pydantic: 60 ms at every press of the Tab key, for nothing.
    """
    for parameter in parameters:
        parameter._runtime_param = _AsTyped()


def end_unread() -> NoReturn:
    """Whoever read our output has gone: end as the system ends any program then, quietly."""
    if sys.platform != "win32":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    os._exit(ExitCode.TERMINATED)  # what is buffered for that reader must not be written any more


def _load(verb: str | None) -> Any:
    own = typer.Typer(add_completion=False)
    importlib.import_module(f"dots_cli.commands.{verb}").register(own)
    command = typer.main.get_command(own)
    # A verb with kinds of its own, like `new`, is a group in a group.
    command = getattr(command, "commands", {}).get(verb, command)
    command.name = verb
    return command


def _report(failure: Exception) -> ExitCode:
    from dots_cli.output import console

    if isinstance(failure, OSError) and failure.errno in _MACHINE_ERRORS:
        failure = _machine_error(failure)
    if isinstance(failure, DotsError):
        console.print_error(failure)
        return failure.exit_code
    console.print_bug(failure)
    return ExitCode.BUG


def _unwritable(failure: OSError) -> EnvironmentFailure:
    from dots_cli.output import console

    return console.unwritable(failure)


def _machine_error(failure: OSError) -> EnvironmentFailure:
    place = f"{failure.filename}: " if failure.filename else ""
    hints = {
        errno.ENOSPC: "Free some space, or set DOTS_HOME to a folder on another disk.",
        errno.EMFILE: "Raise the limit of open files (`ulimit -n`).",
    }
    hint = hints.get(failure.errno or 0, "Check the permissions, or use another folder.")
    return EnvironmentFailure(f"{place}{failure.strerror}", hint)


def _show_version(wanted: bool) -> None:
    if wanted:
        from dots_cli.output import console

        console.print_result(f"dots {__version__}")
        console.flush()
        raise typer.Exit


app = typer.Typer(
    cls=DotsGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: " + ", ".join(f"{code.value} {text}" for code, text in EXIT_CODES.items()),
)


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Run DOTS energy-system co-simulations on one machine."""
