from __future__ import annotations

import random
from pathlib import Path

import pytest

from dots_cli.runs import logs
from dots_cli.runs.logs import LogLines, Tail, last_lines


def test_lines_written_in_arbitrary_pieces_come_whole_and_once(tmp_path: Path) -> None:
    whole = b"".join(b"line %d %s\n" % (n, b"x" * (n % 70)) for n in range(2000))
    chance = random.Random(7)
    path = tmp_path / "pv-1.log"
    tail = Tail(path)
    seen, at = b"", 0
    while at < len(whole):
        step = chance.randint(1, 400)
        with path.open("ab") as log:
            log.write(whole[at : at + step])
        at += step
        part = tail.read()
        assert part == b"" or part.endswith(b"\n")
        seen += part
    assert seen + b"".join(tail.drain()) == whole


def test_a_line_of_a_megabyte_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "pv-1.log"
    path.write_bytes(b"a" * 1_000_000 + b"\nshort\n")
    assert [len(t) for t in LogLines("pv-1", b"".join(Tail(path).drain())).texts()] == [
        1_000_000,
        5,
    ]


def test_a_line_without_an_end_comes_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "pv-1.log"
    path.write_bytes(b"one\ntwo")
    tail = Tail(path)
    assert tail.read() == b"one\n"
    assert tail.read() == b""
    assert list(tail.drain()) == [b"two\n"]
    assert list(tail.drain()) == []


def test_a_file_larger_than_one_look_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "CHUNK", 1000)
    path = tmp_path / "pv-1.log"
    whole = b"".join(b"line %d\n" % n for n in range(1000)) + b"y" * 5000
    path.write_bytes(whole)
    tail = Tail(path)
    first = tail.read()
    assert tail.more
    assert first + b"".join(tail.drain()) == whole + b"\n"


def test_an_endless_line_is_handed_on_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LONGEST", 100)
    path = tmp_path / "pv-1.log"
    tail = Tail(path)
    path.write_bytes(b"z" * 150)
    assert tail.read() == b"z" * 150 + b"\n"


def test_bytes_that_are_no_utf8_do_not_hurt() -> None:
    assert list(LogLines("pv-1", b"\xff\xfe caf\xc3\xa9\r\n\n").texts()) == [
        "\N{REPLACEMENT CHARACTER}" * 2 + " café",
        "",
    ]


def test_a_file_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert Tail(tmp_path / "none.log").read() == b""
    assert last_lines(tmp_path / "none.log", 3) == b""
    assert logs.names(tmp_path / "none") == []


@pytest.mark.parametrize("end", [b"\n", b""])
@pytest.mark.parametrize("count", [0, 1, 2, 499, 500, 501, 9999])
def test_the_last_lines_are_those_that_splitting_the_file_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, end: bytes
) -> None:
    monkeypatch.setattr(logs, "_BLOCK", 37)
    lines = [b"%d" % n + b"-" * (n % 90) for n in range(500)]
    path = tmp_path / "pv-1.log"
    path.write_bytes(b"\n".join(lines) + end)
    wanted = lines[-count:] if count else []
    assert last_lines(path, count) == b"\n".join(wanted) + (end if wanted else b"")


def test_empty_lines_count_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "pv-1.log"
    path.write_bytes(b"a\n\n\n")
    assert last_lines(path, 2) == b"\n\n"


def test_the_time_of_each_line_is_found_wherever_reading_begins(tmp_path: Path) -> None:
    log = tmp_path / "pv-1.log"
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(500)))
    times = [f"2024-06-21T12:00:00.{n:09d}Z" for n in range(500)]
    log.with_suffix(".times").write_text("".join(f"{at}\n" for at in times))
    for count in (500, 7, 1):
        tail = Tail(log, logs.span_of_last(log, count)[0])
        data = tail.read()
        lines = LogLines("pv-1", data, tail.begins)
        found = logs.Times(log)
        assert found.of(lines) == times[-count:]
        log.open("ab").write(b"last\n")
        assert tail.read() == b"last\n"
        assert found.of(LogLines("pv-1", b"last\n", tail.begins)) == [""]
        log.write_bytes(log.read_bytes()[: -len(b"last\n")])
