"""`python -m <this package> SETTINGS.json [--control] [--ready FILE]`: conduct one federation.

Exit codes: 0 the simulation ended or was stopped on request, 1 it failed, 2 whoever started the
conductor is gone.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from . import descriptors, settings
from .failure import Failure
from .speak import ReadySpeaker, take_stdout


def main() -> int:
    """Conduct; the exit code."""
    parser = argparse.ArgumentParser(description="Conducts one DOTS federation.")
    parser.add_argument("settings", type=Path, help="JSON file that says what to conduct")
    parser.add_argument("--control", action="store_true", help="obey JSON lines on stdin")
    parser.add_argument("--ready", type=Path, help="file to make when models can knock")
    arguments = parser.parse_args()
    speaker = take_stdout()
    say = ReadySpeaker(speaker, arguments.ready) if arguments.ready else speaker
    try:
        told = settings.read(arguments.settings)
    except Failure as failure:
        say("failed", kind=failure.kind, models=[], message=failure.message, hint=failure.hint)
        return 1
    descriptors.raise_limit()
    # Imported only now: HELICS prints to stdout from its first call on.
    from .conduct import Conductor

    conductor = Conductor(told, say)
    conductor.obey_signals()
    if arguments.control:
        conductor.listen_to(sys.stdin.buffer)
    return conductor.run()


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Threads can still sit in HELICS, where a question to a killed model blocks for 24 s.
    os._exit(code)
