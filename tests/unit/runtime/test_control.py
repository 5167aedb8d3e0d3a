"""Requests to a supervisor: taken once, in order, and what is none hurts nobody."""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path

import pytest

from dots_cli.render.run_folder import RunFolder
from dots_cli.runtime import control
from dots_cli.runtime.control import Request


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run-abcdef")


def take(folder: RunFolder) -> tuple[list[Request], list[str]]:
    told: list[str] = []
    return control.take(folder, told.append), told


def test_requests_are_taken_once_and_in_order(folder: RunFolder) -> None:
    folder.path.mkdir()
    asked = [Request("pause", at=3600.0), Request("resume"), Request("stop", "interrupted", True)]
    for request in asked:
        control.send(folder, request)
    assert take(folder) == (asked, [])
    assert take(folder) == ([], [])


def test_requests_of_one_moment_do_not_replace_each_other(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the clock of Windows has them, which steps by 15 ms; other processes send, too."""
    folder.path.mkdir()
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    asked = [Request("pause", at=float(second)) for second in range(12)]
    for request in asked:
        control.send(folder, request)
    assert take(folder) == (asked, [])
    control.send(folder, Request("stop"))
    monkeypatch.setattr(control, "_COUNT", itertools.count())
    monkeypatch.setattr(os, "getpid", lambda: 4711)
    control.send(folder, Request("resume"))
    assert len(take(folder)[0]) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"kind": "stop", "of": "another version"}',
        '{"kind": "explode"}',
        '{"kind": "stop", "reason": "bored"}',
        '{"kind": "pause", "at": "noon"}',
        "\x00\x01",
    ],
)
def test_what_is_no_request_is_put_aside_and_the_next_is_taken(
    folder: RunFolder, text: str
) -> None:
    folder.control.mkdir(parents=True)
    (folder.control / "00000.json").write_text(text)
    (folder.control / "00001.json").write_text(json.dumps({"kind": "stop"}))
    taken, told = take(folder)
    assert taken == [Request("stop")]
    assert len(told) == 1 and "00000.json is no request" in told[0]
    assert take(folder) == ([], [])


def test_there_is_nothing_to_take_where_the_folder_is_gone(folder: RunFolder) -> None:
    assert take(folder) == ([], [])
