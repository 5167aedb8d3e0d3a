"""Ends a run whose supervisor was killed. One small process per run; while it waits, it has
nothing loaded but the standard library.

It reads lines from the supervisor on stdin: `+ PID ROLE` when a process group was started, `- PID`
when it has ended, `containers` when the run has some, `done` when the run is over. If the pipe
breaks without `done`, the supervisor is gone: the guard ends every group that is left, models
before the store, and the containers of the run, and writes the verdict.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

from dots_cli.runtime import os_processes

GRACE = 0.7
MESSAGE = "the supervisor of the run was killed; its guard ended what was left"
SUPERVISOR_EXIT_CODE = 11


def main(folder: Path) -> None:
    """Watch until the run is over or the supervisor is gone."""
    _ignore_signals()
    groups: dict[int, str] = {}
    containers = False
    for line in sys.stdin:
        words = line.split()
        if words[:1] == ["done"]:
            return
        if words[:1] == ["+"]:
            groups[int(words[1])] = words[2]
        elif words[:1] == ["-"]:
            groups.pop(int(words[1]), None)
        elif words[:1] == ["containers"]:
            containers = True
    end(groups)
    if containers:
        end_containers(folder.name)
    end_strays(folder)
    write_verdict(folder)


def end(groups: dict[int, str]) -> None:
    """Ask every group but the store's to end, then end them all."""
    workers = [pid for pid, role in groups.items() if role != "store"]
    stores = [pid for pid, role in groups.items() if role == "store"]
    for pid in workers:
        os_processes.ask_to_end(pid)
    for pid in os_processes.wait_until_gone(workers, GRACE) + stores:
        os_processes.kill(pid)
    os_processes.wait_until_gone([*workers, *stores], GRACE)


def end_containers(run_id: str) -> None:
    """End the containers of the run, which stay for `dots teardown` to remove."""
    from dots_cli.errors import DotsError
    from dots_cli.runtime.containers import cleanup
    from dots_cli.runtime.containers.engine import Engine

    try:
        with Engine.connect() as engine:
            cleanup.end_run(engine, run_id, GRACE)
    except DotsError as error:
        print(f"the containers of {run_id} cannot be ended: {error}", file=sys.stderr)


def end_strays(folder: Path) -> None:
    """End what no line told of: started in the supervisor's last moment, or out of its group."""
    os_processes.end_processes(os_processes.marked_with(str(folder)), GRACE)


def write_verdict(folder: Path, message: str = MESSAGE) -> None:
    """`verdict.json` and its event, unless the supervisor had still written them."""
    if (folder / "verdict.json").exists() or not folder.exists():
        return
    (folder / "reserve").unlink(missing_ok=True)
    verdict = {
        "verdict": "failed",
        "cause": "supervisor",
        "model": None,
        "message": message,
        "exit_code": SUPERVISOR_EXIT_CODE,
    }
    draft = folder / ".verdict.json.guard"
    draft.write_text(json.dumps(verdict, indent=1), encoding="utf-8")
    draft.replace(folder / "verdict.json")
    event = {"at": round(time.time(), 3), "event": "verdict_reached"} | verdict
    # The supervisor may have been cut off in the middle of a line.
    with (folder / "events.jsonl").open("a", encoding="utf-8", newline="\n") as events:
        events.write("\n" + json.dumps(event) + "\n")


def _ignore_signals() -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
