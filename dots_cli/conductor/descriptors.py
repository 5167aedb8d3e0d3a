"""How many files and sockets this process may have open; a federation takes about six a model."""

from __future__ import annotations

import contextlib
import errno
import sys

from .failure import Failure

ENOUGH = 65_536
"""More than any federation takes; some systems allow 2^30, and tables grow with it."""
MACOS = 10_240
"""macOS names no limit as the hard one, and then refuses what is above OPEN_MAX."""
_EXHAUSTED = (errno.EMFILE, errno.ENFILE)


def raise_limit() -> None:
    """Allow ourselves as many as may be allowed; where that fails, the limit stays as it is."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MACOS if sys.platform == "darwin" else ENOUGH
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def check(error: OSError) -> None:
    """`Failure` where a socket was not opened because there are too many, else nothing."""
    failure = exhausted(error)
    if failure is not None:
        raise failure from error


def exhausted(error: BaseException) -> Failure | None:
    """What to say of an error where it comes of too many open files; None for any other."""
    if not isinstance(error, OSError) or error.errno not in _EXHAUSTED:
        return None
    return Failure(
        "descriptors",
        f"the conductor cannot take another connection: {error.strerror}",
        "Allow more open files (`ulimit -Hn` shows the most you may, `ulimit -n 65536` sets "
        "it) and start the run again; the conductor takes about six a model.",
    )
