"""`dots init`: a service definition for a scenario, or a copy of an example."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dots_cli.commands import completing


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def init(
        target: Annotated[
            Path | None,
            typer.Argument(
                metavar="[SCENARIO | FOLDER]",
                help="The ESDL file; with --example the folder to make.",
                show_default=False,
            ),
        ] = None,
        output: Annotated[
            Path | None,
            typer.Option(
                "--output", "-o", help="The file to write; default: services.yaml beside SCENARIO."
            ),
        ] = None,
        example: Annotated[
            str | None,
            typer.Option(
                metavar="NAME",
                help="Copy this example, like two-houses.",
                autocompletion=completing.examples,
            ),
        ] = None,
        force: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Write a service definition for a scenario, or copy an example.

        The definition lists every ESDL class of the scenario. Classes that a published service
        simulates are filled in, the others are commented out.
        """
        from dots_cli.errors import UsageError

        if example is not None:
            _copy_example(example, target or Path(example), force, as_json)
        elif target is None:
            raise UsageError("name a scenario, or an example with --example NAME")
        else:
            _write_definition(target, output, force, as_json)


def _write_definition(path: Path, output: Path | None, force: bool, as_json: bool) -> None:
    from dataclasses import asdict

    from dots_cli.definition.catalogue import read_catalogue
    from dots_cli.definition.check import read_scenario
    from dots_cli.definition.shell import command, quoted
    from dots_cli.definition.starter import known_services, starter
    from dots_cli.errors import UsageError
    from dots_cli.output import console
    from dots_cli.output.pages import coverage_page
    from dots_cli.plan.coverage import coverage_of
    from dots_cli.render.editor import put_schema, with_schema
    from dots_cli.render.run_folder import write_atomically
    from dots_cli.render.target import require_file_name, writing

    scenario = read_scenario(path)
    target = output or path.with_name("services.yaml")
    with writing(target):
        require_file_name(target)
        other = path.with_name(f"{path.stem}.services.yaml")
        if output is None and other.exists():
            raise UsageError(
                f"{other} is there already, and is taken before {target.name}",
                f"`--force -o {quoted(other)}` replaces it; `-o FILE` writes another, to be named"
                " with `--services FILE`.",
            )
        if target.exists() and not force:
            raise UsageError(
                f"{target} is there already",
                f"`--force` replaces it; `-o {quoted(other)}` writes another, found for this"
                " scenario alone.",
            )
    catalogue = read_catalogue()
    text = with_schema(starter(scenario, catalogue, _call(path, target, inside=True)))
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, text)
        put_schema(target.parent)
    coverage = coverage_of(scenario, known_services(scenario, catalogue))
    if as_json:
        services = [asdict(service) for service in coverage.services]
        without = dict(coverage.without_service)
        console.print_json(
            {
                "written": str(target),
                "coverage": {"services": services, "without_service": without},
            }
        )
        return
    console.print_result(f"Written: {target}")
    for line in coverage_page(coverage):
        console.print_result(line)
    console.say(f"Look it through, then: {command('validate', *_call(path, target))}")


def _call(scenario: Path, target: Path, *, inside: bool = False) -> tuple[str | Path, ...]:
    """How a command is told both files: the definition where another or none would be found.

    With `inside` as from their folder, if they lie in the same one.
    """
    own = scenario.with_name(f"{scenario.stem}.services.yaml")
    together = target.absolute().parent == scenario.absolute().parent
    found = own.name if own.exists() else "services.yaml"
    if inside and together:
        scenario, target = Path(scenario.name), Path(target.name)
    is_found = together and target.name in (own.name, found)
    return (scenario,) if is_found else (scenario, "--services", target)


def _copy_example(name: str, folder: Path, force: bool, as_json: bool) -> None:
    import shutil

    from dots_cli.definition.shell import command
    from dots_cli.errors import UsageError
    from dots_cli.output import console
    from dots_cli.render.editor import put_schema, with_schema
    from dots_cli.render.run_folder import write_atomically
    from dots_cli.render.target import writing
    from dots_cli.resources import shipped

    examples = shipped("examples")
    known = sorted(item.name for item in examples.iterdir() if any(item.glob("*.esdl")))
    if name not in known:
        raise UsageError(f"there is no example '{name}'", f"Known: {', '.join(known)}.")
    leave_out = shutil.ignore_patterns("__pycache__", ".venv", ".*_cache", "*.egg-info", "build")
    with writing(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not force:
            hint = "Name another folder, or use `--force` to write into it."
            raise UsageError(f"{folder} is there already and not empty", hint)
        merge = force or folder.is_dir()
        shutil.copytree(examples / name, folder, dirs_exist_ok=merge, ignore=leave_out)
        for definition in folder.glob("*services.yaml"):
            write_atomically(definition, with_schema(definition.read_text(encoding="utf-8-sig")))
        put_schema(folder)
    scenarios = sorted(folder.glob("*.esdl"))
    if as_json:
        console.print_json({"written": str(folder), "scenarios": [str(s) for s in scenarios]})
        return
    console.print_result(f"Written: {folder}")
    for scenario in scenarios:
        console.say(f"Run it with: {command('run', scenario)}")
