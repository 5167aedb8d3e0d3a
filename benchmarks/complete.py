"""What the Tab key costs: the completion of runs, models and services in a shell.

    python benchmarks/complete.py [--quick]

Prints the best of several times of each, beside two hundred runs; at most 150 ms.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from measured import QUICK, best_of, conclude, figure, load

LONGEST = 0.15
RUNS = 3 if QUICK else 200
EXAMPLE = Path(__file__).parent.parent / "examples" / "two-houses" / "scenario.esdl"
WORDS = {
    "runs": ["status", ""],
    "models": ["logs", ""],
    "services": ["run", str(EXAMPLE), "--set", ""],
}


def main() -> int:
    """Measure and print; 1 where the goal is missed."""
    figures = []
    with tempfile.TemporaryDirectory() as home:
        _make_runs(Path(home) / "runs")
        os.environ["DOTS_HOME"] = home
        for name, words in WORDS.items():
            os.environ |= {
                "_DOTS_COMPLETE": "complete_bash",
                "COMP_WORDS": " ".join(["dots", *words]),
                "COMP_CWORD": str(len(words)),
            }
            (done,) = best_of(1 if QUICK else 9, [sys.executable, "-m", "dots_cli"])
            print(f"{name:<9} {done.seconds:.3f} s, {done.processor:.3f} s on a processor")
            figures.append(figure(f"complete {name}", done.seconds, None, LONGEST))
    print(load())
    return conclude(*figures)


def _make_runs(folder: Path) -> None:
    for n in range(RUNS):
        run = folder / f"two-houses-{n:06d}"
        run.mkdir(parents=True)
        about = {"format": 1, "run_id": run.name, "name": f"try-{n}", "created": float(n)}
        (run / "run.json").write_text(json.dumps(about), encoding="utf-8")
        models = [{"id": f"pv-{m}"} for m in range(60)]
        (run / "plan.json").write_text(json.dumps({"models": models}), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
