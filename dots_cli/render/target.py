"""Where a user wants something written: what goes wrong there becomes an error they can act on."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dots_cli.errors import DotsError, EnvironmentFailure, UsageError

_NOT_THERE = {errno.ENOTDIR, errno.EEXIST, errno.ENOENT}


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Around whatever makes, looks at or fills a file or a folder that the user has named.

    UsageError where something on the way there is no folder, EnvironmentFailure for every other
    OSError.
    """
    try:
        yield
    except OSError as error:
        raise _refusal(target, error) from error


def require_file_name(path: Path) -> None:
    """UsageError where a file is to be written and that is a folder."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder", f"Name a file in it, like {path / 'FILE'}.")


def _refusal(target: Path, error: OSError) -> DotsError:
    place = Path(error.filename) if isinstance(error.filename, str) else target
    if error.errno in _NOT_THERE:
        for path in (place, *place.parents):
            if path.is_symlink() and not path.exists():
                return UsageError(
                    f"{path} is a link to what does not exist: {path.readlink()}",
                    "Make that folder or remove the link, or name another place to write to.",
                )
            if path.exists() and not path.is_dir():
                return UsageError(f"{path} is not a folder", "Name another place to write to.")
    hint = "Free space or fix the rights there, or name another place to write to."
    return EnvironmentFailure(f"cannot write {target}: {_reason(error)}", hint)


def _reason(error: OSError) -> str:
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        _, place, why = error.args[0][0]
        return f"{place}: {why}"
    return error.strerror or str(error)
