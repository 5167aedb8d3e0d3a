"""Which data the platform's passwords open: one folder's may serve several engines and names.

The places are listed beside the passwords, as a variable; a place is an engine and a project.
Folders of older versions lack it.
"""

from __future__ import annotations

from collections.abc import Mapping

OPENS = "OPENS"
"""The variable's name."""

_ELSEWHERE = "elsewhere"
"""Data that an older version has made, nobody knows where."""


def place_of(engine: str, project: str) -> str:
    """One place: an engine's identity and the name of a project there."""
    return f"{engine}/{project}"


def places(variables: Mapping[str, str]) -> list[str]:
    """Those that the passwords are known to open; none where an older version has written them."""
    return [place for place in variables.get(OPENS, "").split(",") if place]


def with_place(variables: Mapping[str, str], place: str, *, has_data: bool) -> dict[str, str]:
    """The variables when their passwords are used in a place; `has_data` where there is some."""
    known = places(variables)
    if OPENS not in variables and not has_data:
        known.append(_ELSEWHERE)
    return {**variables, OPENS: ",".join(dict.fromkeys([*known, place]))}


def without_place(variables: Mapping[str, str], place: str, *, had_data: bool) -> dict[str, str]:
    """The variables when there is no data in a place any more; `had_data` where there was some.

    They open nothing any more where `places` is empty then.
    """
    left = places(variables)
    if place in left:
        left.remove(place)
    elif had_data and _ELSEWHERE in left:
        left.remove(_ELSEWHERE)
    elif not had_data and OPENS not in variables:
        left.append(_ELSEWHERE)
    return {**variables, OPENS: ",".join(left)}


def in_words(variables: Mapping[str, str], engine: str) -> str:
    """What data the passwords open, for somebody who works with that engine."""
    words = []
    for place in places(variables):
        there, _, project = place.rpartition("/")
        where = "this engine" if there == engine else "another engine"
        words.append(f"{project} on {where}" if project != _ELSEWHERE else "another platform")
    return ", ".join(words)
