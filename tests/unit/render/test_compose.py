"""Each setting of a spec as Compose wants it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dots_cli.definition import StoreSettings
from dots_cli.plan.model import ContainerSpec
from dots_cli.plan.references import names
from dots_cli.render.compose import MARK, compose_file, platform_file
from dots_cli.render.secrets import write_variables
from tests.unit.plan.planning import definition_of, plan_of, scenario_of, service

PORTS = {"INFLUXDB_PORT": "8086", "GRAFANA_PORT": "3000"}


def rendered(*, store: StoreSettings | None = None, files: str = "text\n", **more: Any) -> Any:
    """The compose.yaml of one model of one service, as data."""
    pv = service("pv", "PVInstallation", **more)
    plan = plan_of(scenario_of(PVInstallation=1), definition_of(pv, store=store), "docker")
    sources = {copy.source for spec in plan.containers for copy in spec.files}
    return yaml.safe_load(compose_file(plan, dict.fromkeys(sources, files)))


def test_it_begins_with_what_it_is_and_how_it_is_started() -> None:
    plan = plan_of(scenario_of(PVInstallation=2), definition_of(service("pv", "PVInstallation")))
    text = compose_file(plan, {})
    assert text.startswith(f"{MARK}town, town-abc234\n")
    assert "docker compose up --detach" in text
    assert "docker compose wait pv-1" in text


def test_volumes_of_the_platform_say_whose_they_are() -> None:
    spec = ContainerSpec("influxdb", "store", volumes=("influxdb-data:/data", "/here:/there"))
    labels = {"dots.folder": "/data of $me"}
    data = yaml.safe_load(platform_file("dots-platform", [spec], {}, labels))
    assert data["volumes"] == {"influxdb-data": {"labels": {"dots.folder": "/data of $$me"}}}


def test_the_project_is_called_after_the_run() -> None:
    assert rendered()["name"] == "dots-town-abc234"


@pytest.mark.parametrize(
    ("given", "key", "there"),
    [
        ({"cpus": 1.5}, "cpus", 1.5),
        ({"memory": 536_870_912}, "mem_limit", 536_870_912),
        ({"platform": "linux/amd64"}, "platform", "linux/amd64"),
        ({"gpus": "all"}, "gpus", "all"),
        ({"gpus": "2"}, "gpus", [{"count": 2}]),
        ({"extra_hosts": ("meter:10.0.0.5",)}, "extra_hosts", ["meter:10.0.0.5"]),
        ({"volumes": ("/data:/in:ro",)}, "volumes", ["/data:/in:ro"]),
    ],
)
def test_settings_of_a_service_reach_its_models(
    given: dict[str, Any], key: str, there: object
) -> None:
    assert rendered(**given)["services"]["pv-1"][key] == there
    assert key not in rendered()["services"]["pv-1"]


def test_a_volume_that_has_a_name_is_one_of_the_project() -> None:
    volumes = rendered(volumes=("weather-years:/years", "/data:/in:ro", "C:\\data:/d"))["volumes"]
    assert set(volumes) == {"influxdb-data", "grafana-data", "weather-years"}


def test_nothing_is_privileged_and_no_port_is_open_to_the_network() -> None:
    for name, found in rendered()["services"].items():
        assert "privileged" not in found
        assert found["security_opt"] == ["no-new-privileges:true"], name
        assert {port["host_ip"] for port in found.get("ports", ())} <= {"127.0.0.1"}


def test_models_wait_until_broker_and_store_are_healthy() -> None:
    healthy = {"condition": "service_healthy"}
    found = rendered()["services"]
    assert found["pv-1"]["depends_on"] == {"broker": healthy, "influxdb": healthy}
    assert found["grafana"]["depends_on"] == {"influxdb": healthy}
    assert {"test", "interval", "timeout", "retries", "start_period"} == set(
        found["broker"]["healthcheck"]
    )


def test_an_image_is_built_once_however_many_models_it_has() -> None:
    pv = service("pv", "PVInstallation", image=None, models=0)
    plan = plan_of(scenario_of(PVInstallation=3), definition_of(pv), "docker")
    files = {copy.source: "" for spec in plan.containers for copy in spec.files}
    found = yaml.safe_load(compose_file(plan, files))["services"]
    assert [name for name in found if "build" in found[name]] == ["broker", "pv-1"]
    assert found["pv-1"]["build"]["context"] == "./sources/pv"
    assert found["pv-1"]["pull_policy"] == "build"
    assert len({found[f"pv-{n}"]["image"] for n in (1, 2, 3)}) == 1


def test_a_store_of_ones_own_leaves_ours_out() -> None:
    store = StoreSettings(url="http://influx.example:8086", user="u", password="p")
    found = rendered(store=store)
    assert list(found["services"]) == ["broker", "pv-1"]
    assert set(found["networks"]) == {"run"}
    assert "volumes" not in found


TEXTS = (
    "costs $5 and ${HOME} $$\n",
    "two\nlines\n",
    "  leads\n\tends \n\n\n",
    "of\r\nWindows \r\n",
    "größe \u2028 \u0085 \ufeff 😀\n",
    "no line end: # 'a' \"b\" {c}",
    "--- \n...\n",
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_file_is_in_it_letter_by_letter(text: str) -> None:
    (content, *_) = rendered(files=text)["configs"].values()
    assert content["content"].replace("$$", "$") == text


# Some that a reader of YAML 1.2 may take for something else, and some that are text to all.
VALUES = (
    *("08", "1e3", "1e-3", "-1e3", "12e45", "0o17", "0x1F", ".5e1", "+.5", "-_9", "1.", "1:30"),
    *("2024-01-01", "5s", ".inf", "-.INF", ".nan", "~", "null", "NULL", "True", "y", "N", "no"),
    *("", " ", "=", "<<", "-shell", "./here", "two\n1e3", "1e3\n"),
    *("a\u2028b", "a\u0085b", "a\u2029"),
)


@pytest.mark.parametrize("text", ["08", "1e3", "0o17", ".5e1", "+.5", "-1e3", "y", "a\u2028b"])
def test_a_text_that_looks_like_something_else_is_in_quotes(text: str) -> None:
    pv = service("pv", "PVInstallation", env=(("CODE", text),))
    plan = plan_of(scenario_of(PVInstallation=1), definition_of(pv), "docker")
    files = {copy.source: "" for spec in plan.containers for copy in spec.files}
    assert '      CODE: "' in compose_file(plan, files)


@pytest.mark.needs("compose")
def test_compose_reads_files_and_values_letter_by_letter_and_has_nothing_to_complain_of(
    tmp_path: Path,
) -> None:
    pv = service(
        "pv",
        "PVInstallation",
        cpus=0.5,
        memory=536_870_912,
        platform="linux/amd64",
        gpus="all",
        extra_hosts=("meter:10.0.0.5",),
        volumes=("/data:/in:ro", "years:/years"),
        env=tuple((f"VALUE_{at}", value) for at, value in enumerate(VALUES)),
    )
    plan = plan_of(scenario_of(PVInstallation=2), definition_of(pv), "docker")
    sources = list(dict.fromkeys(copy.source for spec in plan.containers for copy in spec.files))
    files = {source: TEXTS[at % len(TEXTS)] for at, source in enumerate(sources)}
    files[sources[0]] = "".join(TEXTS)
    (tmp_path / "compose.yaml").write_text(compose_file(plan, files), encoding="utf-8", newline="")
    references = {
        name for spec in plan.containers for _, v in spec.environment for name in names(v)
    }
    write_variables(tmp_path / ".env", {**dict.fromkeys(references, "x"), **PORTS})
    done = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    read = json.loads(done.stdout)
    for source in sources:
        there = read["configs"][source.replace("/", "-").replace(".", "-")]["content"]
        assert there.replace("$$", "$") == files[source], source
    environment = read["services"]["pv-1"]["environment"]
    assert tuple(environment[f"VALUE_{at}"] for at in range(len(VALUES))) == VALUES
    assert read["services"]["pv-1"]["gpus"]
    assert read["services"]["influxdb"]["ports"][0]["host_ip"] == "127.0.0.1"


def test_a_literal_dollar_stays_one() -> None:
    found = rendered(volumes=("/data/$x:/in",), env=(("PRICE", "$$5"), ("KEY", "${KEY}")))
    assert found["services"]["pv-1"]["volumes"] == ["/data/$$x:/in"]
    environment = found["services"]["pv-1"]["environment"]
    assert (environment["PRICE"], environment["KEY"]) == ("$$5", "${KEY}")


def test_a_source_of_no_image_is_named_by_its_folder(tmp_path: Path) -> None:
    one = rendered(image=None, source=tmp_path / "a")["services"]["pv-1"]["image"]
    other = rendered(image=None, source=tmp_path / "b")["services"]["pv-1"]["image"]
    assert one != other
