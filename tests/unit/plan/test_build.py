from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.definition import StoreSettings
from dots_cli.definition.model import OWN_REFERENCES, RESERVED
from dots_cli.errors import InputError, UsageError
from dots_cli.plan.build import build
from dots_cli.plan.references import names, resolve
from tests.unit.plan.planning import container, definition_of, plan_of, scenario_of, service

TOWN = scenario_of(PVInstallation=3, EConnection=1)
PV = service("pv", "PVInstallation", models=2, calculations=1)
GRID = service("grid", "EConnection", calculations=2)
HEAT = service("heat", "HeatPump")


def test_a_model_is_told_everything_that_it_must_know() -> None:
    plan = plan_of(TOWN, definition_of(PV, GRID, HEAT))
    assert dict(container(plan, "pv-1").environment) == {
        "esdl_ids": "PVInstallation-1;PVInstallation-2",
        "esdl_type": "PVInstallation",
        "model_id": "pv-1",
        "simulation_id": "town-abc234",
        "start_time": "2024-01-01 00:00:00",
        "simulation_duration_in_seconds": "86400",
        "calculation_services": "PVInstallation;EConnection;HeatPump",
        "log_level": "info",
        "broker_ip": "${BROKER_HOST}",
        "broker_port": "${BROKER_PORT}",
        "HELICS_BROKER_KEY": "${BROKER_KEY}",
        "INFLUXDB_HOST": "${STORE_HOST}",
        "INFLUXDB_PORT": "${STORE_PORT}",
        "INFLUXDB_USER": "${STORE_USER}",
        "INFLUXDB_PASSWORD": "${STORE_PASSWORD}",
        "INFLUXDB_NAME": "dots",
    }


def test_a_container_finds_broker_and_store_by_their_names() -> None:
    plan = plan_of(TOWN, definition_of(PV), runtime="docker")
    environment = dict(container(plan, "pv-1").environment)
    assert (environment["broker_ip"], environment["broker_port"]) == ("broker", "30000")
    assert (environment["INFLUXDB_HOST"], environment["INFLUXDB_PORT"]) == ("influxdb", "8086")
    assert {"broker", "influxdb"} < {spec.name for spec in plan.containers}


def test_what_dots_sets_is_reserved_and_what_it_fills_in_too() -> None:
    plan = plan_of(TOWN, definition_of(PV))
    environment = dict(container(plan, "pv-1").environment)
    assert set(environment) == RESERVED
    assert {name for value in environment.values() for name in names(value)} == OWN_REFERENCES


def test_a_service_has_its_own_variables_as_references() -> None:
    pv = service("pv", "PVInstallation", env=(("KEY", "${MY_KEY}"), ("PRICE", "$$5")))
    plan = plan_of(TOWN, definition_of(pv, variables=("MY_KEY",)))
    environment = dict(container(plan, "pv-1").environment)
    assert (environment["KEY"], environment["PRICE"]) == ("${MY_KEY}", "$$5")
    assert plan.variables == ("MY_KEY",)


def test_a_dollar_sign_in_an_id_stays_one() -> None:
    scenario = scenario_of(PVInstallation=1)
    odd = type(scenario)(
        scenario.path,
        b"",
        tuple(type(o)(o.esdl_type, "a${HOME}$$", o.name, o.line) for o in scenario.objects),
    )
    plan = plan_of(odd, definition_of(PV))
    assert resolve(dict(container(plan, "pv-1").environment)["esdl_ids"], {}) == "a${HOME}$$"


def test_a_store_of_ones_own_is_used_and_none_is_started() -> None:
    own = StoreSettings("http://db.example:8087", "results", "${ME}", "${SECRET}")
    plan = plan_of(TOWN, definition_of(PV, store=own))
    environment = dict(container(plan, "pv-1").environment)
    assert plan.store.url == "http://db.example:8087"
    assert {k: v for k, v in environment.items() if k.startswith("INFLUXDB")} == {
        "INFLUXDB_HOST": "db.example",
        "INFLUXDB_PORT": "8087",
        "INFLUXDB_USER": "${ME}",
        "INFLUXDB_PASSWORD": "${SECRET}",
        "INFLUXDB_NAME": "results",
    }
    assert [spec.role for spec in plan.containers if spec.role == "store"] == []
    assert container(plan, "pv-1").start_after == ("broker",)


def test_models_start_after_broker_and_store() -> None:
    plan = plan_of(TOWN, definition_of(PV, GRID))
    assert [(s.name, s.role, s.start_after) for s in plan.containers] == [
        ("store", "store", ()),
        ("broker", "conductor", ()),
        ("pv-1", "model", ("broker", "store")),
        ("pv-2", "model", ("broker", "store")),
        ("grid-1", "model", ("broker", "store")),
    ]


def test_a_service_without_objects_starts_nothing_but_is_announced() -> None:
    plan = plan_of(TOWN, definition_of(PV, HEAT))
    assert [model.id for model in plan.models] == ["pv-1", "pv-2"]
    assert plan.services == ("pv", "heat")
    assert "HeatPump" in dict(container(plan, "pv-1").environment)["calculation_services"]


def test_two_services_of_one_class_announce_it_once() -> None:
    plan = plan_of(TOWN, definition_of(PV, service("pv-too", "PVInstallation")))
    announced = dict(container(plan, "pv-1").environment)["calculation_services"]
    assert announced == "PVInstallation"


def test_local_processes_need_source_and_command_of_every_service_that_starts() -> None:
    image_only = service("grid", "EConnection", source=None, line=7)
    no_command = service("pv", "PVInstallation", command=(), line=3)
    idle = service("heat", "HeatPump", source=None)
    with pytest.raises(InputError) as failure:
        plan_of(TOWN, definition_of(no_command, image_only, idle))
    assert [(p.file, p.line, p.message.split(":")[0]) for p in failure.value.problems] == [
        (Path("services.yaml"), 3, "service 'pv' has no command"),
        (Path("services.yaml"), 7, "service 'grid' has no source"),
    ]
    assert all(p.hint for p in failure.value.problems)


def test_containers_need_neither() -> None:
    image_only = service("grid", "EConnection", source=None, command=())
    plan = plan_of(TOWN, definition_of(image_only), runtime="docker")
    assert container(plan, "grid-1").image == "registry/grid"


def test_an_external_model_that_is_not_there_is_answered_with_those_that_could_be_meant() -> None:
    def hint(external: str, models: int = 3) -> str:
        definition = definition_of(service("pv", "PVInstallation", models=models))
        with pytest.raises(UsageError, match=f"--external {external}: the run has no") as error:
            build(
                scenario_of(PVInstallation=20),
                definition,
                run_id="r",
                runtime="process",
                external=[external],
            )
        return error.value.hint

    assert hint("pv") == "The models of pv are: pv-1, pv-2, pv-3."
    assert hint("pv-9") == hint("pv")
    assert hint("pv", models=1) == "Did you mean 'pv-1'?"
    assert hint("pv", models=20).endswith("pv-8 and 12 more.")
    assert hint("wind") == "Its models are: pv-1, pv-2, pv-3."
    assert hint("p-2") == "Did you mean 'pv-2'?"


def test_the_same_input_gives_the_same_plan() -> None:
    definition = definition_of(PV, GRID, HEAT)
    assert plan_of(TOWN, definition) == plan_of(TOWN, definition)
