from __future__ import annotations

import json
import math
import random
import struct

import pytest

from dots_cli.store.lines import Batch, check, split

SECOND = 1_000_000_000


def checked(
    lines: str, tick: int = SECOND, kinds: dict[tuple[str, str], str] | None = None
) -> Batch:
    return check(lines.encode(), tick, 7 * SECOND, {} if kinds is None else kinds)


def values(batch: Batch) -> list[tuple[str, dict[str, str], str, int, object]]:
    return [
        (block.measurement, block.tags, block.name, time, json.loads(text))
        for block in batch.blocks
        for time, text in zip(block.times, block.texts, strict=True)
    ]


def test_a_point_has_measurement_tags_fields_and_time() -> None:
    batch = checked("PV,esdl_id=a,model_id=pv-1 power=1.5,count=3i 60")
    assert sorted(values(batch), key=lambda v: v[2]) == [
        ("PV", {"esdl_id": "a", "model_id": "pv-1"}, "count", 60, 3),
        ("PV", {"esdl_id": "a", "model_id": "pv-1"}, "power", 60, 1.5),
    ]
    assert not batch.refused


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r"a\ b", "a b"),
        (r"a\,b", "a,b"),
        (r"a\=b", "a=b"),
        (r"say\ \"hi\"", r"say \"hi\""),
        ('"a', '"a'),
        (r"C:\temp", r"C:\temp"),
        ("Häuser-Süd", "Häuser-Süd"),
        ("☀️🏠", "☀️🏠"),
        ("';drop--", "';drop--"),
    ],
)
def test_tags_hold_any_letter(written: str, value: str) -> None:
    batch = checked(f"PV,esdl_name={written} power=1 60\nPV,esdl_name={written} power=2 61")
    assert [(tags, at) for _, tags, _, at, _ in values(batch)] == [
        ({"esdl_name": value}, 60),
        ({"esdl_name": value}, 61),
    ]


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("1", "float", 1.0),
        ("-0.25", "float", -0.25),
        ("1e-05", "float", 1e-05),
        ("6.02E+23", "float", 6.02e23),
        ("12i", "integer", 12),
        ("-9223372036854775808i", "integer", -(2**63)),
        ("t", "boolean", True),
        ("False", "boolean", False),
        ('""', "string", ""),
        (r'"say \"hi\", x=1 \\ y"', "string", 'say "hi", x=1 \\ y'),
        ('"two\nlines\tand a tab"', "string", "two\nlines\tand a tab"),
        ('"ü 😀"', "string", "ü 😀"),
    ],
)
def test_every_type_of_value_is_taken(written: str, kind: str, value: object) -> None:
    batch = checked(f"PV f={written} 60")
    assert not batch.refused
    assert [block.kind for block in batch.blocks] == [kind]
    assert values(batch)[0][-1] == value


@pytest.mark.parametrize(
    "written", ["nan", "NaN", "inf", "-inf", "+1", "0x10", "1_0", "1u", "tRue"]
)
def test_what_influxdb_takes_for_no_number_is_refused(written: str) -> None:
    batch = checked(f"PV f={written} 60")
    assert [refusal.line for refusal in batch.refused] == [f"PV f={written} 60"]
    assert not batch.blocks


def test_every_double_comes_back_as_it_was_also_the_tiniest() -> None:
    some = random.Random(4)
    numbers = [5e-324, -1e-310, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0, 0.1]
    while len(numbers) < 2000:
        (number,) = struct.unpack("<d", some.randbytes(8))
        if math.isfinite(number):
            numbers.append(number)
    batch = checked("".join(f"PV f={n!r},g=1i {at}\n" for at, n in enumerate(numbers)))
    assert not batch.refused
    read = [value for *_, name, _, value in values(batch) if name == "f"]
    assert [struct.pack("<d", n) for n in read] == [struct.pack("<d", n) for n in numbers]


@pytest.mark.parametrize(
    "line",
    [
        'm a=1i,g="x=5u "',
        'm a=1i,g="x=5u,"',
        'm g="say \\"x=5u \\" ",a=1i 60',
        "m,t=5u a=1i",
        "m,t=5u,u=6u a=1i 60",
        "m\\ x=5u a=1i",
        'm a=1e-320,g="x=1e-320 "',
        'm g="x=1e-320,",a=1e-320 60',
        "m,t=1e-320 a=1e-320",
    ],
)
def test_what_only_looks_like_a_number_in_a_string_or_tag_is_none(line: str) -> None:
    batch = checked(f"{line}\n{line}")
    assert not batch.refused
    read = {(name, value) for _, _, name, _, value in values(batch)}
    assert read & {("a", 1), ("a", 1e-320)}
    assert not any("tiny" in str(value) for _, value in read)


@pytest.mark.parametrize(
    "line",
    [
        "m a=5u",
        "m a=5u 60",
        "m,t=x a=5u,b=1",
        'm g="x=5u ",a=5u',
        'm a=5u,g="x=5u "',
        'm a=1i,g="\\\\",b=5u 60',
        'm a\\="b=1i,c=5u,d="z"',
    ],
)
def test_an_unsigned_number_is_refused_whatever_stands_beside_it(line: str) -> None:
    (refusal,) = checked(line).refused
    assert refusal.reason == "invalid number"


def test_a_bad_line_is_named_and_the_others_are_taken() -> None:
    batch = checked("PV f=1 60\nPV f=nan 61\nnonsense\nPV f=3 62\n")
    assert [value[-2:] for value in values(batch)] == [(60, 1.0), (62, 3.0)]
    assert [refusal.line for refusal in batch.refused] == ["PV f=nan 61", "nonsense"]


def test_a_field_keeps_the_type_that_it_had_first() -> None:
    kinds: dict[tuple[str, str], str] = {}
    assert not checked("PV f=1 60", kinds=kinds).refused
    (refusal,) = checked("PV f=1i 61\nHP f=1i 61", kinds=kinds).refused
    assert "is type integer, already exists as type float" in refusal.reason


def test_a_line_whose_second_field_is_refused_leaves_nothing_of_the_first() -> None:
    batch = checked("PV b=1 60\nPV a=1,b=2i 61")
    assert [value[2:] for value in values(batch)] == [("b", 60, 1.0)]


def test_a_refused_point_teaches_no_type() -> None:
    kinds: dict[tuple[str, str], str] = {}
    (refusal,) = checked("PV g=1 60\nPV a=1,g=1i,z=2 61\nPV z=1i 62", kinds=kinds).refused
    assert refusal.line == "PV a=1,g=1i,z=2 61"
    assert kinds == {("PV", "g"): "float", ("PV", "z"): "integer"}


def test_a_point_without_time_gets_the_servers() -> None:
    assert values(checked("PV f=1"))[0][3] == 7
    assert values(checked("PV f=1", tick=1_000_000))[0][3] == 7000


@pytest.mark.parametrize(
    ("time", "taken"),
    [(9223372036, True), (9223372037, False), (-9223372036, True), (-9223372037, False)],
)
def test_points_292_years_away_are_refused(time: int, taken: bool) -> None:
    batch = checked(f"PV f=1 {time}\nPV f=2 0")
    assert batch.lines == 1 + taken
    if not taken:
        assert "time outside range" in batch.refused[0].reason


def test_a_number_too_large_for_any_time_is_out_of_range_too() -> None:
    (refusal,) = checked("PV f=1 99999999999999999999").refused
    assert "time outside range" in refusal.reason


def test_time_is_no_name_for_a_tag_or_the_only_field() -> None:
    batch = checked("PV,time=1 f=1 60\nPV time=1 60\nPV time=1,f=2 60")
    assert len(batch.refused) == 2
    assert [value[2:] for value in values(batch)] == [("f", 60, 2.0)]


def test_comments_and_empty_lines_are_nothing() -> None:
    batch = checked("# a comment\n\n   \nPV f=1 60\n\n")
    assert (batch.lines, batch.refused) == (1, [])


def test_a_line_ends_outside_of_strings_only() -> None:
    body = b'PV f="a\nb\\"\nc",g=1 60\nPV,t="x f=2 61\nPV f="y" 62'
    assert list(split(body)) == [b'PV f="a\nb\\"\nc",g=1 60', b'PV,t="x f=2 61', b'PV f="y" 62']


def test_the_same_series_written_in_two_ways_is_read_from_each() -> None:
    batch = checked("PV,a=1,b=2 f=1 60\nPV,b=2,a=1 f=2 61")
    assert [value[1] for value in values(batch)] == [{"a": "1", "b": "2"}] * 2


def test_nothing_that_can_be_sent_makes_the_check_itself_fail() -> None:
    some = random.Random(2)
    pieces = [
        "M",
        ",",
        "=",
        " ",
        '"',
        "\\",
        "1",
        "i",
        "t",
        ".",
        "-",
        "\n",
        "ü",
        "\0",
        "a=b",
        " f=1",
    ]
    for _ in range(20_000):
        line = "".join(some.choice(pieces) for _ in range(some.randint(0, 12)))
        checked(line)
    check(bytes(range(256)), SECOND, 0, {})
