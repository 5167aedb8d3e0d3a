"""Every benchmark after the other, and a table of what came of the goals.

    python benchmarks/all.py [--quick] [NAME...]

Exit code 1 where a goal is missed or a benchmark fails. With `--quick` each only shows that it
runs.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from measured import MARK, QUICK, load

HERE = Path(__file__).parent
HELPERS = {"all", "generated", "measured", "runs", "stamped"}
HEAD = ("figure", "ours", "peer", "ratio", "goal", "came")


def main() -> int:
    """Run those named, or all; print what each says as it comes, and the table at the end."""
    known = sorted(file.stem for file in HERE.glob("*.py") if file.stem not in HELPERS)
    wanted = [word for word in sys.argv[1:] if not word.startswith("--")] or known
    if unknown := sorted(set(wanted) - set(known)):
        raise SystemExit(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}")
    rows: list[tuple[str, ...]] = [HEAD]
    failed = False
    before = load()
    for name in wanted:
        print(f"-- {name}", flush=True)
        said, code = run(name)
        rows += said
        failed |= code != 0
        if not said:
            rows.append((name, "-", "-", "-", "-", "ran" if code == 0 else f"exit code {code}"))
    print()
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)))
    print(f"before: {before}\nafter:  {load()}")
    return int(failed)


def run(name: str) -> tuple[list[tuple[str, ...]], int]:
    """One benchmark in a process of its own: its figures and its exit code."""
    begin = time.monotonic()
    rows: list[tuple[str, ...]] = []
    command = [sys.executable, str(HERE / f"{name}.py"), *(["--quick"] if QUICK else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith(MARK):
                rows.append(tuple(line.removeprefix(MARK).strip().split(" | ")))
            else:
                print(line, end="", flush=True)
    print(f"   {time.monotonic() - begin:.0f} s", flush=True)
    return rows, process.returncode


if __name__ == "__main__":
    sys.exit(main())
