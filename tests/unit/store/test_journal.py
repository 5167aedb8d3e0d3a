from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dots_cli.errors import StoreFailure
from dots_cli.store.journal import JOURNAL, BlockIndex, Journal, encode, read_blocks, read_rows
from dots_cli.store.lines import check

SECOND = 1_000_000_000


def record(lines: str, tick: int = SECOND) -> bytes:
    return encode(check(lines.encode(), tick, 0, {}))


def written(folder: Path, *records: bytes) -> Path:
    journal = Journal(folder)
    for each in records:
        journal.append(each)
    journal.close()
    return journal.path


def rows(path: Path) -> list[tuple[BlockIndex, bytes]]:
    with path.open("rb") as file:
        return [(block, read_rows(file, block)) for block in read_blocks(path)]


def test_what_was_appended_is_read_in_the_same_order(tmp_path: Path) -> None:
    path = written(
        tmp_path, record('PV,a=ü\\ x f=1.5,s="a\nb" 60\nPV,a=ü\\ x f=2 61'), record("HP g=t 5")
    )
    found = {(b.measurement, b.field): (b, text) for b, text in rows(path)}
    block, text = found["PV", "f"]
    assert text == b"60\t1.5\n61\t2.0\n"
    assert (block.tags, block.kind, block.count) == ((("a", "ü x"),), "float", 2)
    assert (block.first, block.last, block.increasing) == (60 * SECOND, 61 * SECOND, True)
    assert found["PV", "s"][1] == b'60\t"a\\nb"\n'
    assert found["HP", "g"][1] == b"5\ttrue\n"
    assert [b.measurement for b, _ in rows(path)] == ["PV", "PV", "HP"]


def test_the_index_tells_when_times_do_not_only_increase(tmp_path: Path) -> None:
    path = written(tmp_path, record("A f=1 5\nA f=2 5\nB f=1 5\nB f=2 4\nC f=1 4\nC f=2 5"))
    increasing = {block.measurement: block.increasing for block, _ in rows(path)}
    assert increasing == {"A": False, "B": False, "C": True}
    spans = {block.measurement: (block.first, block.last) for block, _ in rows(path)}
    assert spans["B"] == (4 * SECOND, 5 * SECOND)


def test_there_need_not_be_a_journal(tmp_path: Path) -> None:
    assert list(read_blocks(tmp_path / JOURNAL)) == []


def test_a_record_that_was_cut_off_anywhere_is_ignored_and_overwritten(tmp_path: Path) -> None:
    first, second = record("PV f=1 60"), record("PV,model_id=pv-1 f=2,g=3 61")
    for length in range(1, len(second)):
        folder = tmp_path / str(length)
        path = written(folder, first)
        with path.open("ab") as file:
            file.write(second[:length])
        assert [text for _, text in rows(path)] == [b"60\t1.0\n"], length
        if length % 20 == 1:
            written(folder, second)
            assert path.read_bytes() == first + second


def test_a_last_record_whose_bytes_are_not_its_own_is_ignored(tmp_path: Path) -> None:
    first, second = record("PV f=1 60"), record("PV f=2 61")
    path = written(tmp_path, first, second)
    path.write_bytes(first + second[:-3] + b"\0\0\0")
    assert [text for _, text in rows(path)] == [b"60\t1.0\n"]


def test_a_last_record_that_a_loss_of_power_has_left_as_zeros_is_ignored(tmp_path: Path) -> None:
    first, second = record("PV f=1 60"), record("PV f=2 61")
    for kept in (0, 5, len(b"dots-record 1"), len(second) // 2):
        path = written(tmp_path / str(kept), first)
        path.write_bytes(first + second[:kept].ljust(len(second), b"\0"))
        assert [text for _, text in rows(path)] == [b"60\t1.0\n"], kept


def test_a_journal_with_a_broken_byte_before_its_end_says_where_it_is(tmp_path: Path) -> None:
    whole = [record(f"PV,model_id=pv-1 f={n} 6{n}") for n in range(3)]
    start = len(whole[0])
    index = whole[1].index(b"{")
    for at in (*range(len(b"dots-record 100")), index, index + 1):
        broken = bytearray(b"".join(whole))
        broken[start + at] = ord("!")
        path = tmp_path / JOURNAL
        path.write_bytes(broken)
        with pytest.raises(StoreFailure) as failure:
            list(read_blocks(path))
        assert f"{path} is damaged" in failure.value.message, at
        with pytest.raises(StoreFailure):
            Journal(tmp_path)
        assert path.read_bytes() == broken


def test_a_broken_length_does_not_hide_what_stands_behind_it(tmp_path: Path) -> None:
    whole = [record(f"PV,model_id=pv-1 f={n} 6{n}") for n in range(3)]
    head = len(b"dots-record ")
    path = tmp_path / JOURNAL
    path.write_bytes(whole[0] + whole[1][:head] + b"9" + whole[1][head:] + whole[2])
    with pytest.raises(StoreFailure, match=f"begins at byte {len(whole[0])} "):
        list(read_blocks(path))


def test_a_journal_that_is_taken_up_again_knows_its_types(tmp_path: Path) -> None:
    written(tmp_path, record('PV f=1,s="x" 60'))
    journal = Journal(tmp_path)
    assert journal.kinds == {("PV", "f"): "float", ("PV", "s"): "string"}
    journal.close()


def test_an_append_that_fails_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    first, second = record("PV f=1 60"), record("PV f=2 61")
    journal = Journal(tmp_path)
    journal.append(first)
    real = os.write

    def fills_up(file: int, data: bytes) -> int:
        if len(data) < len(second):
            raise OSError(28, "No space left on device")
        return real(file, data[:20])

    monkeypatch.setattr(os, "write", fills_up)
    with pytest.raises(OSError, match="No space"):
        journal.append(second)
    monkeypatch.undo()
    assert journal.path.read_bytes() == first
    journal.append(second)
    journal.close()
    assert journal.path.read_bytes() == first + second


def test_records_of_several_threads_do_not_mix(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    records = [record(f"PV,m={n} f={n} 60\n" * 50) for n in range(8)]

    def post(one: bytes) -> None:
        for _ in range(20):
            journal.append(one)

    threads = [threading.Thread(target=post, args=[one]) for one in records]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    blocks = list(read_blocks(journal.path))
    assert len(blocks) == 160
    assert sum(block.count for block in blocks) == 160 * 50
