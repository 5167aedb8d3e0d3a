"""References to variables inside a plan: `${NAME}`, with `$$` for a literal dollar sign.

The notation of the Compose specification, so that a rendered stack can carry it unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\})")


def escape(text: str) -> str:
    """The text such that `resolve` gives it back as it is."""
    return text.replace("$", "$$")


def names(value: str) -> tuple[str, ...]:
    """The variables that a value refers to, in order."""
    return tuple(m["name"] for m in _TOKEN.finditer(value) if m["name"])


def resolve(value: str, variables: Mapping[str, str]) -> str:
    """The value with every reference filled in; KeyError names a variable that is missing."""
    return _TOKEN.sub(lambda m: "$" if m["dollar"] else variables[m["name"]], value)
