from __future__ import annotations

import time
from pathlib import Path

import pytest

from dots_cli.definition import located
from dots_cli.definition.located import Document, Problems, nearest, read_yaml
from dots_cli.errors import Problem

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


def test_what_is_the_same_in_a_flood_counts_once_and_each_kind_is_cut_for_itself() -> None:
    problems = Problems()
    problems.add_kinds(
        FILE, [(n // 2, "wrong", ("right it", "end it")[n % 4 // 2]) for n in range(100)]
    )
    assert [p.message for p in problems.found] == [*["wrong"] * 20, "and 5 more like these"] * 2
    assert {p.hint for p in problems.found} == {"right it", "end it"}


def test_many_problems_are_collected_in_a_time_that_grows_with_their_number() -> None:
    problems = Problems()
    begun = time.process_time()
    for line in range(20_000):
        problems.add(FILE, line, "wrong")
    assert len(problems.errors) == 20_000
    assert time.process_time() - begun < 5


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


def mistake(text: str) -> Problem:
    problems = Problems()
    read_yaml(text, FILE, problems)
    (problem,) = problems.found
    assert problem.hint
    return problem


@pytest.mark.parametrize(
    "text",
    [
        "x: 1\na: &a\n  <<: *a\n  b: 1\n",
        "x: 1\na: &a\n  <<: [*a]\n",
        "x: 1\na: &a {b: &b {<<: *a}}\n",
        "x: 1\na: &a\n  b: &b\n    <<: {<<: *b}\n",
    ],
)
def test_a_mapping_merged_into_itself_is_a_problem(text: str) -> None:
    problem = mistake(text)
    assert problem.message == "an alias stands inside of what it means"
    assert problem.line >= 2


@pytest.mark.parametrize(
    ("merged", "line", "remedy"),
    [
        ("common", 3, "Write `*common`"),
        ('"common of all"', 3, "`&common`"),
        ("[*base, base]", 3, "Write `*base`"),
        ("\n    - *base\n    - base", 5, "Write `*base`"),
        ("[*base, [*base]]", 3, "`&common`"),
        ("*words", 3, "`&common`"),
        ("", 3, "`&common`"),
        ("null", 3, "`&common`"),
        ("[!!str [base]]", 3, "`&common`"),
    ],
)
def test_what_is_merged_and_is_no_mapping_is_a_problem(merged: str, line: int, remedy: str) -> None:
    above = "{base: &base {a: 1}, words: &words [x y]}"
    problem = mistake(f"above: {above}\nuse:\n  <<: {merged}\n")
    assert problem.message == "`<<` takes an alias of a mapping, like `*common`"
    assert problem.line == line
    assert remedy in problem.hint


def test_a_list_of_mappings_can_be_merged_also_through_an_alias() -> None:
    above = "{a: &a {x: 1}, b: &b {x: 2, y: 3}, both: &both [*a, *b]}"
    read = document(f"above: {above}\nuse: {{<<: [*a, *b]}}\nalso: {{<<: *both}}\n")
    assert read.data["use"] == read.data["also"] == {"x": "1", "y": "3"}


@pytest.mark.parametrize(
    "text",
    [
        "x: 1\na: " + "[" * 3000,
        "x: 1\na: " + "[" * 100_000 + "]" * 100_000,
        "x: 1\na: " + "{a: " * 3000,
        "x: 1\na:\n  " + "- " * 3000,
    ],
)
def test_what_is_nested_too_deeply_is_a_problem(text: str) -> None:
    problem = mistake(text)
    assert "nested too deeply" in problem.message
    assert problem.line in (2, 3)


def test_aliases_that_lead_too_deep_are_a_problem() -> None:
    lines = ["a0: &a0 [[[[[[[[[[1]]]]]]]]]]"]
    lines += [f"a{n}: &a{n} [[[[[[[[[[*a{n - 1}]]]]]]]]]]" for n in range(1, 300)]
    assert "nested too deeply" in mistake("\n".join(lines)).message
    merged = [f"a{n}: &a{n} {{<<: *a{n - 1}}}" for n in range(1, 300)]
    assert "nested too deeply" in mistake("\n".join(["a0: &a0 {b: 1}", *merged])).message


@pytest.mark.parametrize("use", ["[{}]", "{{<<: [{}]}}"])
def test_aliases_that_make_too_much_out_of_little_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, use: str
) -> None:
    monkeypatch.setattr(located, "MOST_VALUES", 10_000)
    lines = ["a0: &a0 {b: 1}"]
    lines += [f"a{n}: &a{n} " + use.format(", ".join([f"*a{n - 1}"] * 10)) for n in range(1, 60)]
    assert "more than 10,000 values" in mistake("\n".join(lines)).message


@pytest.mark.parametrize("text", ['x: 1\na: "b\\0"\n', 'x: 1\n"a\\0": b\n', 'x: 1\na: ["b\\0"]\n'])
def test_a_character_that_no_variable_or_path_can_hold_is_a_problem(text: str) -> None:
    problem = mistake(text)
    assert "\\u0000" in problem.message
    assert problem.line == 2
