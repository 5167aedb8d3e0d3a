"""However narrow the window is, no figure loses a digit."""

from __future__ import annotations

from datetime import datetime

import pytest
from rich.console import Console

from dots_cli.output import console, results
from dots_cli.results.interface import FieldSummary, Summary

BEGIN, END = datetime(2024, 7, 15), datetime(2024, 7, 16)


def field(esdl_type: str, name: str, unit: str | None, *figures: float | None) -> FieldSummary:
    return FieldSummary(esdl_type, name, "float", unit, 1, 3086, BEGIN, END, *figures)


FIELDS = (
    field("PVInstallation", "current_pv_power_production", "W", 132.164, 11662.1, 30864.0),
    field("PVInstallation", "on", None, None, None, None),
    field("HeatPump", "p", "kWh/m2", -1.23457e-12, 123457e12, 987654.0),
)


@pytest.mark.parametrize("columns", [200, 120, 80, 72, 60, 45, 30])
def test_no_figure_loses_a_digit_in_a_window_of_any_width(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "result", lambda: Console(width=columns, markup=False))
    results.print_summary(Summary(FIELDS, 0, 0))
    shown = capsys.readouterr().out
    words = shown.split()
    for figure in ("132.164", "11662.1", "30864", "-1.23457e-12", "1.23457e+17", "987654"):
        assert figure in words, shown
    assert words.count("3,086") == 3
    for name in ("points", "min", "mean", "max"):
        assert name in words
    if columns >= 60:
        headings = ("PVInstallation:", "HeatPump:")
        lines = [line for line in shown.splitlines() if not line.startswith(headings)]
        assert max(map(len, lines)) <= columns
        whole = "current_pv_power_production"
        assert whole in shown or (whole[:8] in shown and "duction" in shown), shown
