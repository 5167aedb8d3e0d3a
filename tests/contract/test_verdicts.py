"""Whatever happens to a run, its verdict is the truth: the same on every runtime."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.contract.conftest import Runs
from tests.support import quick
from tests.support.containers import needs_containers, on_both
from tests.support.quick import HOUSE, PV, WEATHER, with_fault


@on_both
def test_a_run_of_both_dialects_succeeds(runs: Runs, tmp_path: Path) -> None:
    outcome = runs.run(quick.write(tmp_path))
    assert outcome.code == 0, outcome.err
    assert outcome.verdict["verdict"] == "succeeded"
    dialects = {event["model"]: event["dialect"] for event in outcome.events("dialect")}
    assert dialects == {"weather-1": "new", "pv-1": "old", "pv-2": "old", "house-1": "new"}
    assert "succeeded" in outcome.out


FAILURES: list[tuple[str, int, int | None, str]] = [
    ("exit_before_join", 0, None, "pv-1 exited with code 3"),
    ("exit_before_join", 0, 0, "pv-1 exited with code 0 before the simulated end"),
    ("exit_between_phases", 0, None, "pv-1 exited with code 3"),
    ("exit", 3600, None, "pv-1 exited with code 3"),
    ("exit", 3600, 0, "pv-1 exited with code 0 before the simulated end"),
    ("kill", 3600, None, "pv-1 was killed (SIGKILL)"),
    ("leave", 3600, None, "pv-1"),
    ("lost", 3600, None, "pv-1"),
    ("failing_write", 0, None, "pv-1 exited with code 1"),
]
MODELS = ("weather-1", "pv-1", "pv-2", "house-1")
IN_CONTAINERS = [FAILURES[1], FAILURES[3]]
"""Not the one that kills itself: as the first process of a container it cannot."""


@pytest.mark.parametrize(
    ("runtime", "kind", "at", "value", "message"),
    [
        *(("process", *failure) for failure in FAILURES),
        *(pytest.param("docker", *failure, marks=needs_containers) for failure in IN_CONTAINERS),
    ],
)
def test_a_model_that_fails_is_named(
    runs: Runs, tmp_path: Path, kind: str, at: int, value: int | None, message: str
) -> None:
    faulty = with_fault(PV, kind, at=at, value=value)
    faulty = with_env(faulty, QUICK_FAULT_MODEL="pv-1")
    # Who takes from one that leaves spins until its time to write is over: `leave` shows that.
    takers = [] if kind == "lost" else [HOUSE]
    outcome = runs.run(quick.write(tmp_path, [WEATHER, faulty, *takers]))
    assert (outcome.code, outcome.verdict["verdict"]) == (5, "failed"), outcome.err
    assert outcome.verdict["model"] == "pv-1"
    assert message in outcome.verdict["message"]


@on_both
def test_the_last_lines_of_a_failing_model_are_on_the_screen(runs: Runs, tmp_path: Path) -> None:
    faulty = with_fault(PV, "exit", at=3600)
    outcome = runs.run(quick.write(tmp_path, [WEATHER, faulty, HOUSE]))
    assert "gives up at 3600" in outcome.err


@on_both
def test_an_exception_in_a_calculation_loses_no_results(runs: Runs, tmp_path: Path) -> None:
    """The model says at its very end that it has failed, after it has written what it has."""
    faulty = with_fault(HOUSE, "raise", at=3600, value=1)
    outcome = runs.run(quick.write(tmp_path, [WEATHER, PV, faulty]))
    assert (outcome.code, outcome.verdict["model"]) == (5, "house-1"), outcome.err
    ended = {event["name"]: event["code"] for event in outcome.events("process_ended")}
    assert {name: ended[name] for name in MODELS} == dict.fromkeys(MODELS, 0) | {"house-1": 1}
    assert outcome.folder is not None
    runs.run_dots("export", outcome.folder.name, "-o", tmp_path / "csv", check=0)
    last = (tmp_path / "csv" / "EConnection.csv").read_text().splitlines()[-1]
    assert last.startswith("2024-06-21T00:45"), last


def test_a_model_that_never_joins_is_named_when_the_limit_passes(
    runs: Runs, tmp_path: Path
) -> None:
    faulty = with_fault(HOUSE, "never_join")
    scenario = quick.write(tmp_path, [WEATHER, PV, faulty], limits={"join": "4s"})
    outcome = runs.run(scenario)
    assert (outcome.code, outcome.verdict["verdict"]) == (9, "timed_out"), outcome.err
    assert outcome.verdict["model"] == "house-1"


@on_both
def test_a_model_that_hangs_in_a_step_is_named_when_the_limit_passes(
    runs: Runs, tmp_path: Path
) -> None:
    faulty = with_fault(HOUSE, "hang", at=3600)
    scenario = quick.write(tmp_path, [WEATHER, PV, faulty], limits={"step": "4s"})
    outcome = runs.run(scenario)
    assert (outcome.code, outcome.verdict["verdict"]) == (8, "stalled"), outcome.err
    assert outcome.verdict["model"] == "house-1"


def test_a_run_over_its_limit_has_timed_out(runs: Runs, tmp_path: Path) -> None:
    slow = with_fault(HOUSE, "slow_step", value=0.5)
    outcome = runs.run(quick.write(tmp_path, [WEATHER, PV, slow]), "--limit-run", "5s")
    assert (outcome.code, outcome.verdict["verdict"]) == (9, "timed_out"), outcome.err


@on_both
def test_a_model_that_stays_after_the_end_has_failed(runs: Runs, tmp_path: Path) -> None:
    faulty = with_fault(HOUSE, "never_exit")
    scenario = quick.write(tmp_path, [WEATHER, PV, faulty], limits={"finish": "3s"})
    outcome = runs.run(scenario)
    assert (outcome.code, outcome.verdict["model"]) == (5, "house-1"), outcome.err


@on_both
def test_a_model_that_ignores_sigterm_is_ended_all_the_same(runs: Runs, tmp_path: Path) -> None:
    stubborn = with_fault(HOUSE, "ignore_sigterm")
    faulty = with_fault(PV, "exit", at=3600)
    outcome = runs.run(quick.write(tmp_path, [WEATHER, faulty, stubborn]))
    assert outcome.verdict["model"] in ("pv-1", "pv-2")


def test_another_number_of_calculations_than_declared_is_bad_input(
    runs: Runs, tmp_path: Path
) -> None:
    wrong = with_fault(HOUSE, "wrong_calculations", value=2)
    outcome = runs.run(quick.write(tmp_path, [WEATHER, PV, wrong]))
    assert outcome.code == 3, outcome.err
    assert "house" in outcome.verdict["message"]
    assert not outcome.events("executing")


def test_an_old_model_without_a_declared_number_is_told_what_to_write(
    runs: Runs, tmp_path: Path
) -> None:
    silent = quick.Quick(**{**vars(PV), "calculations": None})
    outcome = runs.run(quick.write(tmp_path, [WEATHER, silent, HOUSE]))
    assert outcome.code == 3, outcome.err
    assert "calculations:" in outcome.verdict["message"]
    assert not outcome.events("executing")


def test_a_run_without_the_service_that_feeds_another_ends_before_time_starts(
    runs: Runs, tmp_path: Path
) -> None:
    lonely = with_env(PV, QUICK_SUBSCRIBE="EnvironmentalProfiles/irradiance/weather-1:W/m2")
    outcome = runs.run(quick.write(tmp_path, [lonely, HOUSE]))
    assert outcome.code == 3, outcome.err
    assert not outcome.events("executing")
    said = outcome.verdict["message"]
    for word in ("pv", "EnvironmentalProfiles/irradiance/weather-1", "EnvironmentalProfiles"):
        assert word in said


@on_both
def test_a_run_without_a_service_that_models_were_not_even_told_of_names_what_is_missing(
    runs: Runs, tmp_path: Path
) -> None:
    """A model subscribes only to types that have a service: what it misses must be found out."""
    scenario = quick.write(tmp_path, [WEATHER, PV, HOUSE])
    definition = tmp_path / "scenario.services.yaml"
    entries = yaml.safe_load(definition.read_text())
    entries["services"] = [e for e in entries["services"] if e["name"] != "weather"]
    definition.write_text(yaml.safe_dump(entries))
    outcome = runs.run(scenario)
    assert outcome.code == 3, outcome.err
    assert not outcome.events("executing")
    said = outcome.verdict["message"]
    assert "(service pv) need what nobody publishes: EnvironmentalProfiles/irradiance/" in said
    assert "service for the ESDL type EnvironmentalProfiles" in said
    assert "was killed" not in outcome.err


def test_values_that_are_no_numbers_are_refused_by_the_store_and_fail_the_run(
    runs: Runs, tmp_path: Path
) -> None:
    faulty = with_fault(PV, "nan", at=3600)
    outcome = runs.run(quick.write(tmp_path, [WEATHER, faulty, HOUSE]))
    assert outcome.code in (5, 7), outcome.err
    assert outcome.verdict["verdict"] == "failed"


@on_both
def test_a_refusal_of_the_store_that_a_model_only_logs_fails_the_run(
    runs: Runs, tmp_path: Path
) -> None:
    careless = with_fault(HOUSE, "unnoticed_nan", at=3600)
    outcome = runs.run(quick.write(tmp_path, [WEATHER, PV, careless]))
    assert outcome.code == 7, outcome.err
    assert (outcome.verdict["verdict"], outcome.verdict["cause"]) == ("failed", "store")
    assert outcome.verdict["model"] == "house-1"


def test_a_slow_import_is_waited_for(runs: Runs, tmp_path: Path) -> None:
    slow = with_fault(HOUSE, "slow_import", value=5)
    assert runs.run(quick.write(tmp_path, [WEATHER, PV, slow])).code == 0


@on_both
def test_a_flood_of_lines_is_whole_in_the_log_and_thinned_on_the_screen(
    runs: Runs, tmp_path: Path
) -> None:
    noisy = with_fault(HOUSE, "flood", at=3600, value=50_000)
    outcome = runs.run(quick.write(tmp_path, [WEATHER, PV, noisy], duration=3600))
    assert outcome.code == 0, outcome.err
    assert outcome.folder is not None
    log = (outcome.folder / "logs" / "house-1.log").read_text()
    assert log.count("house-1 line ") == 50_000 * log.count("house-1 line 49999 at")
    assert outcome.err.count("house-1 line ") < 50_000
    assert "not shown" in outcome.err


def test_twice_the_same_run_gives_the_same_bytes_whatever_the_number_of_models(
    runs: Runs, tmp_path: Path
) -> None:
    exports = []
    for k, models in enumerate((2, 2, 1, 0)):
        services = [WEATHER, quick.Quick(**{**vars(PV), "models": models}), HOUSE]
        outcome = runs.run(quick.write(tmp_path / f"{k}", services))
        assert outcome.code == 0, outcome.err
        assert outcome.folder is not None
        target = tmp_path / f"csv-{k}"
        runs.run_dots("export", outcome.folder.name, "-o", target, check=0)
        exports.append(values(target, outcome.folder.name, with_models=k < 2))
    assert exports[0] == exports[1]
    assert drop_models(exports[0]) == exports[2] == exports[3]


def values(folder: Path, run_id: str, *, with_models: bool) -> dict[str, str]:
    texts = {
        path.name: path.read_text().replace(run_id, "RUN") for path in sorted(folder.glob("*.csv"))
    }
    return texts if with_models else drop_models(texts)


def drop_models(texts: dict[str, str]) -> dict[str, str]:
    """Without the column model_id, the third."""
    return {
        name: "\n".join(
            ",".join(line.split(",")[:2] + line.split(",")[3:]) for line in text.splitlines()
        )
        for name, text in texts.items()
    }


def with_env(service: quick.Quick, **env: str) -> quick.Quick:
    return quick.Quick(**{**vars(service), "env": {**service.env, **env}})
