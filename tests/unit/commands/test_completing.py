"""What the shell offers when Tab is pressed, asked as bash and zsh ask."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dots_cli.commands import completing
from dots_cli.definition.glance import glimpse
from tests.support import ROOT, quick
from tests.support.acting import make_run

EXAMPLE = ROOT / "examples" / "two-houses" / "scenario.esdl"


def offered(*words: str, cwd: Path | None = None) -> list[str]:
    """The offers for the last word, which may be empty."""
    asked = {
        "_DOTS_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["dots", *words]),
        "COMP_CWORD": str(len(words)),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "dots_cli"],
        env=dict(os.environ) | asked,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_verbs() -> None:
    assert offered("sta") == ["status"]


@pytest.mark.parametrize(
    "verb",
    ["attach", "delete", "export", "pause", "results", "resume", "status", "stop", "teardown"],
)
def test_every_verb_that_takes_a_run_offers_ids_and_names(verb: str) -> None:
    make_run("two-houses-aaaaaa", name="first", created=1.0)
    make_run("two-houses-bbbbbb", name="first", created=2.0)
    assert offered(verb, "") == ["two-houses-bbbbbb", "two-houses-aaaaaa", "first"]
    assert offered(verb, "fi") == ["first"]


def test_models_are_those_of_the_run_that_is_named_or_else_of_the_newest() -> None:
    make_run("old-aaaaaa", models=["heat-1"], created=1.0)
    make_run("new-aaaaaa", created=2.0)
    others = ["conductor", "store", "supervisor"]
    assert offered("logs", "") == ["pv-1", "pv-2", "weather-1", *others]
    assert offered("logs", "--run", "old-aaaaaa", "") == ["heat-1", *others]
    assert offered("logs", "--run", "o") == ["old-aaaaaa"]


def test_services_and_their_variables() -> None:
    scenario = str(EXAMPLE)
    assert offered("run", scenario, "--set", "w") == ["weather."]
    assert offered("run", scenario, "--set", "weather.C") == ["weather.CLOUD_COVER="]
    assert offered("run", scenario, "--duration", "1h", "--set", "p") == ["pv."]


def test_models_that_somebody_wants_to_start() -> None:
    assert offered("run", str(EXAMPLE), "--external", "pv") == ["pv-1", "pv-2"]


def test_services_of_a_request(tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text('{"calculation_services": [{"calc_service_name": "pv"}]}')
    assert offered("run", str(request), "--set", "") == ["pv."]
    assert offered("run", str(request), "--external", "") == ["pv-1"]


def test_services_of_a_definition_that_lies_elsewhere(tmp_path: Path) -> None:
    quick.write(tmp_path)
    definition = str(tmp_path / "scenario.services.yaml")
    wanted = ["weather.", "pv.", "house."]
    assert offered("run", str(EXAMPLE), "--services", definition, "--set", "") == wanted


def test_examples() -> None:
    assert offered("init", "--example", "") == ["two-houses"]


def test_nothing_is_offered_where_there_is_nothing(tmp_path: Path) -> None:
    assert offered("status", "") == []
    assert offered("logs", "") == []
    assert offered("run", "missing.esdl", "--set", "", cwd=tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "[", "services: 3", "services: [pv, {}, {name: [x]}]", "calculation_services: {}"),
        *("\x00", "services: &a {<<: *a}", "[" * 100_000 + "]" * 100_000),
    ],
    ids=range(8),
)
def test_a_definition_that_is_wrong_offers_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "services.yaml"
    path.write_text(text, encoding="utf-8")
    assert glimpse(path) == []
    assert glimpse(tmp_path / "missing.yaml") == []


def test_a_request_has_services_too(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(
        '{"calculation_services": [{"calc_service_name": "PV Service", "nr_of_models": 2,'
        ' "additional_environment_variables": [{"name": "TILT", "value": "1"}]}]}',
        encoding="utf-8",
    )
    (service,) = glimpse(path)
    assert service.name == "PV Service"
    assert service.variables == ("TILT",)
    assert service.models == ("pv-service-1", "pv-service-2")


def test_a_completion_imports_nothing_heavy() -> None:
    make_run()
    program = (
        "import sys; sys.argv = ['dots']\n"
        "import dots_cli.__main__\n"
        "try: dots_cli.__main__.main()\n"
        "finally: print([m for m in ('pydantic', 'rich', 'esdl', 'helics') if m in sys.modules])\n"
    )
    asked = {"_DOTS_COMPLETE": "complete_bash", "COMP_WORDS": "dots status ", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=dict(os.environ) | asked,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == ["two-houses-ab12cd", "[]"]


def test_what_goes_wrong_is_no_business_of_somebody_who_types() -> None:
    assert completing.runs(None, "") == []  # type: ignore[arg-type]
    assert completing.planned_models(None, "") == []  # type: ignore[arg-type]
