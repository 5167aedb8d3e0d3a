"""DOTS requests: what one says, what it becomes, and everything that is wrong with one at once."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from dots_cli.definition import Overrides, read
from dots_cli.definition.check import read_both
from dots_cli.definition.request import ESDL
from dots_cli.errors import InputError, Problem
from tests.support import DATA, ROOT

VILLAGE = (ROOT / "tests" / "inputs" / "village.esdl").read_bytes()
IMAGE = "ghcr.io/dots-energy-services/emsservice:1.2"


def request(**changes: Any) -> dict[str, Any]:
    """A request for a village; a change to None leaves the key out."""
    whole = {
        "name": "village",
        "start_date": "2024-03-01 00:00:00",
        "simulation_duration_in_seconds": 7200,
        "log_level": "debug",
        "calculation_services": [service()],
        ESDL: base64.b64encode(VILLAGE).decode(),
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def service(**changes: Any) -> dict[str, Any]:
    """One of its services."""
    whole = {
        "esdl_type": "PVInstallation",
        "calc_service_name": "PV",
        "service_image_url": "registry.example/pv:1",
        "nr_of_models": 2,
        "amount_of_calculations": 3,
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def written(folder: Path, data: Any, name: str = "request.json") -> Path:
    """A request as a file, a key a line."""
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data, indent=1), encoding="utf-8")
    return path


def problems_of(path: Path, esdl: Path | None = None) -> list[Problem]:
    """The errors of a request that cannot be used."""
    with pytest.raises(InputError) as failure:
        read_both(path, None, Overrides(), esdl)
    return [p for p in failure.value.problems if p.severity == "error"]


def test_a_request_is_a_scenario_and_a_definition(tmp_path: Path) -> None:
    path = written(tmp_path, request())
    scenario, definition = read(path)
    assert scenario.content == VILLAGE
    assert scenario.request == path.read_bytes()
    assert str(definition.start) == "2024-03-01 00:00:00"
    assert (definition.duration, definition.log_level) == (7200, "debug")
    (pv,) = definition.services
    assert (pv.name, pv.models, pv.calculations, pv.line) == ("PV", 2, 3, 7)
    assert (pv.image, pv.git) == ("registry.example/pv:1", None)


def test_what_it_becomes_says_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    variables = [{"name": "KEY", "value": "a $5 ${bill}"}, {"name": "N", "value": 3}]
    services = [
        service(additional_environment_variables=variables),
        service(esdl_type="EConnection", calc_service_name="ems: 1", service_image_url=IMAGE),
    ]
    _, asked = read(written(tmp_path, request(calculation_services=services)))
    (tmp_path / "scenario.esdl").write_bytes(VILLAGE)
    (tmp_path / "services.yaml").write_bytes(asked.content)
    _, again = read(tmp_path / "scenario.esdl")
    strip = [{**vars(s), "line": 0} for s in asked.services]
    assert strip == [{**vars(s), "line": 0} for s in again.services]
    assert (asked.start, asked.duration, asked.log_level) == (
        again.start,
        again.duration,
        again.log_level,
    )
    assert dict(again.services[0].env) == {"KEY": "a $$5 $${bill}", "N": "3"}


def test_a_published_service_brings_its_code_along_whatever_the_tag(tmp_path: Path) -> None:
    ems = service(
        esdl_type="EConnection",
        calc_service_name="mine",
        service_image_url=IMAGE,
        amount_of_calculations=None,
    )
    _, definition = read(written(tmp_path, request(calculation_services=[ems])))
    (found,) = definition.services
    assert found.git is not None
    assert found.git.url == "https://github.com/dots-energy-services/dots-econnection-service"
    assert len(found.git.ref) == 40
    assert found.calculations == 1  # an old service cannot say it itself
    assert "glpk-utils" in definition.content.decode()


def test_what_cannot_be_carried_over_is_said(tmp_path: Path) -> None:
    _, definition = read(written(tmp_path, request(keep_logs_hours=24)))
    (said,) = [p.message for p in definition.warnings if "request" in p.message]
    assert said == "'keep_logs_hours' of a DOTS request is not used: logs stay until `dots delete`"


def test_the_name_of_a_request_is_that_of_the_scenario(tmp_path: Path) -> None:
    scenario, definition = read(written(tmp_path, request(name="Big village")))
    assert scenario.name == "Big village"
    assert "imported from request.json (Big village)" in definition.content.decode()
    assert read(written(tmp_path, request(name=None)))[0].name == "request"


def test_options_of_a_run_hold_for_a_request_too(tmp_path: Path) -> None:
    overrides = Overrides(duration="1h", start="2024-03-02", variables=("PV.TILT=3",))
    _, definition = read(written(tmp_path, request()), None, overrides)
    assert (definition.duration, definition.start.day) == (3600, 2)
    assert dict(definition.services[0].env) == {"TILT": "3"}


def test_with_a_definition_beside_it_only_the_scenario_is_taken(tmp_path: Path) -> None:
    services = "services: [{name: sun, esdl_type: PVInstallation, image: x}]\n"
    other = written(tmp_path, f"simulation: {{start: 2024-01-01, duration: 1h}}\n{services}", "o")
    scenario, definition = read(written(tmp_path, request()), other)
    assert scenario.content == VILLAGE
    assert [s.name for s in definition.services] == ["sun"]


def test_everything_that_is_wrong_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    services = [
        service(esdl_type=None, nr_of_models=[1], amount_of_calculation=3),
        service(calc_service_name="b", nr_of_models=-1, service_image_url=5),
        "weather",
    ]
    path = written(
        tmp_path,
        request(
            start_date="yesterday",
            simulation_duration_in_seconds="long",
            log_level="loud",
            calculation_services=services,
            keep_log_hours=3,
        ),
    )
    found = {(p.line, p.message) for p in problems_of(path)}
    lines = path.read_text(encoding="utf-8").splitlines()

    def line(text: str) -> int:
        return next(n for n, content in enumerate(lines, 1) if text in content)

    assert found == {
        (line("yesterday"), "simulation.start: 'yesterday' is no date and time"),
        (
            line("long"),
            "the request: simulation_duration_in_seconds takes a number, not 'long'",
        ),
        (
            line("loud"),
            "simulation.log_level: 'loud' is not one of 'debug', 'info', 'warning' or 'error'",
        ),
        (line("keep_log_hours"), "the request: unknown key 'keep_log_hours'"),
        (line('"PV"') - 1, "service 'PV' has no esdl_type"),
        (line('"PV"') + 2, "service 'PV': nr_of_models takes a number, not a list"),
        (line('amount_of_calculation"'), "service 'PV': unknown key 'amount_of_calculation'"),
        (line("-1"), "service 'b': nr_of_models: -1 is less than 0"),
        (line(": 5"), "service 'b': service_image_url takes a text in quotes, not 5"),
        (line('"weather"'), "service 3 is 'weather', no object"),
    }
    assert all(p.hint for p in problems_of(path))


@pytest.mark.parametrize("key", ["start_date", "simulation_duration_in_seconds", ESDL])
def test_a_key_that_is_missing_is_reported_once(tmp_path: Path, key: str) -> None:
    (problem,) = problems_of(written(tmp_path, request(**{key: None})))
    assert problem.message == f"the request has no {key}"


def test_variables_and_names_that_cannot_be_are_all_reported_with_their_lines(
    tmp_path: Path,
) -> None:
    names = ("KEY", "A=B", "model_id", "KEY", "C D")
    variables = [{"name": name, "value": 1} for name in names]
    changed = service(calc_service_name="a\nb", additional_environment_variables=variables)
    path = written(tmp_path, request(calculation_services=[changed]))
    lines = path.read_text(encoding="utf-8").splitlines()
    words = [(lines[p.line - 1].split('"'), p.message) for p in problems_of(path)]
    found = [(w[3] if w[1] == "name" else w[1], what.split(": ")[-1]) for w, what in words]
    assert found == [
        ("calc_service_name", "its name holds a control character"),
        ("A=B", "'A=B' is no name for a variable"),
        ("model_id", "dots itself sets 'model_id' for every model"),
        ("KEY", "'KEY' is given a second time"),
        ("C D", "'C D' is no name for a variable"),
    ]


def test_without_services_there_is_one_problem(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, request(calculation_services=None)))
    assert problem.message == "the request has no calculation_services"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text[:76] + "\n" + text[76:], "is base64 with line breaks"),
        (lambda text: text[:76] + " " + text[76:], "is base64 with blanks"),
        (lambda text: text.rstrip("=") + "===", "has the wrong padding"),
        (lambda text: text[: len(text) // 4 * 4 - 3], "was cut off"),
        (lambda text: text[:40] + "*" + text[40:], "is no base64: '*' stands at character 41"),
        (lambda text: "", "is empty"),
        (lambda text: VILLAGE.decode(), "is XML, not base64"),
        (lambda text: base64.b64encode(text.encode()).decode(), "is base64 of base64"),
    ],
)
def test_base64_that_is_wrong_is_explained(tmp_path: Path, change: Any, what: str) -> None:
    text = change(request()[ESDL])
    found = problems_of(written(tmp_path, request(**{ESDL: text})))
    assert [p for p in found if p.message.startswith(ESDL) and what in p.message], found


def test_base64_in_the_url_alphabet_is_named(tmp_path: Path) -> None:
    esdl = VILLAGE.replace(b'name="', b'name="\xc3\xbf\xc3\xbe?>~~', 1)
    standard = base64.b64encode(esdl).decode()
    url = base64.urlsafe_b64encode(esdl).decode()
    assert url != standard
    (problem,) = problems_of(written(tmp_path, request(**{ESDL: url})))
    assert "URL alphabet" in problem.message


def test_a_raw_line_break_inside_of_the_base64_is_no_puzzle_of_json(tmp_path: Path) -> None:
    text = json.dumps(request(log_level="loud"), indent=1).replace("PD94", "PD9\n4")
    messages = [p.message for p in problems_of(written(tmp_path, text))]
    assert any("line breaks" in message for message in messages)
    assert any("'loud'" in message for message in messages)


def test_problems_of_the_esdl_are_reported_with_those_of_the_request(tmp_path: Path) -> None:
    esdl = base64.b64encode(b"no xml\n").decode()
    path = written(tmp_path, request(**{ESDL: esdl}, log_level="loud"))
    places = {(p.place, p.message) for p in problems_of(path)}
    assert (f"{path}:{ESDL}:1", "the file is no XML") in places
    assert len(places) == 2


def test_the_esdl_may_be_a_file_beside_the_request(tmp_path: Path) -> None:
    (tmp_path / "v.esdl").write_bytes(VILLAGE)
    path = written(tmp_path, request(**{ESDL: None}, esdl_file="v.esdl"))
    assert read(path)[0].content == VILLAGE
    without = written(tmp_path, request(**{ESDL: None}), "other.json")
    scenario, _ = read_both(without, None, Overrides(), tmp_path / "v.esdl")
    assert scenario.content == VILLAGE


def test_a_file_that_is_not_the_esdl_inside_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "v.esdl").write_bytes(VILLAGE.replace(b"\n", b"\r\n"))
    path = written(tmp_path, request(esdl_file="v.esdl"))
    assert read(path)[0].content == VILLAGE.replace(b"\n", b"\r\n")
    (tmp_path / "v.esdl").write_bytes(VILLAGE.replace(b"barn", b"shed"))
    (problem,) = problems_of(path)
    assert "is not the file" in problem.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, request(**{ESDL: None}, esdl_file="lost.esdl")))
    assert "lost.esdl cannot be read" in problem.message


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('{"name": "a",\n "b": }', 2, "JSON syntax"),
        ("[1, 2]", 1, "no JSON object"),
        ("", 1, "JSON syntax"),
        ('{"name": "a", "name": "b"}', 1, "a second time"),
        ("[" * 5000 + "]" * 5000, 0, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_request_is_an_error_with_its_line(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    found = problems_of(written(tmp_path, text))
    assert [p for p in found if p.line == line and what in p.message], found


def test_the_published_example_is_understood() -> None:
    example = DATA / "dots-examples" / "small-test-post.json"
    if not example.is_file():
        pytest.skip("the published example request is not beside this checkout")
    scenario, definition = read(example)
    assert definition.duration == 216_000
    assert all(s.git for s in definition.services)
    assert len(scenario.by_type["EConnection"]) == 2


@pytest.mark.parametrize("sign", ["\0", "\ud800"])
def test_a_text_that_no_file_or_variable_can_hold_is_a_problem(tmp_path: Path, sign: str) -> None:
    (problem,) = problems_of(written(tmp_path, request(esdl_file=f"a{sign}b")))
    assert f"\\u{ord(sign):04x}" in problem.message
    assert problem.line > 1
    (problem,) = problems_of(written(tmp_path, request(**{f"a{sign}": "b"})))
    assert "which nothing can be given" in problem.message


def test_a_number_of_thousands_of_digits_is_a_problem(tmp_path: Path) -> None:
    text = json.dumps(request()).replace("7200", "7" * 5000)
    (problem,) = problems_of(written(tmp_path, text))
    assert "thousands of digits" in problem.message
