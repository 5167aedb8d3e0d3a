"""Names that a run gives: made from what the user wrote, the same each time."""

from __future__ import annotations

import base64
import re

from dots_cli.definition.model import sanitised

_LONGEST = 24


def model_id(service_name: str, number: int) -> str:
    """`<sanitised service name>-<number>`, numbers from 1."""
    return f"{sanitised(service_name)}-{number}"


def run_id(scenario_name: str, random: bytes) -> str:
    """`<scenario name>-<6 letters>` out of at least 4 random bytes; only a-z, 0-9 and `-`."""
    stem = re.sub(r"[^a-z0-9]+", "-", scenario_name.lower()).strip("-")[:_LONGEST].strip("-")
    suffix = base64.b32encode(random).decode("ascii").lower()[:6]
    return f"{stem or 'run'}-{suffix}"
