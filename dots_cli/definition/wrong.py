"""Mistakes in the items of a value, so that each is reported in the line where it stands."""

from __future__ import annotations


class WrongItems(ValueError):
    """Every item of a value that is wrong: its place below the key of the value, and why."""

    def __init__(self, each: list[tuple[tuple[str | int, ...], str]]) -> None:
        super().__init__("; ".join(what for _, what in each))
        self.each = each


class WrongVariables(WrongItems):
    """Every variable that is wrong.

    `others` are those that are right, where they are in a mapping; of a list, whose items are known
    by their number, none.
    """

    def __init__(
        self, each: list[tuple[tuple[str | int, ...], str]], others: dict[str, str]
    ) -> None:
        super().__init__(each)
        self.others = others
