"""What a run costs before its first model starts, when only the code of a service has changed.

    python benchmarks/edit.py [--quick]

Writes a service with `dots new`, runs it so that its environment is there, then edits it before
each of three runs. Prints the best: from the run's beginning to its first process, at most 1 s.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measured import QUICK, conclude, figure, load

LONGEST = 1.0
DOTS = [sys.executable, "-m", "dots_cli"]


def main() -> int:
    """Measure and print; 1 where the goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DOTS_CACHE"] = str(Path(folder) / "cache")
        os.environ["DOTS_HOME"] = str(Path(folder) / "home")
        target = Path(folder) / "heat-pump"
        _run("new", "service", "heat-pump", "-o", str(target), "--yes")
        scenario = target / "example" / "scenario.esdl"
        formulas = target / "src" / "heat_pump_service" / "formulas.py"
        took = []
        for n in range(2 if QUICK else 4):
            with formulas.open("a", encoding="utf-8") as code:
                code.write(f"\nEDITED = {n}\n")
            run = _run("run", str(scenario), "--runtime", "process", "--duration", "1h", "--json")
            took.append(_until_started(run.splitlines()))
    print(f"first run  {took[0]:.3f} s (its environment is made)")
    print(f"edited     {', '.join(f'{seconds:.3f}' for seconds in took[1:])} s")
    print(load())
    return conclude(figure("run after an edit", min(took[1:]), None, LONGEST))


def _run(*arguments: str) -> str:
    done = subprocess.run([*DOTS, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"dots {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _until_started(lines: list[str]) -> float:
    first = {event["event"]: event["at"] for event in map(json.loads, reversed(lines))}
    return float(first["process_started"] - first["run_started"])


if __name__ == "__main__":
    sys.exit(main())
