from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest

from dots_cli.errors import EnvironmentFailure, UsageError
from dots_cli.results.export import export
from dots_cli.results.interface import Results, Row, Value


class Given:
    """Results as a test wants them: fields and rows per ESDL type."""

    def __init__(
        self,
        tables: dict[str, tuple[Sequence[str], Sequence[tuple[Value | None, ...]]]],
        tags: Sequence[str] = (),
    ) -> None:
        self.tables = tables
        self.tags = tuple(tags)

    def types(self) -> tuple[str, ...]:
        return tuple(sorted(self.tables))

    def fields(self, esdl_type: str) -> tuple[str, ...]:
        return tuple(self.tables[esdl_type][0])

    def extra_tags(self, esdl_type: str) -> tuple[str, ...]:
        return self.tags

    def rows(self, esdl_type: str) -> Iterator[Row]:
        for minute, values in enumerate(self.tables[esdl_type][1]):
            at = datetime(2024, 1, 1, 0, minute)
            yield Row(at, "run-1", "pv-1", "id-1", 'PV, "1"', tuple("z" for _ in self.tags), values)


def written(given: Given, folder: Path) -> dict[str, str]:
    files = export(cast(Results, given), folder)
    return {file.path.name: file.path.read_bytes().decode("utf-8") for file in files}


def test_a_file_per_type_with_a_column_per_output(tmp_path: Path) -> None:
    given = Given(
        {"PV": (("power", "on"), [(0.1, True), (None, False)]), "HP": (("t",), [(1e-07,)])}
    )
    assert written(given, tmp_path / "out") == {
        "HP.csv": "time,simulation_id,model_id,esdl_id,esdl_name,t\r\n"
        '2024-01-01T00:00:00,run-1,pv-1,id-1,"PV, ""1""",1e-07\r\n',
        "PV.csv": "time,simulation_id,model_id,esdl_id,esdl_name,power,on\r\n"
        '2024-01-01T00:00:00,run-1,pv-1,id-1,"PV, ""1""",0.1,true\r\n'
        '2024-01-01T00:01:00,run-1,pv-1,id-1,"PV, ""1""",,false\r\n',
    }


def test_a_number_read_back_is_the_same_number(tmp_path: Path) -> None:
    numbers = (0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 123456789012345680.0)
    files = written(Given({"PV": ([f"f{n}" for n in range(6)], [numbers])}), tmp_path)
    (_, row) = csv.reader(io.StringIO(files["PV.csv"]))
    assert [repr(float(cell)) for cell in row[5:]] == [repr(number) for number in numbers]


def test_tags_of_a_services_own_have_columns_before_the_outputs(tmp_path: Path) -> None:
    files = written(Given({"PV": (("f",), [(1,)])}, tags=["zone"]), tmp_path)
    header, row = csv.reader(io.StringIO(files["PV.csv"]))
    assert (header[4:], row[5:]) == (["esdl_name", "zone", "f"], ["z", "1"])


def test_every_type_gets_a_file_name_that_any_system_takes(tmp_path: Path) -> None:
    names = ["PV", "pv", "a/b", "..", "a b", "ü"]
    files = written(Given({name: (("f",), [(1.0,)]) for name in names}), tmp_path)
    assert sorted(files) == ["PV.csv", "_.csv", "a_b-2.csv", "a_b.csv", "pv-2.csv", "ü.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)


def test_an_export_that_fails_leaves_the_file_of_before_as_it_was(tmp_path: Path) -> None:
    class Failing(Given):
        def rows(self, esdl_type: str) -> Iterator[Row]:
            yield from super().rows(esdl_type)
            raise OSError(28, "No space left on device")

    (tmp_path / "PV.csv").write_text("before")
    with pytest.raises(EnvironmentFailure, match=r"PV\.csv: No space"):
        written(Failing({"PV": (("f",), [(1.0,)])}), tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("PV.csv", "before")]


def test_a_folder_that_is_a_file_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="is not a folder"):
        written(Given({}), tmp_path / "out")
    with pytest.raises(UsageError, match="is not a folder"):
        written(Given({}), tmp_path / "out" / "deeper")


def test_a_folder_in_place_of_a_file_is_a_usage_error_before_anything_is_written(
    tmp_path: Path,
) -> None:
    (tmp_path / "PV.csv").mkdir()
    with pytest.raises(UsageError, match=r"PV\.csv is a folder"):
        written(Given({"HP": (("f",), [(1.0,)]), "PV": (("f",), [(1.0,)])}), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["PV.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="a link needs a right of its own there")
def test_a_link_to_nothing_is_a_usage_error_that_says_so(tmp_path: Path) -> None:
    link = tmp_path / "out"
    link.symlink_to(tmp_path / "gone")
    with pytest.raises(UsageError, match="a link to what does not exist") as failure:
        written(Given({}), link)
    assert "space" not in failure.value.hint
