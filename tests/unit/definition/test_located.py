from __future__ import annotations

from pathlib import Path

from dots_cli.definition.located import Document, Problems, nearest, read_yaml

FILE = Path("services.yaml")


def document(text: str) -> Document:
    problems = Problems()
    read = read_yaml(text, FILE, problems)
    assert read is not None and not problems.found
    return read


def test_every_key_and_item_has_its_line() -> None:
    read = document("a:\n  - b: 1\n    c:\n      d: 2\n  - e\nf: {g: 3,\n    h: 4}\n")
    assert read.line(("a", 0, "c", "d")) == 4
    assert read.line(("a", 1)) == 5
    assert read.line(("f", "h")) == 7


def test_what_the_file_does_not_have_is_placed_at_what_is_around_it() -> None:
    assert document("\na:\n  b: 1\n").line(("a", "missing", 3)) == 2


def test_scalars_stay_as_they_are_written() -> None:
    read = document("python: 3.10\nstart: 2024-01-01\nclock: 60:00\nyes: no\nnothing:\nnull: ~\n")
    assert read.data == {
        "python": "3.10",
        "start": "2024-01-01",
        "clock": "60:00",
        "yes": "no",
        "nothing": None,
        "null": None,
    }


def test_anchors_and_merged_mappings_are_filled_in() -> None:
    read = document("base: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\n")
    assert read.data["use"] == {"a": "1", "b": "3"}


def test_json_that_is_indented_by_tabs_is_yaml_too() -> None:
    read = document('{\n\t"a": [\n\t\t"b"\n\t]\n}')
    assert read.data == {"a": ["b"]}
    assert read.line(("a", 0)) == 3


def test_the_same_problem_is_kept_once() -> None:
    problems = Problems()
    problems.add(FILE, 3, "wrong", "right it")
    problems.add(FILE, 3, "wrong", "right it")
    assert len(problems.found) == 1


def test_problems_are_ordered_by_file_then_line() -> None:
    problems = Problems()
    for file, line in (("b", 2), ("a", 9), ("b", 1), ("a", 4)):
        problems.add(Path(file), line, "wrong")
    assert [(str(p.file), p.line) for p in problems.in_order()] == [
        ("b", 1),
        ("b", 2),
        ("a", 4),
        ("a", 9),
    ]


def test_the_nearest_word_is_found_whatever_its_case() -> None:
    assert nearest("IMGAE", ["image", "models"]) == "image"
    assert nearest("colour", ["image", "models"]) is None
