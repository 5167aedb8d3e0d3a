"""A new service, or a project around one, as files: the templates filled in. Writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from string import Template

from dots_cli.definition.durations import as_text
from dots_cli.definition.metamodel import kind_of
from dots_cli.definition.scaffold import NewCalculation, NewService
from dots_cli.render.editor import with_schema
from dots_cli.resources import shipped

Files = dict[PurePosixPath, str]
"""Text by path, relative to the folder that is made."""

DAY = 86400
STEPS = 1000
"""Steps of the example at most: HELICS 3.6.1 keeps time for some seven thousand."""

_LIBRARY = "dots_infrastructure.CalculationServiceHelperFunctions"


def service_files(service: NewService) -> Files:
    """The service in a folder of its own, with the example that it runs with."""
    example = PurePosixPath("example")
    return _service(service, str(example / "scenario.esdl")) | {
        example / path: text for path, text in _example(service, "..").items()
    }


def project_files(title: str, service: NewService) -> Files:
    """Scenario, definition and the service, in a folder called `title`."""
    inside = PurePosixPath("services") / service.name
    values = {"title": title, "name": service.name, "esdl_type": service.esdl_type}
    scenario = "../../scenario.esdl"
    return (
        _filled("project", values)
        | {inside / path: text for path, text in _service(service, scenario).items()}
        | _example(service, f"./{inside}")
    )


def _service(service: NewService, scenario: str) -> Files:
    calculations = service.calculations
    takes_any = bool(service.inputs)
    values = {
        "name": service.name,
        "title": service.name.replace("-", " ").capitalize(),
        "esdl_type": service.esdl_type,
        "package": service.package,
        "class_name": service.class_name,
        "object_id": _object_id(service.esdl_type),
        "asset_arguments": f'id="{_object_id(service.esdl_type)}"',
        "all_types": ";".join([service.esdl_type, *service.periods]),
        "scenario": _scenario(service).rstrip("\n"),
        "scenario_path": scenario,
        "where": ", with made-up inputs" if takes_any else "",
        "library_functions": f"from {_LIBRARY} import get_single_param_with_name\n" * takes_any,
        "calculations": _each("readme.md", service, "\n\n"),
        "formulas": _each("formula.py", service, "\n\n\n"),
        "added": _each("added.py", service, "\n"),
        "methods": _each("method.py", service, "\n\n"),
        "declared": "\n".join(_declared(c) for c in calculations),
    }
    files = _filled("service", values | {"tests": ""})
    for name, part in (("test_formulas", "test_formula"), ("test_service", "test_method")):
        path = PurePosixPath("tests") / f"{name}.py"
        source = _text(Path("service") / "tests" / f"{name}.py")
        files[path] = source.substitute(values | {"tests": _each(f"{part}.py", service, "\n\n\n")})
    return files


def _example(service: NewService, source: str) -> Files:
    periods = [calculation.period for calculation in service.calculations]
    values = {
        "name": service.name,
        "esdl_type": service.esdl_type,
        "package": service.package,
        "source": source,
        "duration": as_text(max(min(DAY, STEPS * min(periods)), *periods, 1)),
        "calculations": str(len(periods)),
        "others": "".join(
            _text(Path("example") / "stand-in.yaml").substitute(
                esdl_type=esdl_type, name=_stand_in_name(service, esdl_type)
            )
            for esdl_type in service.periods
        ),
        "periods": "\n".join(f'    "{t}": {period},' for t, period in service.periods.items()),
        "outputs": "\n".join(_made_up(service)),
    }
    definition = _text(Path("example") / "services.yaml").substitute(values)
    files = {
        PurePosixPath("scenario.esdl"): _scenario(service),
        PurePosixPath("services.yaml"): with_schema(definition.rstrip("\n") + "\n"),
    }
    if service.periods:
        stand_ins = _filled("example/stand-ins", values)
        files |= {PurePosixPath("stand-ins") / path: text for path, text in stand_ins.items()}
    return files


def _stand_in_name(service: NewService, esdl_type: str) -> str:
    name = _hyphened(esdl_type)
    return f"{name}-stand-in" if name == service.name else name


def _scenario(service: NewService) -> str:
    """One object of each type: in a house, where every asset is connected with every other."""
    places: dict[str, list[str]] = {"services": [], "information": [], "assets": []}
    for esdl_type in (service.esdl_type, *service.periods):
        if esdl_type not in ("EnergySystem", "Building"):
            place, tag, depth = _place(esdl_type)
            about = f'xsi:type="esdl:{esdl_type}" id="{_object_id(esdl_type)}" name="{esdl_type}"'
            places[place].append(f"{' ' * depth}<{tag} {about}/>\n")
    wrapped = {
        "services": ("services", "Services"),
        "information": ("energySystemInformation", "EnergySystemInformation"),
    }
    values = {"assets": "".join(places["assets"])}
    for place, (tag, kind) in wrapped.items():
        inner = "".join(places[place])
        head = f'  <{tag} xsi:type="esdl:{kind}" id="{place}">\n'
        values[place] = f"{head}{inner}  </{tag}>\n" if inner else ""
    return _text(Path("example") / "scenario.esdl").substitute(values)


def _place(esdl_type: str) -> tuple[str, str, int]:
    """In which part of the scenario an object stands, as what element, how far indented."""
    if esdl_type == "EnvironmentalProfiles":
        return "information", "environmentalProfiles", 4
    kind = kind_of(esdl_type)
    if kind is not None and "Service" in kind.ancestors:
        return "services", "service", 4
    return "assets", "asset", 8


def _object_id(esdl_type: str) -> str:
    known = {"EnergySystem": "energy-system", "Building": "building"}
    return known.get(esdl_type, f"{_hyphened(esdl_type)}-1")


def _hyphened(esdl_type: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", esdl_type).lower()


def _each(part: str, service: NewService, between: str) -> str:
    """A part of a file for every calculation."""
    template = _text(Path("calculation") / part)
    filled = (template.substitute(_values(c, service)) for c in service.calculations)
    return between.join(text.strip("\n") for text in filled)


def _values(calculation: NewCalculation, service: NewService) -> dict[str, str]:
    """What the parts of one calculation are filled with."""
    inputs, outputs = calculation.inputs, calculation.outputs
    values = {
        "name": calculation.name,
        "esdl_type": service.esdl_type,
        "class_name": service.class_name,
        "object_id": _object_id(service.esdl_type),
        "period": str(calculation.period),
        "every": as_text(calculation.period),
        "period_comment": "  # it runs when all inputs have come" if inputs else "",
    }
    takes = [f'takes("{i.esdl_type}", "{i.name}", "{i.unit}")' for i in inputs]
    gives = [f'gives("{o.name}", "{o.unit}")' for o in outputs]
    typed = [f"asset: esdl.{service.esdl_type}", "moment: datetime"]
    single = [f'{i.name}=get_single_param_with_name(param_dict, "{i.name}")' for i in inputs]
    sum_of_all = " + ".join(["daily_wave(moment)", *(i.name for i in inputs)])
    returned = ", ".join(f'"{o.name}": value' for o in outputs)
    samples = [f'"{i.esdl_type}/{i.name}/any": 1.0' for i in inputs]
    return values | {
        "takes": _inside(takes, 20),
        "gives": _inside(gives, 20),
        "parameters": _lines([*typed, *(f"{i.name}: float" for i in inputs)], 4),
        "described": _described(calculation),
        "placeholder": f"value = {sum_of_all}\n    return {{{returned}}}" if gives else "return {}",
        "taken": _lines(["self.assets[esdl_id]", "simulation_time", *single], 12),
        "samples": "".join(f"\n        {i.name}=1.0," for i in inputs),
        "sample_inputs": f"    inputs: dict[str, float] = {{{_inside(samples, 8)}}}",
        "output_names": _set_in_a_line([f'"{o.name}"' for o in outputs]),
        "rows": "\n".join(
            [
                *(f"| takes | `{i.name}` | {i.unit} | {i.esdl_type} |" for i in inputs),
                *(f"| gives | `{o.name}` | {o.unit} | {service.esdl_type} |" for o in outputs),
            ]
        ),
    }


def _described(calculation: NewCalculation) -> str:
    taken = [f"    `{i.name}`: {i.unit}, of {i.esdl_type}." for i in calculation.inputs]
    given = ", ".join(f"`{o.name}` in {o.unit}" for o in calculation.outputs)
    return "\n".join([*taken, f"    Gives {given or 'nothing to others'}."])


def _declared(calculation: NewCalculation) -> str:
    taken = [f'("{i.esdl_type}", "{i.name}", "{i.unit}")' for i in calculation.inputs]
    given = [f'("{o.name}", "{o.unit}")' for o in calculation.outputs]
    lines = [f'        "{calculation.name}": (', _set(taken, 12), _set(given, 12), "        ),"]
    return "\n".join(lines)


def _made_up(service: NewService) -> Iterator[str]:
    for esdl_type in service.periods:
        yield f'    "{esdl_type}": {{'
        wanted = {i.name: i.unit for i in service.inputs if i.esdl_type == esdl_type}
        yield from (f'        "{name}": "{unit}",' for name, unit in wanted.items())
        yield "    },"


def _set(items: Iterable[str], depth: int) -> str:
    listed = list(items)
    return " " * depth + (f"{{{_inside(listed, depth + 4)}}}," if listed else "set(),")


def _set_in_a_line(items: Iterable[str]) -> str:
    return f"{{{', '.join(items)}}}" if items else "set()"


def _inside(items: list[str], depth: int) -> str:
    """Items between brackets, each on a line of its own; nothing at all where there are none."""
    return f"\n{_lines(items, depth)}\n{' ' * (depth - 4)}" if items else ""


def _lines(items: Iterable[str], depth: int) -> str:
    return "\n".join(f"{' ' * depth}{item}," for item in items)


def _filled(folder: str, values: Mapping[str, str]) -> Files:
    """Every template below a folder, filled in, by the path that it gets."""
    root = shipped("templates") / folder
    found: Files = {}
    for path in sorted(root.rglob("*.template")):
        name = path.relative_to(root).as_posix().removesuffix(".template")
        target = PurePosixPath(name.replace("__package__", values.get("package", "")))
        found[target] = Template(path.read_text(encoding="utf-8")).substitute(values)
    return found


def _text(path: Path) -> Template:
    source = shipped("templates") / f"{path.as_posix()}.template"
    return Template(source.read_text(encoding="utf-8"))
