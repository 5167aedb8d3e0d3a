"""Commands on stdin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dots_cli.conductor.control import Command, SupervisorGone, listen, parse


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b'{"command": "pause"}\n', Command("pause")),
        (b'{"command": "pause", "at": 900}\r\n', Command("pause", 900.0)),
        ('{"command": "pause", "at": "1800.5"}', Command("pause", 1800.5)),
        (b'{"command": "pause", "at": null}', Command("pause")),
        (b'{"command": "resume"}', Command("resume")),
        (b'{"command": "stop", "why": "Ctrl-C"}', Command("stop")),
        (b'{"command": "disconnect"}', Command("disconnect")),
    ],
)
def test_a_command_is_understood(line: bytes | str, command: Command) -> None:
    assert parse(line) == command


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"stop\n",
        b'"stop"',
        b"[]",
        b"null",
        b"{}",
        b'{"command": "explode"}',
        b'{"command": null}',
        b'{"command": ["stop"]}',
        b'{"command": {"stop": 1}}',
        b'{"command": "pause", "at": "noon"}',
        b'{"command": "pause", "at": [900]}',
        b'{"command": "pause", "at": 1' + b"0" * 400 + b"}",
        b'{"command": "stop"',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_anything_else_is_no_command(line: bytes) -> None:
    assert parse(line) is None


def test_what_is_not_understood_is_shown_and_the_next_command_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[object] = []
    listen([b"halt\n", b'{"command": "stop"}\n'], told.append)
    assert told == [Command("stop"), SupervisorGone()]
    shown = capsys.readouterr()
    assert "not a command: b'halt" in shown.err
    assert shown.out == ""


def test_the_end_of_the_lines_means_that_the_supervisor_is_gone() -> None:
    told: list[object] = []
    listen([], told.append)
    assert told == [SupervisorGone()]


def test_a_pipe_that_breaks_means_that_the_supervisor_is_gone() -> None:
    def broken() -> Iterator[bytes]:
        yield b'{"command": "pause"}\n'
        raise OSError("the pipe broke")

    told: list[object] = []
    with pytest.raises(OSError, match="broke"):
        listen(broken(), told.append)
    assert told == [Command("pause"), SupervisorGone()]
