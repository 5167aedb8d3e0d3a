from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from dots_cli.definition import Definition, Overrides, Service, read
from dots_cli.errors import InputError, Problem, UsageError
from tests.support import ROOT

INPUTS = ROOT / "tests" / "inputs"
SIMULATION = "simulation: {start: 2024-06-21, duration: 24h}\n"


def define(folder: Path, text: str, overrides: Overrides | None = None) -> Definition:
    """A definition beside a scenario with one PVInstallation."""
    (folder / "house.esdl").write_bytes((INPUTS / "house.esdl").read_bytes())
    (folder / "services.yaml").write_text(text, encoding="utf-8")
    return read(folder / "house.esdl", None, overrides)[1]


def define_pv(folder: Path, more: str = "", overrides: Overrides | None = None) -> Service:
    start = "services:\n  - name: pv\n    esdl_type: PVInstallation\n    image: a/pv\n"
    return define(folder, SIMULATION + start + more, overrides).services[0]


def test_a_definition_is_complete_with_its_defaults(tmp_path: Path) -> None:
    definition = define(
        tmp_path, SIMULATION + "services: [{name: pv, esdl_type: PVInstallation, image: x}]"
    )
    assert definition.start == datetime(2024, 6, 21)
    assert definition.duration == 86_400
    assert definition.log_level == "info"
    assert (definition.limits.join, definition.limits.step, definition.limits.run) == (
        300,
        1800,
        43_200,
    )
    assert definition.store is None
    assert definition.services[0].models == 1
    assert definition.services[0].calculations is None


def test_the_village_is_read_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VILLAGE_API_KEY", "secret")
    _, definition = read(INPUTS / "village.esdl")
    assert definition.duration == 5_400
    assert (definition.limits.join, definition.limits.step) == (120, 90)
    assert definition.variables == ("VILLAGE_API_KEY",)
    weather, pv, connection, _ = definition.services
    assert weather.command == ("python", "-m", "weather")
    assert pv.python == "3.10"
    assert pv.source == INPUTS / "services" / "pv"
    assert dict(pv.env) == {
        "API_KEY": "${VILLAGE_API_KEY}",
        "PRICE": "costs $$5 and $$6",
        "WORKERS": "2",
    }
    assert connection.name == "connection"
    assert connection.models == 0
    assert connection.env == (("MODE", "quick"),)


@pytest.mark.parametrize("content", [None, b"", b" \n"])
def test_without_a_scenario_nobody_is_told_to_make_a_definition_from_it(
    tmp_path: Path, content: bytes | None
) -> None:
    scenario = tmp_path / "house.esdl"
    if content is not None:
        scenario.write_bytes(content)
    with pytest.raises(InputError) as failure:
        read(scenario)
    (problem,) = failure.value.problems
    assert "does not exist" in problem.message or "is empty" in problem.message
    with pytest.raises(InputError) as failure:
        read(tmp_path)
    (problem,) = failure.value.problems
    assert problem.message == "the scenario is a folder"


def test_a_scenario_without_a_definition_is_told_how_to_make_one(tmp_path: Path) -> None:
    scenario = tmp_path / "house.esdl"
    scenario.write_bytes((INPUTS / "house.esdl").read_bytes())
    with pytest.raises(InputError) as failure:
        read(scenario)
    (problem,) = failure.value.problems
    assert f"dots init {scenario}" in problem.hint


@pytest.mark.parametrize(
    ("setting", "near"),
    [
        ("CLOUD_COVERR=0.1", "CLOUD_COVER"),
        ("cloud_cover=0.1", "CLOUD_COVER"),
        ("CLOUD_COVER=0.1", None),
        ("LATITUDE=52", None),
    ],
)
def test_a_variable_much_like_one_of_the_definition_is_set_with_a_warning(
    tmp_path: Path, setting: str, near: str | None
) -> None:
    text = (
        f"{SIMULATION}services: [{{name: pv, esdl_type: PVInstallation, image: x,"
        " env: {CLOUD_COVER: 0.5}}]"
    )
    definition = define(tmp_path, text, Overrides(variables=(f"pv.{setting}",)))
    name, _, value = setting.partition("=")
    assert dict(definition.services[0].env)[name] == value
    hints = [warning.hint for warning in definition.warnings]
    assert hints == ([f"Did you mean '{near}'? '{name}' is set as it was given."] if near else [])


def test_a_whole_dots_request_can_be_pasted(tmp_path: Path) -> None:
    request = {
        "name": "one house",
        "start_date": "2024-06-21 00:00:00",
        "simulation_duration_in_seconds": 3600,
        "keep_logs_hours": 24,
        "log_level": "debug",
        "calculation_services": [
            {
                "esdl_type": "PVInstallation",
                "calc_service_name": "pvsystemservice",
                "service_image_url": "registry.example/pv:latest",
                "nr_of_models": 0,
                "amount_of_calculations": 2,
                "additional_environment_variables": [{"name": "A", "value": "b"}],
            }
        ],
        "esdl_base64string": "PD94",
    }
    definition = define(tmp_path, json.dumps(request, indent="\t"))
    (service,) = definition.services
    assert (definition.duration, definition.log_level) == (3600, "debug")
    assert (service.name, service.image) == ("pvsystemservice", "registry.example/pv:latest")
    assert (service.models, service.calculations, service.env) == (0, 2, (("A", "b"),))
    assert len(definition.warnings) == 3


def test_the_definition_named_after_the_scenario_is_preferred(tmp_path: Path) -> None:
    for name, level in (("services.yaml", "info"), ("house.services.yaml", "debug")):
        text = (INPUTS / "house.yaml").read_text(encoding="utf-8")
        text = text.replace("duration: 24h", f"duration: 24h, log_level: {level}")
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "house.esdl").write_bytes((INPUTS / "house.esdl").read_bytes())
    assert read(tmp_path / "house.esdl")[1].log_level == "debug"


def test_the_command_line_takes_precedence(tmp_path: Path) -> None:
    overrides = Overrides(
        start="2025-01-01 12:00:00", duration="2h", log_level="error", join="1m", run="1h"
    )
    text = (
        SIMULATION
        + "limits: {step: 7m}\nservices: [{name: pv, esdl_type: PVInstallation, image: x}]"
    )
    definition = define(tmp_path, text, overrides)
    assert definition.start == datetime(2025, 1, 1, 12)
    assert (definition.duration, definition.log_level) == (7200, "error")
    limits = definition.limits
    assert (limits.join, limits.step, limits.run) == (60, 420, 3600)


def test_start_and_duration_may_come_from_the_command_line_alone(tmp_path: Path) -> None:
    text = "services: [{name: pv, esdl_type: PVInstallation, image: x}]"
    definition = define(tmp_path, text, Overrides(start="2025-01-01", duration="60"))
    assert (definition.start, definition.duration) == (datetime(2025, 1, 1), 60)


def test_a_variable_can_be_set_for_one_service(tmp_path: Path) -> None:
    overrides = Overrides(variables=("pv.MODE=a=b $x", "pv.NEW="))
    service = define_pv(tmp_path, "    env: {MODE: quick, KEPT: 1}\n", overrides)
    assert dict(service.env) == {"MODE": "a=b $$x", "KEPT": "1", "NEW": ""}


@pytest.mark.parametrize(
    ("setting", "message", "hint"),
    [
        ("pv.MODE", "is not SERVICE.VAR=VALUE", ""),
        ("MODE=1", "is not SERVICE.VAR=VALUE", ""),
        ("pvs.MODE=1", "there is no service 'pvs'", "Did you mean 'pv'?"),
        ("heat.MODE=1", "there is no service 'heat'", "Services: pv."),
        ("pv.MY MODE=1", "'MY MODE' is no name for a variable", ""),
        ("pv.model_id=1", "dots itself sets 'model_id' for every model", ""),
    ],
)
def test_a_wrong_setting_is_wrong_usage(
    tmp_path: Path, setting: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as failure:
        define_pv(tmp_path, overrides=Overrides(variables=(setting,)))
    assert failure.value.message == f"--set {setting}: {message}"
    assert failure.value.hint == hint


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (Overrides(start="tomorrow"), "--start: 'tomorrow' is no date and time"),
        (Overrides(duration="0"), "--duration: '0' is not more than 0"),
        (Overrides(log_level="loud"), "--log-level: 'loud' is not one of"),
        (Overrides(join="soon"), "the limit 'join': 'soon' is no duration"),
    ],
)
def test_a_wrong_option_is_wrong_usage(tmp_path: Path, overrides: Overrides, message: str) -> None:
    with pytest.raises(UsageError) as failure:
        define_pv(tmp_path, overrides=overrides)
    assert failure.value.message.startswith(message)


def test_variables_are_checked_and_never_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    service = define_pv(tmp_path, '    env: {A: "x${MY_KEY}y$$z", B: "$MY_KEY"}\n')
    assert dict(service.env) == {"A": "x${MY_KEY}y$$z", "B": "$$MY_KEY"}


def test_the_settings_for_docker_are_read(tmp_path: Path) -> None:
    service = define_pv(
        tmp_path,
        "    cpus: 1.5\n    memory: 512m\n    platform: linux/amd64\n"
        "    volumes: ['data:/data', './in:/in:ro']\n"
        "    gpus: 2\n    extra_hosts: {db: 10.0.0.1}\n",
    )
    assert (service.cpus, service.memory) == (1.5, 512 * 2**20)
    assert service.platform == "linux/amd64"
    assert service.volumes == ("data:/data", f"{tmp_path / 'in'}:/in:ro")
    assert (service.gpus, service.extra_hosts) == ("2", ("db:10.0.0.1",))
    listed = define_pv(tmp_path, "    extra_hosts: ['db=10.0.0.1', 'm:host-gateway']\n")
    assert listed.extra_hosts == ("db:10.0.0.1", "m:host-gateway")


def test_a_store_of_ones_own_is_read_with_references(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFLUX_PASSWORD", "secret")
    definition = define(
        tmp_path,
        SIMULATION
        + "store: {url: 'http://db.example:8086', user: me, password: '${INFLUX_PASSWORD}'}\n"
        + "services: [{name: pv, esdl_type: PVInstallation, image: x}]",
    )
    assert definition.store is not None
    assert definition.store.url == "http://db.example:8086"
    assert definition.store.password == "${INFLUX_PASSWORD}"
    assert definition.variables == ("INFLUX_PASSWORD",)


def test_empty_values_are_the_defaults(tmp_path: Path) -> None:
    service = define_pv(tmp_path, "    env:\n    models:\n    command:\n    source:\n")
    assert (service.env, service.models, service.command, service.source) == ((), 1, (), None)


def test_a_folder_with_spaces_and_umlauts_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "Süd seite" / "pv"
    folder.mkdir(parents=True)
    assert define_pv(tmp_path, "    source: Süd seite/pv\n").source == folder


def test_both_files_are_kept_byte_for_byte(tmp_path: Path) -> None:
    scenario_bytes = b"\xef\xbb\xbf" + (INPUTS / "house.esdl").read_bytes()
    services_bytes = b"\xef\xbb\xbf" + (INPUTS / "house.yaml").read_bytes()
    (tmp_path / "house.esdl").write_bytes(scenario_bytes)
    (tmp_path / "services.yaml").write_bytes(services_bytes)
    scenario, definition = read(tmp_path / "house.esdl")
    assert (scenario.content, definition.content) == (scenario_bytes, services_bytes)


def test_the_request_beside_a_real_network_is_a_definition(tmp_path: Path) -> None:
    examples = ROOT.parent / "shared" / "data" / "dots-examples"
    if not examples.is_dir():
        pytest.skip("no examples of others beside this checkout")
    scenario, definition = read(examples / "small-test.esdl", examples / "small-test-post.json")
    assert definition.duration == 216_000
    assert len(definition.services) == 8
    assert scenario.by_type["EConnection"][0].name == "ConnectionHome1"


def test_wrong_input_says_how_many_problems_there_are() -> None:
    with pytest.raises(InputError) as failure:
        read(INPUTS / "house.esdl", INPUTS / "broken" / "limit-zero.yaml")
    assert failure.value.message.startswith("2 problems in ")


def problems_of(folder: Path, text: str, overrides: Overrides | None = None) -> list[Problem]:
    with pytest.raises(InputError) as failure:
        define(folder, text, overrides)
    assert all(problem.hint for problem in failure.value.problems)
    return list(failure.value.problems)


@pytest.mark.parametrize("start", ["0001-01-01", "1677-09-21", "2300-01-01", "9999-12-31 23:59"])
def test_a_start_that_no_store_can_hold_is_refused(tmp_path: Path, start: str) -> None:
    services = "services: [{name: pv, esdl_type: PVInstallation, image: x}]\n"
    text = f"simulation:\n  duration: 2h\n  start: {start}\n{services}"
    (problem,) = problems_of(tmp_path, text)
    assert problem.line == 3
    assert "1677-09-22 and 2262-04-11" in problem.hint
    with pytest.raises(UsageError, match=r"--start: .* begin between 1677-09-22 and 2262-04-11"):
        define(tmp_path, SIMULATION + services, Overrides(start=start))


@pytest.mark.parametrize(
    ("overrides", "options"),
    [
        (Overrides(start="2262-04-10 23:00"), "--start"),
        (Overrides(duration="87600d"), "--duration"),
        (Overrides(start="2262-04-11", duration="9000000000"), "--start and --duration"),
    ],
)
def test_an_end_that_no_store_can_hold_is_refused_where_it_was_given(
    tmp_path: Path, overrides: Overrides, options: str
) -> None:
    services = "services: [{name: pv, esdl_type: PVInstallation, image: x}]\n"
    text = f"simulation:\n  start: 2024-01-01\n  duration: 2h\n{services}"
    with pytest.raises(UsageError, match=f"^{options}: .* results cannot be stored"):
        define(tmp_path, text, overrides)
    assert define(tmp_path, text, Overrides(start="2262-04-10 22:00")).duration == 7200
    (problem,) = problems_of(tmp_path, text.replace("2h", "87600d"))
    assert problem.line == 3
    assert "results cannot be stored" in problem.message


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (f"    memory: {'9' * 400}\n", "memory: more memory than can be counted"),
        ("    memory: 9000000000t\n", "memory: more memory than can be counted"),
        ("    memory: .inf\n", "'.inf' is no amount of memory"),
        ("    cpus: .inf\n", "cpus: '.inf' is not a number"),
        ("    cpus: inf\n", "cpus: 'inf' is not a number"),
        ("    cpus: 1e999\n", "cpus: '1e999' is not a number"),
        ("    cpus: .nan\n", "cpus: '.nan' is not a number"),
        ("    cpus: nan\n", "cpus: 'nan' is not a number"),
        ('    source: "git+https://[::1/x/y@v1"\n', "is no URL of a Git repository"),
        ('    source: "a\\0b"\n', "which nothing can be given"),
        ('    command: [python, "a\\0b"]\n', "which nothing can be given"),
        ('    env: {KEY: "a\\0b"}\n', "which nothing can be given"),
    ],
)
def test_odd_values_of_a_service_are_problems_in_their_line(
    tmp_path: Path, more: str, message: str
) -> None:
    start = "services:\n  - name: pv\n    esdl_type: PVInstallation\n    image: a/pv\n"
    problems = problems_of(tmp_path, SIMULATION + start + more)
    (problem,) = [found for found in problems if message in found.message]
    assert problem.line == 6


@pytest.mark.parametrize("url", ["http://[::1", "http://[", "http://x:99999"])
def test_an_address_of_a_store_that_is_none_is_a_problem(tmp_path: Path, url: str) -> None:
    services = "services: [{name: pv, esdl_type: PVInstallation, image: x}]\n"
    text = f'{SIMULATION}{services}store:\n  url: "{url}"\n'
    (problem,) = problems_of(tmp_path, text)
    assert "is no address like" in problem.message
    assert problem.line == 4
