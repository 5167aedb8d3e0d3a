"""Names that a run gives: made from what the user wrote, the same each time."""

from __future__ import annotations

import base64
import re

_LONGEST = 24


def sanitised(service_name: str) -> str:
    """A service's name as it stands in the ids of its models (PROTOCOL: "What decides the models").

    Lower case; only a-z, 0-9, `-` and space are kept; what is no letter or digit is cut from the
    end; spaces become `-`. Empty where nothing is left.
    """
    kept = re.sub(r"[^a-z0-9\- ]", "", service_name.lower())
    return re.sub(r"[^a-z0-9]+$", "", kept).replace(" ", "-")


def model_id(service_name: str, number: int) -> str:
    """`<sanitised service name>-<number>`, numbers from 1."""
    return f"{sanitised(service_name)}-{number}"


def run_id(scenario_name: str, random: bytes) -> str:
    """`<scenario name>-<6 letters>` out of at least 4 random bytes; only a-z, 0-9 and `-`."""
    stem = re.sub(r"[^a-z0-9]+", "-", scenario_name.lower()).strip("-")[:_LONGEST].strip("-")
    suffix = base64.b32encode(random).decode("ascii").lower()[:6]
    return f"{stem or 'run'}-{suffix}"
