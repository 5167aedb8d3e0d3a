"""The schema of the service definition, and of the DOTS request whose keys it takes as well."""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from dots_cli.definition.durations import parse_duration, parse_seconds
from dots_cli.definition.hosts import hosts_of, parse_host
from dots_cli.definition.instants import parse_start
from dots_cli.definition.model import RESERVED
from dots_cli.definition.volumes import apart, parse_volume
from dots_cli.definition.wrong import WrongVariables

REQUEST_KEYS = {
    "start_date": ("simulation", "start"),
    "simulation_duration_in_seconds": ("simulation", "duration"),
    "log_level": ("simulation", "log_level"),
    "calculation_services": ("services",),
}
"""Where the keys of a DOTS request belong that stand at the top of it."""

IGNORED_REQUEST_KEYS = {
    "name": "a run is named with `dots run --name`",
    "keep_logs_hours": "logs stay until `dots delete`",
    "esdl_base64string": "the scenario is the ESDL file itself",
    "esdl_file": "the scenario is the ESDL file itself",
}
"""Keys of a DOTS request that have no meaning here, and why."""

_MEMORY_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_LEAST_MEMORY = 6 * 2**20
_MOST_MEMORY = 2**63 - 1
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def _duration(value: Any) -> int:
    return parse_duration(_word(value))


def _limit(value: Any) -> float:
    return parse_seconds(_word(value))


def _word(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise ValueError("must be one value, not a list or a mapping")
    return str(value)


def _python(value: Any) -> str:
    if not re.fullmatch(r"3\.\d+(\.\d+)?", _word(value)):
        raise ValueError(f"'{value}' is no version of Python; write it like \"3.13\"")
    return str(value)


def _command(value: Any) -> Any:
    if isinstance(value, str):
        return shlex.split(value)
    return value


def _volume(value: str) -> str:
    parse_volume(value)
    return value


def _memory(value: Any) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", _word(value).strip().lower())
    if not match:
        raise ValueError(f"'{value}' is no amount of memory; write it like 512m or 2g")
    amount = float(match[1]) * _MEMORY_UNITS[match[2]]
    if amount > _MOST_MEMORY:
        raise ValueError("more memory than can be counted; write it like 512m or 2g")
    if 0 < amount < _LEAST_MEMORY:
        raise ValueError(f"'{value}' is less than Docker gives a container; write 6m or more")
    return int(amount)


def _environment(value: Any) -> Any:
    """`{NAME: value}`, from that or from a request's list of `{name: ..., value: ...}`."""
    given: list[tuple[tuple[str | int, ...], Any, Any]] = []
    if isinstance(value, list):
        if not all(isinstance(item, dict) and set(item) == {"name", "value"} for item in value):
            raise ValueError(
                "is no list of items with `name` and `value`; write NAME: value below it"
            )
        given = [((n, "name"), item["name"], item["value"]) for n, item in enumerate(value)]
    elif isinstance(value, dict):
        given = [((name,), name, text) for name, text in value.items()]
    else:
        return value
    variables: dict[str, str] = {}
    wrong = []
    for place, name, text in given:
        if not isinstance(name, str) or not _VARIABLE_NAME.fullmatch(name):
            wrong.append((place, f"'{name}' is no name for a variable; use letters, digits and _"))
        elif name in RESERVED:
            wrong.append((place, f"dots itself sets '{name}' for every model; remove it"))
        elif name in variables:
            wrong.append((place, f"'{name}' is given a second time; keep one of the two"))
        elif isinstance(text, list | dict):
            kind = "a list" if isinstance(text, list) else "a mapping"
            wrong.append((place, f"{name} is {kind}; write one value, in quotes if that is meant"))
        elif not isinstance(text, str):
            wrong.append((place, f'{name} has no value; write "" for an empty one'))
        else:
            variables[name] = text
    if wrong:
        raise WrongVariables(wrong, variables if isinstance(value, dict) else {})
    return variables


def _hosts(value: Any) -> Any:
    return hosts_of(value) if isinstance(value, dict) else value


_TEXT_OR_NUMBER = {"anyOf": [{"type": "string"}, {"type": "number"}]}

Start = Annotated[
    datetime,
    BeforeValidator(parse_start),
    WithJsonSchema({"type": "string", "examples": ["2024-01-01 00:00:00"]}),
]
Duration = Annotated[
    int, BeforeValidator(_duration), WithJsonSchema(_TEXT_OR_NUMBER | {"examples": ["60h", 86400]})
]
Limit = Annotated[
    float, BeforeValidator(_limit), WithJsonSchema(_TEXT_OR_NUMBER | {"examples": ["5m", 300]})
]
Python = Annotated[
    str, BeforeValidator(_python), WithJsonSchema(_TEXT_OR_NUMBER | {"examples": ["3.13"]})
]
Command = Annotated[
    list[str],
    BeforeValidator(_command),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}),
]
Memory = Annotated[
    int, BeforeValidator(_memory), WithJsonSchema(_TEXT_OR_NUMBER | {"examples": ["512m", "2g"]})
]
Volumes = Annotated[list[Annotated[str, AfterValidator(_volume)]], AfterValidator(apart)]
Environment = Annotated[
    dict[str, str],
    BeforeValidator(_environment),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": {"type": ["string", "number", "boolean"]},
                },
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name", "value"],
                        "properties": {"name": {"type": "string"}, "value": {}},
                        "additionalProperties": False,
                    },
                },
            ]
        }
    ),
]
Hosts = Annotated[
    list[Annotated[str, AfterValidator(parse_host)]],
    BeforeValidator(_hosts),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "object"}]}),
]
Gpus = Annotated[
    str,
    Field(pattern=r"^(all|[1-9]\d*)$"),
    WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "integer", "minimum": 1}]}),
]


def _also(field: str, *request_keys: str) -> AliasChoices:
    return AliasChoices(field, *request_keys)


class Entry(BaseModel):
    """A mapping of the definition: unknown keys are errors, an empty value is the default."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = known_keys(cls)
        return {key: value for key, value in data.items() if value is not None or key not in known}


class SimulationEntry(Entry):
    """The simulated time."""

    start: Start | None = Field(default=None, description="When it begins, without a time zone.")
    duration: Duration | None = Field(default=None, description="How much time is simulated.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much the models say."
    )


class LimitsEntry(Entry):
    """How long a run may wait, by the clock on the wall."""

    join: Limit = Field(default=300.0, description="Until every model has joined.")
    step: Limit = Field(default=1800.0, description="While simulated time stands still.")
    run: Limit = Field(default=43200.0, description="From the start of the run to its end.")
    finish: Limit = Field(default=300.0, description="For a model to end after the simulation did.")


class StoreEntry(Entry):
    """An InfluxDB 1.x that exists already."""

    url: str = Field(description="Its address, like http://localhost:8086.")
    database: str = Field(default="dots", min_length=1, description="The database to write to.")
    user: str = Field(default="", description="May be ${NAME}, a variable of your environment.")
    password: str = Field(default="", description="May be ${NAME}, a variable of your environment.")


class ServiceEntry(Entry):
    """A calculation service: what simulates the objects of one ESDL class."""

    name: str = Field(
        min_length=1,
        validation_alias=_also("name", "calc_service_name"),
        description="Its models are called <name>-1, <name>-2, ...",
    )
    esdl_type: str = Field(
        pattern=r"^[A-Za-z]\w*$", description="The exact ESDL class that it simulates."
    )
    image: str | None = Field(
        default=None,
        min_length=1,
        validation_alias=_also("image", "service_image_url"),
        description="Its container image, for the docker runtime.",
    )
    source: str | None = Field(
        default=None,
        min_length=1,
        description="The folder of its code, relative to this file, or a Git URL with a tag or "
        "commit, git+https://host/owner/repo@v1.2. Needed without Docker.",
    )
    python: Python | None = Field(
        default=None,
        description="Without Docker: the version of Python that it runs on. Default: that of the "
        "source's Dockerfile, else that of dots.",
    )
    command: Command | None = Field(
        default=None,
        description="Without Docker: what to run. Default: what the source's Dockerfile starts.",
    )
    models: int = Field(
        default=1,
        ge=0,
        validation_alias=_also("models", "nr_of_models"),
        description="0 starts one model per object, n at most n that share the objects.",
    )
    calculations: int | None = Field(
        default=None,
        ge=1,
        validation_alias=_also("calculations", "amount_of_calculations"),
        description="How many calculations it has; needed with dots-infrastructure before 1.0.5.",
    )
    env: Environment = Field(
        default_factory=dict,
        validation_alias=_also(
            "env", "additional_environment_variables", "additional_env_variable"
        ),
        description="Variables of its own; ${NAME} takes one of your environment.",
    )
    cpus: float | None = Field(
        default=None,
        ge=0.01,
        allow_inf_nan=False,
        description="Docker only: how many cores it may use.",
    )
    memory: Memory | None = Field(
        default=None, description="Docker only: how much memory it may use."
    )
    platform: str | None = Field(default=None, description="Docker only: like linux/amd64.")
    volumes: Volumes = Field(
        default_factory=list,
        description="Docker only: ./folder:/folder or name:/folder, and :ro to read only.",
    )
    gpus: Gpus | None = Field(default=None, description="Docker only: all, or how many.")
    extra_hosts: Hosts = Field(default_factory=list, description="Docker only: name:address.")


class DefinitionFile(Entry):
    """The whole file."""

    simulation: SimulationEntry = Field(default_factory=SimulationEntry)
    limits: LimitsEntry = Field(default_factory=LimitsEntry)
    store: StoreEntry | None = None
    services: list[ServiceEntry] = Field(
        validation_alias=_also("services", "calculation_services"),
        description="The calculation services.",
    )


def aliases(model: type[BaseModel]) -> dict[str, str]:
    """The other names of a model's keys: `{nr_of_models: models, ...}`."""
    return {
        str(other): name
        for name, info in model.model_fields.items()
        if isinstance(info.validation_alias, AliasChoices)
        for other in info.validation_alias.choices
        if other != name
    }


def known_keys(model: type[BaseModel]) -> set[str]:
    """Every key that a model takes."""
    return {*model.model_fields, *aliases(model)}


def json_schema() -> dict[str, Any]:
    """The JSON schema of the service definition, draft 2020-12."""
    schema = DefinitionFile.model_json_schema()
    entries = schema["$defs"]
    for model in (DefinitionFile, ServiceEntry):
        part = schema if model is DefinitionFile else entries[model.__name__]
        for other, name in aliases(model).items():
            described = dict(part["properties"][name])
            described["description"] = f"The same as `{name}`, as DOTS requests call it."
            part["properties"][other] = described
            if name in part.get("required", ()):
                part["required"].remove(name)
                part.setdefault("allOf", []).append(
                    {"anyOf": [{"required": [name]}, {"required": [other]}]}
                )
    for key, (section, *inner) in REQUEST_KEYS.items():
        if inner:
            target = entries["SimulationEntry"]["properties"][inner[0]]
            what = f"The same as `{inner[0]}` in `{section}`, as DOTS requests call it."
            schema["properties"][key] = {**target, "description": what}
    for key, reason in IGNORED_REQUEST_KEYS.items():
        schema["properties"][key] = {"description": f"Not used: {reason}."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "dots service definition",
    }
