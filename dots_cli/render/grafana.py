"""Where Grafana shows a run: the dashboard at its run and its simulated time."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from dots_cli.plan.model import Simulation

DASHBOARD = "dots-run"
"""The uid of the dashboard, as templates/grafana/run.json has it."""


def dashboard_path(run_id: str, simulation: Simulation) -> str:
    """Path and query below Grafana's address: the run chosen, the time range that of the run.

    Simulated time has no zone; the models write it as if it were UTC, and so it is shown.
    """
    start = _milliseconds(simulation.start)
    query = {"var-run": run_id, "from": start, "to": start + simulation.duration * 1000}
    return f"/d/{DASHBOARD}?{urlencode(query)}"


def _milliseconds(when: datetime) -> int:
    return round(when.replace(tzinfo=UTC).timestamp() * 1000)
