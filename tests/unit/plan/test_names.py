from __future__ import annotations

import re

import pytest

from dots_cli.plan.names import model_id, run_id, sanitised


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pvsystemservice", "pvsystemservice"),
        ("EnvironmentalProfiles", "environmentalprofiles"),
        ("My PV (new)", "my-pv-new"),
        ("pv_service!", "pvservice"),
        ("pv--", "pv"),
        ("pv -  ", "pv"),
        ("Wärme pumpe", "wrme-pumpe"),
        ("???", ""),
    ],
)
def test_a_name_is_sanitised_as_dots_does_it(name: str, expected: str) -> None:
    assert sanitised(name) == expected


def test_a_model_is_called_after_its_service() -> None:
    assert model_id("PV Service", 12) == "pv-service-12"


@pytest.mark.parametrize(
    ("scenario", "stem"),
    [
        ("small-test", "small-test"),
        ("Dorf Süd (2030)", "dorf-s-d-2030"),
        ("a" * 40, "a" * 24),
        ("x" * 23 + "-yz", "x" * 23),
        ("??", "run"),
    ],
)
def test_a_run_is_called_after_its_scenario(scenario: str, stem: str) -> None:
    found = run_id(scenario, b"\x00\xff\x10\x20")
    assert re.fullmatch(r"[a-z0-9-]{1,24}-[a-z2-7]{6}", found)
    assert found.rpartition("-")[0] == stem


def test_the_same_random_bytes_give_the_same_name() -> None:
    assert run_id("a", b"12345678") == run_id("a", b"12345678") != run_id("a", b"87654321")
