"""Tables and sentences that fit into the window, or are taken apart where they can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.output import console
from dots_cli.output.pages import columns, wrapped
from tests.conftest import Dots
from tests.support import ROOT

ROWS = [
    ("SERVICE", "ESDL TYPE", "OBJECTS", "FROM"),
    ("pv", "PVInstallation", "12", "services/pv"),
    ("household", "EConnection", "2", ""),
]
RIGHT = [2]
WHOLE = [
    "SERVICE    ESDL TYPE       OBJECTS  FROM",
    "pv         PVInstallation       12  services/pv",
    "household  EConnection           2",
]


@pytest.mark.parametrize("window", [None, 200, 47])
def test_a_table_that_fits_is_in_one_piece(window: int | None) -> None:
    assert list(columns(ROWS, RIGHT, window)) == WHOLE


def test_what_does_not_fit_comes_below_its_row_with_its_name() -> None:
    assert list(columns(ROWS, RIGHT, 46)) == [
        "SERVICE    ESDL TYPE       OBJECTS",
        "pv         PVInstallation       12",
        "  from services/pv",
        "household  EConnection           2",
    ]
    assert list(columns(ROWS, RIGHT, 29)) == [
        "SERVICE    ESDL TYPE",
        "pv         PVInstallation",
        "  objects 12",
        "  from services/pv",
        "household  EConnection",
        "  objects 2",
    ]
    assert list(columns(ROWS, RIGHT, 30))[:3] == [
        "SERVICE    ESDL TYPE",
        "pv         PVInstallation",
        "  objects 12  from services/pv",
    ]


def test_a_window_that_is_narrower_than_any_table_loses_nothing() -> None:
    told = " ".join(columns(ROWS, RIGHT, 5))
    assert all(cell in told for row in ROWS[1:] for cell in row)


def test_a_sentence_is_broken_between_words_alone() -> None:
    text = "services/household-connection with a.yaml"
    assert list(wrapped(text, None)) == [text]
    assert list(wrapped(text, 30)) == ["services/household-connection", "  with a.yaml"]
    assert list(wrapped(text, 22)) == ["services/household-connection", "  with a.yaml"]
    assert list(wrapped("", 30)) == [""]


@pytest.mark.parametrize("command", ["plan", "validate"])
def test_the_example_fits_into_eighty_letters_and_says_the_same(
    command: str, run_dots: Dots, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = Path("examples", "two-houses", "scenario.esdl")

    def told(window: int | None) -> str:
        monkeypatch.setattr(console, "window", lambda: window)
        return run_dots(command, scenario, cwd=ROOT, check=0).stdout

    narrow, wide = told(80), told(None)
    assert max(map(len, narrow.splitlines())) <= 80
    headings = {"CALCULATIONS", "FROM"}  # which are words below each row there
    assert set(wide.split()) - headings <= set(narrow.split())
