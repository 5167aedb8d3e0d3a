"""The dashboard as Grafana uses it: queries with their variables filled in as Grafana does.

How: https://grafana.com/docs/grafana/latest/datasources/influxdb/template-variables/ and "Variable
syntax". What a person chose of a variable with several values goes into a regular expression.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support import ROOT

DASHBOARD: dict[str, Any] = json.loads(
    (ROOT / "templates" / "grafana" / "run.json").read_text(encoding="utf-8")
)
VARIABLES: list[dict[str, Any]] = DASHBOARD["templating"]["list"]
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]

ALL = "$__all"

Chosen = Mapping[str, str | Sequence[str]]
"""What is chosen of each variable; several values only where the variable allows it."""


def variable(name: str) -> dict[str, Any]:
    """The variable of that name."""
    (found,) = (item for item in VARIABLES if item["name"] == name)
    return found


def queries() -> list[str]:
    """Every query of a variable or panel."""
    asked = [item["query"] for item in VARIABLES]
    return asked + [target["query"] for panel in PANELS for target in panel["targets"]]


def filled(
    query: str, chosen: Chosen, *, start: int = 0, end: int = 2**41, interval: str = "1s"
) -> str:
    """A query as it is sent; times in milliseconds since 1970. KeyError for a forgotten value."""
    builtin = {
        "timeFilter": f"time >= {start}ms and time <= {end}ms",
        "__interval": interval,
    }

    def value(found: re.Match[str]) -> str:
        name = found["braced"] or found["plain"]
        if name in builtin:
            return builtin[name]
        given = chosen[name]
        if found["form"] == "raw":
            assert isinstance(given, str), f"{name} has several values and no place for them"
            return given
        return _interpolated(variable(name), given)

    return re.sub(r"\$(?:\{(?P<braced>\w+)(?::(?P<form>\w+))?\}|(?P<plain>\w+))", value, query)


def _interpolated(item: Mapping[str, Any], given: str | Sequence[str]) -> str:
    if given == ALL:
        return str(item["allValue"])
    if not item["multi"]:
        assert isinstance(given, str), f"{item['name']} takes one value"
        return given
    if isinstance(given, str):
        return _escaped(given)
    return f"({'|'.join(_escaped(one) for one in given)})"


def _escaped(text: str) -> str:
    return re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", text)
