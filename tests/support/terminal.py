"""A real terminal: a `tmux` server of the test's own, with one window."""

from __future__ import annotations

import itertools
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import wait_for

_numbers = itertools.count()


class Terminal:
    """One window in which a command runs; afterwards it shows `exit code N`."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def screen(self) -> str:
        """What is on the screen now."""
        return self._tmux("capture-pane", "-p", "-t", "window").rstrip("\n")

    def scrollback(self) -> str:
        """Everything that can be scrolled back to, and the screen; wrapped lines are joined."""
        text = self._tmux("capture-pane", "-p", "-J", "-S", "-", "-t", "window")
        return "\n".join(line.rstrip() for line in text.splitlines()).rstrip("\n")

    def keys(self, *keys: str) -> None:
        """Press keys, named as tmux does: `C-c`, `Enter`, `C-z`, or text."""
        self._tmux("send-keys", "-t", "window", *keys)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        size = ("-x", str(columns), "-y", str(rows))
        self._tmux("resize-window", "-t", "window", *size)

    def close(self) -> None:
        """Close the window, as its corner cross does: SIGHUP to what runs in it."""
        self._tmux("kill-window", "-t", "window")

    def wait_for(self, text: str, seconds: float = 20) -> str:
        """Wait until the screen shows a text; returns the screen."""
        try:
            wait_for(lambda: text in self.screen(), seconds, f"{text!r} on the screen")
        except AssertionError as error:
            raise AssertionError(f"{error}, which shows\n{self.screen()}") from None
        return self.screen()

    def wait_for_prompt(self, text: str, seconds: float = 20) -> None:
        """Wait until the screen ends with a text: what is typed before goes in front of it."""
        try:
            wait_for(lambda: self.screen().endswith(text), seconds, f"{text!r} at the end")
        except AssertionError as error:
            raise AssertionError(f"{error} of the screen, which shows\n{self.screen()}") from None

    def wait_for_exit(self, seconds: float = 30) -> int:
        """Wait until the command has ended; its exit code."""
        self.wait_for("exit code ", seconds)
        return int(self.screen().rpartition("exit code ")[2].split()[0])

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self._socket), "-f", os.devnull, "-u", *arguments]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", check=True, stdin=subprocess.DEVNULL
        )
        return done.stdout


@contextmanager
def opened(
    command: Sequence[str],
    *,
    columns: int = 100,
    rows: int = 24,
    env: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """A terminal with the command running in it; closed at the end, with all that runs in it."""
    with tempfile.TemporaryDirectory(prefix="tmux-") as folder:
        terminal = Terminal(Path(folder) / f"{next(_numbers)}")
        variables = [f"{key}={value}" for key, value in dict(env or {}).items()]
        line = shlex.join(["env", *variables, *command])
        size = ("-x", str(columns), "-y", str(rows))
        terminal._tmux(
            *("new-session", "-d", "-s", "window", *size),
            *("sh", "-c", f"trap : INT QUIT; {line}; echo exit code $?; exec cat"),
            *(";", "set-option", "-g", "history-limit", "100000"),
        )
        try:
            yield terminal
        finally:
            subprocess.run(
                ["tmux", "-S", str(Path(folder) / terminal._socket.name), "kill-server"],
                capture_output=True,
                check=False,
            )
