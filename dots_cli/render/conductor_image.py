"""The image of the conductor: what it is built from, and its name, which changes with that."""

from __future__ import annotations

import hashlib
from pathlib import Path

from dots_cli import __version__
from dots_cli.resources import conductor_package, shipped

REPOSITORY = "dots-conductor"
_FIXED = ("Dockerfile", "requirements.txt")


def conductor_image() -> str:
    """`dots-conductor:<version>-<8 hexadecimal digits>`, these out of what it is built from."""
    digest = hashlib.sha256()
    for name, content in _context().items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return f"{REPOSITORY}:{__version__}-{digest.hexdigest()[:8]}"


def write_context(folder: Path) -> None:
    """Write what the image is built from into a folder; OSError where that cannot be."""
    for name, content in _context().items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _context() -> dict[str, bytes]:
    """Every file by its path in the folder, in the same order everywhere."""
    package = conductor_package()
    files = {name: shipped("compose") / "conductor" / name for name in _FIXED}
    files |= {f"conductor/{file.name}": file for file in sorted(package.glob("*.py"))}
    # Line ends as in the repository, wherever it was checked out.
    return {name: file.read_bytes().replace(b"\r\n", b"\n") for name, file in files.items()}
