"""Finds the files that come with the tool, from a checkout and from an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(kind: str) -> Path:
    """The folder `templates`, `compose` or `examples` that belongs to this code."""
    from_wheel = _PACKAGE / "_shipped" / kind
    return from_wheel if from_wheel.is_dir() else _PACKAGE.parent / kind


SCHEMA = _PACKAGE / "definition" / "services.schema.json"
"""The JSON schema of the service definition, as `dots schema` prints it."""


def conductor_package() -> Path:
    """The folder of the conductor's code, which is copied into its image."""
    return _PACKAGE / "conductor"
