"""Everything about processes that differs between Linux, macOS and Windows.

A process that belongs to a run leads a group of its own, so that what it starts ends with it and
a Ctrl-C in the terminal does not reach it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

POLL = 0.02

RUN_MARK = "DOTS_RUN"
"""The variable that every process of a run has in its environment: the run's folder."""


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: int | IO[Any] = subprocess.DEVNULL,
    stdout: int | IO[Any] = subprocess.DEVNULL,
    stderr: int | IO[Any] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a process as the leader of a group of its own. OSError as `subprocess.Popen`."""
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        options = {"creationflags": flags}
    return subprocess.Popen(
        list(argv),
        env=None if env is None else dict(env),
        cwd=cwd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        **options,
    )


def ask_to_end(pid: int) -> None:
    """SIGTERM to a process group; on Windows the console event Ctrl-Break."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            os.kill(pid, signal.CTRL_BREAK_EVENT)
        else:
            os.killpg(pid, signal.SIGTERM)


def kill(pid: int) -> None:
    """End a process group at once, with everything that it started."""
    if sys.platform == "win32":
        command = ["taskkill", "/F", "/T", "/PID", str(pid)]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    else:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def group_is_there(pid: int) -> bool:
    """Whether any process of that group is left (a zombie nobody has waited for counts)."""
    if sys.platform == "win32":
        import psutil

        return psutil.pid_exists(pid)
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_until_gone(pids: Sequence[int], seconds: float) -> list[int]:
    """Wait for process groups to end; returns those that are still there after `seconds`."""
    deadline = time.monotonic() + seconds
    left = [pid for pid in pids if group_is_there(pid)]
    while left and time.monotonic() < deadline:
        time.sleep(POLL)
        left = [pid for pid in left if group_is_there(pid)]
    return left


def cpu_seconds(pid: int) -> float:
    """User and system time that a process and its children have used; 0 where it is gone.

    It falls when a child ends.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        family = process.children(recursive=True)
        used = float(sum(process.cpu_times()[:2]))
    except psutil.Error:
        return 0.0
    for member in family:
        with contextlib.suppress(psutil.Error):  # it has ended since
            used += sum(member.cpu_times()[:2])
    return used


def marked_with(run: str) -> list[int]:
    """Processes of this user that belong to the run in that folder, whoever started them.

    A process that has cleared its environment is not found.
    """
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            mine = process.environ().get(RUN_MARK) == run
            if mine and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def with_variables(wanted: Mapping[str, str], since: float) -> list[int]:
    """Processes of this user, started since then (seconds since 1970), that have these variables.

    A process whose variables the system does not show is not found.
    """
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if process.create_time() < since or process.status() == psutil.STATUS_ZOMBIE:
                continue
            around = process.environ()
        except (psutil.Error, OSError):
            continue
        if all(around.get(name) == value for name, value in wanted.items()):
            found.append(process.pid)
    return found


def end_processes(pids: Sequence[int], seconds: float) -> list[int]:
    """End processes at once, not their groups; returns those still there after `seconds`.

    A zombie that its parent has not waited for is not there any more.
    """
    import psutil

    deadline = time.monotonic() + seconds
    left = list(pids)
    for pid in left:
        with contextlib.suppress(psutil.Error):
            psutil.Process(pid).kill()
    while left := [pid for pid in left if _is_there(pid)]:
        if time.monotonic() > deadline:
            break
        time.sleep(POLL)
    return left


def _is_there(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def describe_exit(code: int) -> str:
    """An exit code in words: `exited with code 1`, `was killed (SIGKILL)`."""
    if code < 0:
        try:
            return f"was killed ({signal.Signals(-code).name})"
        except ValueError:
            return f"was killed (signal {-code})"
    if code == 137:
        return "was killed (exit code 137)"
    return f"exited with code {code}"


def is_locked(path: Path) -> bool:
    """Whether another process holds the `filelock` of that file. Changes nothing, never waits.

    On POSIX a shared lock is tried, so that two who look at once do not take each other for the
    owner; Windows has no such thing: there a lock that seems held is tried once more.
    """
    if sys.platform == "win32":
        import filelock

        for _ in range(2):
            if not path.exists():
                return False
            try:
                with filelock.FileLock(path, timeout=0):
                    return False
            except (filelock.Timeout, OSError):
                time.sleep(POLL)
        return True
    import fcntl

    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True  # somebody else's, to be left alone
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
