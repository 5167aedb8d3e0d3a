"""The dashboard: every query of a variable or panel against a real InfluxDB, as its reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from dots_cli.plan import containers
from dots_cli.plan.model import Simulation
from dots_cli.render.grafana import DASHBOARD as UID
from dots_cli.render.grafana import dashboard_path
from tests.support import ROOT, parts
from tests.support.grafana import (
    ALL,
    DASHBOARD,
    PANELS,
    VARIABLES,
    Chosen,
    filled,
    queries,
    variable,
)
from tests.support.stores import DATABASE, Server, influxdb

TEMPLATES = ROOT / "templates" / "grafana"
START = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
STEP = 900
STEPS = 8
OBJECTS = {
    "pv-1": "roof, south = 1",
    "pv-2": "Jürgens' (a|b) 50 % w/ $x [1]",
    "pv-3": "same name",
    "pv.3": "same name",
}
MODEL = {"pv-1": "pv-1", "pv-2": "pv-1", "pv-3": "pv-2", "pv.3": "pv-2"}
FIELDS = ["active_power", "module temperature"]


def value(esdl_id: str, field: str, step: int) -> float:
    return step + 100.0 * list(OBJECTS).index(esdl_id) + 1000.0 * FIELDS.index(field)


def escaped(text: str) -> str:
    return re.sub(r"[,= ]", r"\\\g<0>", text)


def lines(run: str) -> Iterator[str]:
    for esdl_id, name in OBJECTS.items():
        tags = {"simulation_id": run, "model_id": MODEL[esdl_id], "esdl_id": esdl_id}
        series = ",".join(f"{k}={escaped(v)}" for k, v in (tags | {"esdl_name": name}).items())
        for step in range(1, STEPS + 1):
            for field in FIELDS:
                number = value(esdl_id, field, step)
                at = START + step * STEP
                yield f"PVInstallation,{series} {escaped(field)}={number} {at}\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two runs of panels, another with a house, and a user who may only read."""
    parts.requires("influxdb")
    with influxdb(tmp_path_factory.mktemp("influxdb")) as server:
        server.take("".join(lines("first-aaaaaa")))
        server.take("".join(lines("second-bbbbbb")))
        server.take(f"EConnection,simulation_id=third-cccccc,esdl_id=e,esdl_name=e load=1 {START}")
        for query in (
            "CREATE USER reader WITH PASSWORD 'reading'",
            f'GRANT READ ON "{DATABASE}" TO reader',
        ):
            assert server.request("POST", "/query", q=query)[0] == 200
        yield server


def ask(store: Server, query: str) -> list[dict[str, Any]]:
    """The series of the answer."""
    status, text, _ = store.request(
        *("POST", "/query"), user="reader", password="reading", db=DATABASE, epoch="ms", q=query
    )
    assert status == 200, text
    (result,) = json.loads(text)["results"]
    assert "error" not in result, f"{query}: {result['error']}"
    return list(result.get("series", ()))


def options(store: Server, name: str, **chosen: Any) -> list[str]:
    """What Grafana offers of a variable."""
    series = ask(store, filled(variable(name)["query"], chosen))
    at = 1 if series and series[0]["columns"] == ["key", "value"] else 0
    return sorted({row[at] for one in series for row in one["values"]})


# --- variables ------------------------------------------------------------------------------------


def test_every_run_can_be_chosen(store: Server) -> None:
    assert options(store, "run") == ["first-aaaaaa", "second-bbbbbb", "third-cccccc"]


def test_only_esdl_types_of_the_run_can_be_chosen(store: Server) -> None:
    assert options(store, "esdl_type", run="first-aaaaaa") == ["PVInstallation"]
    assert options(store, "esdl_type", run="third-cccccc") == ["EConnection"]


def test_objects_can_be_chosen_by_the_name_that_the_scenario_gives_them(store: Server) -> None:
    pv = {"run": "first-aaaaaa", "esdl_type": "PVInstallation"}
    assert options(store, "object", **pv) == sorted(set(OBJECTS.values()))


def test_objects_of_one_name_can_be_told_apart_by_id(store: Server) -> None:
    pv = {"run": "first-aaaaaa", "esdl_type": "PVInstallation"}
    assert options(store, "esdl_id", **pv, object=ALL) == sorted(OBJECTS)
    assert options(store, "esdl_id", **pv, object=["same name"]) == ["pv-3", "pv.3"]
    assert options(store, "esdl_id", **pv, object=[OBJECTS["pv-2"]]) == ["pv-2"]


def test_fields_of_the_esdl_type_can_be_chosen(store: Server) -> None:
    assert options(store, "field", esdl_type="PVInstallation") == FIELDS
    assert options(store, "field", esdl_type="EConnection") == ["load"]


# --- panels ---------------------------------------------------------------------------------------

EVERYTHING: Chosen = {
    "run": "first-aaaaaa",
    "esdl_type": "PVInstallation",
    "object": ALL,
    "esdl_id": ALL,
}


def panel(store: Server, number: int, chosen: Chosen, **how: Any) -> list[dict[str, Any]]:
    (target,) = PANELS[number]["targets"]
    return ask(store, filled(target["query"], chosen, **how))


def curves(store: Server, chosen: Chosen, **how: Any) -> dict[str, list[list[float]]]:
    """The curves of the first panel, by id of their object."""
    found = panel(store, 0, chosen, **how)
    for series in found:
        assert series["tags"]["esdl_name"] == OBJECTS[series["tags"]["esdl_id"]]
    return {series["tags"]["esdl_id"]: series["values"] for series in found}


@pytest.mark.parametrize("field", FIELDS)
def test_a_panel_has_a_curve_for_every_object_with_every_value(store: Server, field: str) -> None:
    assert curves(store, {**EVERYTHING, "field": field}) == {
        esdl_id: [
            [(START + step * STEP) * 1000, value(esdl_id, field, step)]
            for step in range(1, STEPS + 1)
        ]
        for esdl_id in OBJECTS
    }


@pytest.mark.parametrize(
    ("chosen", "there"),
    [
        ({"object": [OBJECTS["pv-1"]]}, ["pv-1"]),
        ({"object": [OBJECTS["pv-2"]]}, ["pv-2"]),
        ({"object": [OBJECTS["pv-1"], OBJECTS["pv-2"]]}, ["pv-1", "pv-2"]),
        ({"object": ["same name"], "esdl_id": ["pv.3"]}, ["pv.3"]),
        ({"esdl_id": ["pv-3"]}, ["pv-3"]),
        ({"run": "third-cccccc"}, []),
    ],
)
def test_a_panel_shows_what_is_chosen(
    store: Server, chosen: dict[str, Any], there: list[str]
) -> None:
    shown = curves(store, {**EVERYTHING, "field": "active_power", **chosen})
    assert sorted(shown) == there


def test_a_panel_shows_means_where_a_pixel_is_wider_than_a_step(store: Server) -> None:
    shown = curves(store, {**EVERYTHING, "field": "active_power"}, interval="1h")
    first = [value("pv-1", "active_power", step) for step in (1, 2, 3)]
    assert shown["pv-1"][0] == [START * 1000, sum(first) / 3]


def test_a_panel_shows_the_time_range_that_its_address_names(store: Server) -> None:
    from_to = {"start": (START + 2 * STEP) * 1000, "end": (START + 4 * STEP) * 1000}
    shown = curves(store, {**EVERYTHING, "field": "active_power"}, **from_to)
    assert [at for at, _ in shown["pv-1"]] == [(START + n * STEP) * 1000 for n in (2, 3, 4)]


def test_the_table_counts_the_points_of_each_object_and_model(store: Server) -> None:
    rows = panel(store, 1, EVERYTHING)
    assert {(row["tags"]["esdl_id"], row["tags"]["model_id"]) for row in rows} == set(MODEL.items())
    for row in rows:
        assert row["values"][0][1:] == [STEPS] * len(FIELDS)


def test_no_query_of_the_dashboard_is_without_a_test() -> None:
    assert len(VARIABLES) == 5
    assert len(PANELS) == 2
    assert len(queries()) == 7


# --- the files ------------------------------------------------------------------------------------


def test_grafana_knows_every_key_of_the_dashboard() -> None:
    """Its own types lose what they do not know."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard

    def through(data: dict[str, Any]) -> Any:
        return json.loads(JSONEncoder().encode(Dashboard.from_json(data)))

    assert lost(DASHBOARD, through(DASHBOARD)) == []
    misspelt = json.loads(json.dumps(DASHBOARD).replace('"templating"', '"template"'))
    assert lost(misspelt, through(misspelt)) == ["/template"]


def lost(before: Any, after: Any, place: str = "") -> list[str]:
    """What of the one is not in the other."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            wrong
            for key in before
            for wrong in (
                lost(before[key], after[key], f"{place}/{key}")
                if key in after
                else [f"{place}/{key}"]
            )
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [wrong for at, pair in pairs for wrong in lost(*pair, f"{place}/{at}")]
    return [] if before == after else [place]


def test_data_source_and_dashboard_fit_together_and_to_the_plan() -> None:
    (source,) = yaml.safe_load((TEMPLATES / "datasource.yaml").read_text())["datasources"]
    assert source["url"] == f"http://{containers.STORE}:{containers.STORE_PORT}"
    assert source["user"] == "reader"
    assert source["jsonData"]["dbName"] == containers.DATABASE
    for item in (*VARIABLES, *PANELS, *(t for panel in PANELS for t in panel["targets"])):
        assert item["datasource"] == {"type": source["type"], "uid": source["uid"]}
    assert DASHBOARD["uid"] == UID


def test_grafana_finds_its_files_where_the_plan_puts_them() -> None:
    (provider,) = yaml.safe_load((TEMPLATES / "dashboards.yaml").read_text())["providers"]
    targets = {copy.source: Path(copy.target) for copy in containers._grafana().files}
    provisioning = Path("/etc/grafana/provisioning")
    assert targets["grafana/datasource.yaml"].parent == provisioning / "datasources"
    assert targets["grafana/dashboards.yaml"].parent == provisioning / "dashboards"
    assert targets["grafana/run.json"].parent == Path(provider["options"]["path"])


def test_the_address_of_a_run_chooses_it_and_its_simulated_time() -> None:
    day = Simulation(datetime(2024, 6, 21), 86_400, "info")
    assert dashboard_path("two-houses-abc234", day) == (
        f"/d/{UID}?var-run=two-houses-abc234&from=1718928000000&to=1719014400000"
    )
    assert DASHBOARD["timezone"] == "utc"
