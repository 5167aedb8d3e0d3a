"""From a spec to what the engine's API takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dots_cli.plan.model import ContainerSpec, HealthCheck, Port
from dots_cli.runtime.containers import translate
from dots_cli.runtime.containers.facts import Project

PROJECT = Project("dots-village-ab12cd", Path("/runs/village-ab12cd/stack"))
NETWORKS = {"run": "dots-village-ab12cd_run", "store": "dots-platform_store"}
SPEC = ContainerSpec(
    "pv-1",
    "model",
    image="pv:1",
    environment=(("KEY", "${SECRET}"), ("PRICE", "5$$"), ("BOTH", "$${X} ${SECRET}")),
    networks=("store", "run"),
    labels=(("dots.run", "village-ab12cd"), ("dots.role", "model")),
)


def body(spec: ContainerSpec, *, all_networks: bool = False, **variables: str) -> dict[str, object]:
    told = {"SECRET": "s3cret"} | variables
    return translate.container_body(spec, PROJECT, told, NETWORKS, all_networks=all_networks)


def test_references_are_filled_in_and_doubled_dollars_are_dollars() -> None:
    assert body(SPEC)["Env"] == ["KEY=s3cret", "PRICE=5$", "BOTH=${X} s3cret"]


def test_a_variable_that_is_missing_is_named() -> None:
    with pytest.raises(KeyError, match="SECRET"):
        translate.container_body(SPEC, PROJECT, {}, NETWORKS, all_networks=False)


def test_compose_finds_its_labels() -> None:
    labels = body(SPEC)["Labels"]
    assert isinstance(labels, dict)
    compose = {name.removeprefix("com.docker.compose."): labels[name] for name in labels}
    assert compose["project"] == "dots-village-ab12cd"
    assert compose["service"] == "pv-1"
    assert compose["project.working_dir"] == str(PROJECT.folder)
    assert compose["project.config_files"] == str(PROJECT.folder / "compose.yaml")
    assert (compose["oneoff"], compose["container-number"]) == ("False", "1")
    assert labels["dots.run"] == "village-ab12cd"


def test_the_hash_of_a_spec_is_stable_and_its_own() -> None:
    name = "com.docker.compose.config-hash"
    hashes = [body(spec)["Labels"][name] for spec in (SPEC, SPEC, replace(SPEC, cpus=1.0))]  # type: ignore[index]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(("all_networks", "count"), [(False, 1), (True, 2)])
def test_an_old_engine_is_given_one_network_at_first(all_networks: bool, count: int) -> None:
    made = body(SPEC, all_networks=all_networks)
    joined = made["NetworkingConfig"]["EndpointsConfig"]  # type: ignore[index]
    assert list(joined) == [NETWORKS["run"], NETWORKS["store"]][:count]
    assert made["HostConfig"]["NetworkMode"] == NETWORKS["run"]  # type: ignore[index]
    assert joined[NETWORKS["run"]] == {"Aliases": ["dots-village-ab12cd-pv-1-1", "pv-1"]}


def test_limits_ports_health_and_grace_are_in_the_units_of_the_engine() -> None:
    made = body(
        replace(
            SPEC,
            cpus=0.5,
            memory=256 << 20,
            ports=(Port("${WEB}", 8086),),
            health=HealthCheck("echo $$HOME ${SECRET}", 2, 10, 5, 120),
            stop_grace=30.0,
            gpus="all",
        ),
        WEB="18086",
    )
    host = made["HostConfig"]
    assert isinstance(host, dict)
    assert (host["NanoCpus"], host["Memory"]) == (500_000_000, 268_435_456)
    assert host["PortBindings"] == {"8086/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18086"}]}
    assert host["DeviceRequests"] == [{"Count": -1, "Capabilities": [["gpu"]]}]
    assert made["StopTimeout"] == 30
    assert made["Healthcheck"] == {
        "Test": ["CMD-SHELL", "echo $HOME s3cret"],
        "Interval": 2_000_000_000,
        "Timeout": 10_000_000_000,
        "StartPeriod": 120_000_000_000,
        "Retries": 5,
    }


def test_no_container_can_gain_privileges_and_every_log_is_rotated() -> None:
    host = body(SPEC)["HostConfig"]
    assert isinstance(host, dict)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["LogConfig"]["Config"].keys() == {"max-size", "max-file"}
    assert "Privileged" not in host


@pytest.mark.parametrize(
    ("volume", "bind"),
    [
        ("data:/data", "dots-village-ab12cd_data:/data:rw"),
        ("data:/data:ro", "dots-village-ab12cd_data:/data:ro"),
        ("/srv/my data:/data", "/srv/my data:/data:rw"),
        ("C:\\data:/data:ro", "C:\\data:/data:ro"),
    ],
)
def test_volumes_are_the_projects_and_folders_stay(volume: str, bind: str) -> None:
    assert translate.volume_binds([volume], PROJECT) == [bind]
