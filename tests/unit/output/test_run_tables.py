"""The list of runs has a line for each, whatever the window is like."""

from __future__ import annotations

import pytest
from rich.console import Console

from dots_cli.output import console, run_tables
from dots_cli.runs.state import RunState
from dots_cli.runtime.events import VerdictReached

STOPPED = VerdictReached(
    at=1.7e9 + 60, verdict="stopped", cause="user", model=None, message="by you", exit_code=10
)
RUNS = [
    RunState(
        run_id=f"two-houses-ab12c{index}",
        name="a name that is rather long" if index == 1 else None,
        scenario="/data/two houses with a long name.esdl",
        phase="ended",
        created=1.7e9,
        verdict=STOPPED,
    )
    for index in range(3)
]


@pytest.mark.parametrize("columns", [200, 100, 80, 60, 40, 25])
def test_a_run_takes_one_line_and_no_column_is_torn_apart(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "result", lambda: Console(width=columns, markup=False))
    run_tables.print_runs(RUNS)
    head, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [state.run_id for state in RUNS]
    for line in lines:
        assert "stopped" in line
    if columns >= 40:
        assert max(map(len, (head, *lines))) <= columns
    if columns == 100:
        assert "two houses wit" in lines[0]
    if columns >= 80:
        assert "started" in head
    if columns == 200:
        assert head.split() == ["run", "name", "state", "scenario", "started", "took"]
        assert "a name that is rather long" in lines[1]
        assert "two houses with a long name.esdl" in lines[1]


def test_a_column_without_a_name_in_it_makes_room_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "result", lambda: Console(width=60, markup=False))
    run_tables.print_runs(RUNS[:1])
    assert capsys.readouterr().out.split("\n")[0].split() == ["run", "state", "started", "took"]
