from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.definition.volumes import Volume, parse_volume, with_folder


@pytest.mark.parametrize(
    ("text", "volume", "is_named"),
    [
        ("data:/data", Volume("data", "/data", "rw"), True),
        ("ab:/x", Volume("ab", "/x", "rw"), True),
        ("data:/data:ro,z", Volume("data", "/data", "ro,z"), True),
        ("./in:/in:ro", Volume("./in", "/in", "ro"), False),
        ("~/in:/in", Volume("~/in", "/in", "rw"), False),
        ("/srv/my data:/data", Volume("/srv/my data", "/data", "rw"), False),
        ("C:\\data:/data:ro", Volume("C:\\data", "/data", "ro"), False),
    ],
)
def test_a_volume_is_a_source_a_target_and_a_mode(
    text: str, volume: Volume, is_named: bool
) -> None:
    assert parse_volume(text) == volume
    assert parse_volume(text).is_named == is_named


@pytest.mark.parametrize(
    "text", ["", "data", "/data", "data:", ":/data", "data:relative", "a:b:c", "ab:/", "ab://"]
)
def test_what_has_no_source_or_no_place_in_the_container_is_no_volume(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no volume; write it like \./data:/data"):
        parse_volume(text)


@pytest.mark.parametrize(
    "text", ["My Data:/data", "a:/data", "größe:/data", "a$b:/data", "a,b:/data:ro"]
)
def test_a_name_that_the_engine_does_not_take_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"' is no name for a volume; use two or more letters"):
        parse_volume(text)


@pytest.mark.parametrize(
    ("mode", "of_a_volume", "of_a_folder"),
    [
        *((mode, True, True) for mode in ("ro", "rw", "z", "Z", "ro,z", "cached", "delegated")),
        *((mode, False, False) for mode in ("xyz", "RO", "ro,rw", "ro,ro", "ro,xyz", "default")),
        *((mode, True, False) for mode in ("nocopy", "ro,nocopy,cached")),
        *((mode, False, True) for mode in ("rslave", "ro,shared")),
    ],
)
def test_a_mode_is_one_that_the_engine_takes(
    mode: str, of_a_volume: bool, of_a_folder: bool
) -> None:
    for text, taken in ((f"data:/data:{mode}", of_a_volume), (f"/data:/data:{mode}", of_a_folder)):
        if taken:
            assert parse_volume(text).mode == mode
        else:
            with pytest.raises(ValueError, match=r"cannot be used in that mode; write :ro"):
                parse_volume(text)


def test_a_folder_is_meant_from_where_the_definition_lies(tmp_path: Path) -> None:
    assert with_folder("./in:/in:ro", tmp_path) == f"{tmp_path / 'in'}:/in:ro"
    assert with_folder("../in:/in", tmp_path / "x") == f"{tmp_path / 'in'}:/in"
    assert with_folder("~/in:/in", tmp_path) == f"{Path.home() / 'in'}:/in"
    for same in ("data:/data", f"{tmp_path}:/in", "C:\\data:/data:ro"):
        assert with_folder(same, tmp_path) == same
