"""`dots new`: a service of one's own, or a project with one, ready to run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dots_cli.definition.scaffold import NewService
    from dots_cli.render.scaffold import Files

EsdlType = Annotated[
    str | None, typer.Option("--esdl-type", metavar="TYPE", help="The ESDL type it simulates.")
]
Calculations = Annotated[
    list[str] | None,
    typer.Option(
        "--calculation", metavar="NAME:PERIOD", help="A calculation, simulate:15m; repeatable."
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="TYPE.name:unit",
        help="What it takes, EnvironmentalProfiles.air_temperature:K; repeatable.",
    ),
]
Outputs = Annotated[
    list[str] | None,
    typer.Option("--output", metavar="name:unit", help="What it gives, power:W; repeatable."),
]
AskNothing = Annotated[
    bool, typer.Option("--yes", "-y", help="Ask nothing; take what is usual for the rest.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the list of files as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the command with its two kinds."""
    new = typer.Typer(no_args_is_help=True)
    app.add_typer(new, name="new", help="Write a service of your own, or a project with one.")

    @new.command()
    def service(
        name: Annotated[str, typer.Argument(help="Its name, like heat-pump.")],
        esdl_type: EsdlType = None,
        calculations: Calculations = None,
        inputs: Inputs = None,
        outputs: Outputs = None,
        folder: Annotated[
            Path | None,
            typer.Option("-o", "--output-folder", help="Where to write it; default: ./NAME."),
        ] = None,
        ask_nothing: AskNothing = False,
        as_json: Json = False,
    ) -> None:
        """Write a calculation service of your own, with tests and an example that runs at once.

        Inputs and outputs belong to the first calculation, or to the one named before a slash:
        `--output plan/setpoint:W`. In a terminal it asks for a type that is not given, and for
        calculations, inputs and outputs where none of them is.
        """
        from dots_cli.render.scaffold import service_files

        target = folder or Path(name)
        wished = _wished(target, name, esdl_type, calculations, inputs, outputs, ask_nothing)
        _write(target, lambda: service_files(wished), as_json)
        _say_what_next(target / "example" / "scenario.esdl", target, wished, as_json)

    @new.command()
    def project(
        folder: Annotated[Path, typer.Argument(help="The folder to make.")],
        name: Annotated[
            str, typer.Option("--service", metavar="NAME", help="The name of its first service.")
        ] = "electricity-demand",
        esdl_type: EsdlType = None,
        calculations: Calculations = None,
        inputs: Inputs = None,
        outputs: Outputs = None,
        ask_nothing: AskNothing = False,
        as_json: Json = False,
    ) -> None:
        """Write a folder with a scenario, its definition, and one service of your own."""
        from dots_cli.render.scaffold import project_files

        wished = _wished(folder, name, esdl_type, calculations, inputs, outputs, ask_nothing)
        title = folder.absolute().name
        _write(folder, lambda: project_files(title, wished), as_json)
        service_folder = folder / "services" / wished.name
        _say_what_next(folder / "scenario.esdl", service_folder, wished, as_json)


def _wished(
    folder: Path,
    name: str,
    esdl_type: str | None,
    calculations: list[str] | None,
    inputs: list[str] | None,
    outputs: list[str] | None,
    ask_nothing: bool,
) -> NewService:
    """The service as it was described, or asked for where somebody sits at a terminal.

    UsageError, before the first question, where name, type or folder cannot be.
    """
    from dots_cli.definition import scaffold
    from dots_cli.errors import UsageError

    asks = not ask_nothing and _can_ask()
    # A line that was written out is complete: others may be pasted below it.
    asks_rest = asks and (calculations, inputs, outputs) == (None, None, None)
    if asks_rest or (asks and esdl_type is None):
        try:
            scaffold.check_name(name)
            if esdl_type is not None:
                scaffold.check_type(esdl_type)
        except ValueError as failure:
            raise UsageError(str(failure)) from None
        _refuse_what_is_there(folder)
    guess = scaffold.guess_type(name)
    if esdl_type is None and asks:
        esdl_type = _ask("ESDL type that it simulates", guess, scaffold.check_type)
    if esdl_type is None and guess is None:
        hint = "Give it with --esdl-type, like --esdl-type HeatPump."
        raise UsageError(f"which ESDL type does {name} simulate?", hint)
    if calculations is None:
        calculations = list(scaffold.DEFAULT_CALCULATIONS)
        if asks_rest:
            question = "Calculations, NAME:PERIOD, with commas between"
            calculations = _ask_list(question, calculations, scaffold.parse_calculation)
    if inputs is None:
        inputs = []
        if asks_rest:
            question = "Inputs, TYPE.name:unit, with commas between"
            inputs = _ask_list(question, inputs, scaffold.parse_input)
    if outputs is None:
        outputs = list(scaffold.DEFAULT_OUTPUTS)
        if asks_rest:
            question = "Outputs, name:unit, with commas between"
            outputs = _ask_list(question, outputs, scaffold.parse_output)
    return scaffold.new_service(name, esdl_type or guess or "", calculations, inputs, outputs)


def _can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask_list(question: str, default: list[str], check: Callable[[str], Any]) -> list[str]:
    def read(text: str) -> list[str]:
        words = [word.strip() for word in text.split(",") if word.strip()]
        for word in words:
            check(word)
        return words

    answers: list[str] = _ask(question, ", ".join(default), read)
    return answers


def _ask(question: str, default: str | None, read: Callable[[str], Any]) -> Any:
    """The answer as `read` understands it; asked again where it raises ValueError."""
    from dots_cli.output import console

    while True:
        answer = typer.prompt(question, default=default, err=True)
        try:
            return read(answer)
        except ValueError as failure:
            console.say(f"  {failure}")


def _refuse_what_is_there(folder: Path) -> None:
    from dots_cli.errors import UsageError
    from dots_cli.render.target import writing

    with writing(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"{folder} is there already", "Name another folder.")


def _write(folder: Path, render: Callable[[], Files], as_json: bool) -> None:
    from dots_cli.output import console
    from dots_cli.render.editor import put_schema
    from dots_cli.render.run_folder import write_atomically
    from dots_cli.render.target import writing

    _refuse_what_is_there(folder)
    files = render()
    with writing(folder):
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, text)
            if path.name == "services.yaml":
                put_schema(target.parent)
    if as_json:
        console.print_json({"written": str(folder), "files": sorted(map(str, files))})
    else:
        console.print_result(f"Written: {folder}")


def _say_what_next(scenario: Path, folder: Path, service: NewService, as_json: bool) -> None:
    from dots_cli.definition.shell import command
    from dots_cli.output import console

    if as_json:
        return
    formulas = folder / "src" / service.package / "formulas.py"
    console.say(f"Run it:       {command('run', scenario, '--runtime', 'process')}")
    console.say(f"Its results:  {command('results')}")
    console.say(f"Make it your own, then run it again: {formulas}")
