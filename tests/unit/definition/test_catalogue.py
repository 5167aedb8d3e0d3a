"""The catalogue of published services holds together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import dots_cli.definition
from tests.support import DATA

FILE = Path(dots_cli.definition.__file__).with_name("catalogue.yaml")
SERVICES: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
KEYS = {
    "name",
    "esdl_type",
    "inputs_from",
    "repository",
    "commit",
    "image",
    "image_python",
    "infrastructure",
    "dialect",
    "calculations",
    "python",
    "system_packages",
    "command",
    "notes",
}


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: str(service["name"]))
def test_an_entry_says_everything_and_contradicts_nothing(service: dict[str, Any]) -> None:
    assert set(service) == KEYS
    assert service["repository"].startswith("https://github.com/dots-energy-services/")
    assert len(service["commit"]) == 40
    assert service["image"] == f"ghcr.io/dots-energy-services/{service['name']}:latest"
    old = version(service["infrastructure"]) <= (1, 0, 3)
    assert service["dialect"] == ("old" if old else "new")
    # dots-infrastructure speaks the new dialect from Python 3.12 on only.
    lowest = (3, 11) if old else (3, 12)
    assert lowest <= version(service["python"]) <= (3, 13)
    assert service["calculations"] >= 1
    assert service["command"][0] == "python"


def test_names_and_images_are_unique() -> None:
    assert len({service["name"] for service in SERVICES}) == len(SERVICES)


def test_what_services_take_inputs_from_is_published_too() -> None:
    published = {service["esdl_type"] for service in SERVICES}
    assert {name for service in SERVICES for name in service["inputs_from"]} <= published


def test_it_agrees_with_a_published_request() -> None:
    request = DATA / "dots-examples" / "small-test-post.json"
    if not request.is_file():
        pytest.skip("the published example request is not beside this checkout")
    asked = json.loads(request.read_text(encoding="utf-8"))["calculation_services"]
    known = {service["image"]: service for service in SERVICES}
    for entry in asked:
        service = known[entry["service_image_url"]]
        assert service["esdl_type"] == entry["esdl_type"]
        assert service["calculations"] == entry["amount_of_calculations"]
