"""Which packages of the system are missing: a Debian machine knows, elsewhere programs tell."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable

PROGRAMS = {
    "glpk-utils": "glpsol",
    "coinor-cbc": "cbc",
    "coinor-libipopt-dev": "ipopt",
    "graphviz": "dot",
    "default-jre": "java",
    "default-jdk": "javac",
    "build-essential": "gcc",
    "gcc": "gcc",
    "g++": "g++",
    "git": "git",
    "curl": "curl",
    "wget": "wget",
}
"""What a Debian package is there for, where that is one program."""


def missing(packages: Iterable[str]) -> tuple[str, ...]:
    """Those packages that this machine is known to lack; what cannot be told counts as there."""
    return tuple(package for package in packages if not _is_there(package))


def how_to_get(packages: Iterable[str]) -> str:
    """What is missing, and what to do."""
    names = " ".join(packages)
    return (
        f"its Dockerfile installs {names}, which this machine lacks; install it"
        f" (on Debian and Ubuntu: apt-get install {names})"
    )


def _is_there(package: str) -> bool:
    program = PROGRAMS.get(package)
    if program and shutil.which(program):
        return True
    query = shutil.which("dpkg-query")
    if query is None:
        return program is None
    command = [query, "--show", "--showformat", "${db:Status-Status}", package]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    return asked.stdout.strip() == "installed"
