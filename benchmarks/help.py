"""`dots --help` against an empty Typer app's.

    python benchmarks/help.py [--quick]

Prints the ratio of the times, at most 1.5: the best of several runs, taken in turns.
"""

from __future__ import annotations

import sys

from measured import QUICK, best_of, conclude, figure, load

LARGEST_RATIO = 1.5
EMPTY = """\
import typer
app = typer.Typer()
@app.command()
def one() -> None: ...
@app.command()
def two() -> None: ...
app(["--help"])
"""


def main() -> int:
    """Measure and print; 1 where the goal is missed."""
    empty, dots = best_of(
        1 if QUICK else 9,
        [sys.executable, "-c", EMPTY],
        [sys.executable, "-m", "dots_cli", "--help"],
    )
    ratio = dots.seconds / empty.seconds
    print(f"empty Typer app  {empty.seconds:.3f} s")
    print(f"dots --help      {dots.seconds:.3f} s")
    print(f"ratio            {ratio:.2f} (goal: at most {LARGEST_RATIO})")
    on_processor = dots.processor / empty.processor
    print(f"processor time   {on_processor:.2f} (the ratio that a busy machine disturbs less)")
    print(load())
    return conclude(figure("dots --help", dots.seconds, empty.seconds, LARGEST_RATIO))


if __name__ == "__main__":
    sys.exit(main())
