"""`python -m dots_cli` and the console script `dots`."""

from __future__ import annotations

import os
import sys

from dots_cli.app import app, end_unread


def main() -> None:
    """Run the command line and end the process with its exit code."""
    _open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A console that lacks a letter shows a question mark instead of ending the command.
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="dots")
    except SystemExit as ended:
        # Typer and rich, which print the help, call a reader that has gone a failure.
        if isinstance(ended.__context__, BrokenPipeError):
            end_unread()
        raise


def _open_missing_streams() -> None:
    """Who starts us may have closed what we read or write (`>&-`, some daemons): use nothing then.

    Else the next file that we or our children open would become that stream.
    """
    missing = [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]
    for descriptor in range(3 if missing else 0):
        try:
            os.fstat(descriptor)
        except OSError:
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != descriptor:
                os.dup2(nothing, descriptor)
                os.close(nothing)
            os.set_inheritable(descriptor, True)
    for name in missing:
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


if __name__ == "__main__":
    main()
