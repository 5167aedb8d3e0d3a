"""Ids and names that a store would change or refuse, found before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.definition.located import Problems
from dots_cli.definition.model import EsdlObject
from dots_cli.definition.tags import LONGEST_KEY, RESERVE, check_tags

FILE = Path("house.esdl")
ROOM = LONGEST_KEY - RESERVE - len("PV")


def severities(identity: str, name: str) -> list[str]:
    problems = Problems()
    check_tags([EsdlObject("PV", identity, name, 3)], FILE, problems)
    assert all((p.file, p.line) == (FILE, 3) and len(p.message) < 200 for p in problems.found)
    return [problem.severity for problem in problems.found]


@pytest.mark.parametrize("identity", ["a\\b", "a\\", "a\nb", "a\r"])
def test_an_id_that_comes_back_changed_is_an_error(identity: str) -> None:
    assert severities(identity, "roof") == ["error"]


@pytest.mark.parametrize("name", ["roof\\", "roof\n\\", "a\rb"])
def test_a_name_that_stores_refuse_is_an_error(name: str) -> None:
    assert severities("pv", name) == ["error"]


@pytest.mark.parametrize("name", ["a\\b", "a\nb", "a\\ "])
def test_a_name_that_is_only_shown_differently_is_a_warning(name: str) -> None:
    assert severities("pv", name) == ["warning"]


@pytest.mark.parametrize("name", ["", "süd, a = b; 'c' \"d\"", " \t ", "日本"])
def test_other_names_are_fine(name: str) -> None:
    assert severities("urn:uuid/1-2.3", name) == []


def test_what_is_too_long_for_a_store_is_an_error_its_escapes_counted() -> None:
    assert severities("pv", "a" * (ROOM - 2)) == []
    assert severities("pv", "a" * (ROOM - 1)) == ["error"]
    assert severities("pv", "é" * (ROOM // 2 + 1)) == ["error"]
    assert severities("a" * (ROOM // 2), " " * (ROOM // 4 + 1)) == ["error"]
