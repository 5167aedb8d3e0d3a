"""Who imports what in `dots_cli`, read from the source: also imports inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support import ROOT

PACKAGE = ROOT / "dots_cli"


@dataclass(frozen=True)
class Import:
    """`module` imports `target`, both by their full names; `lazy` inside a function."""

    module: str
    line: int
    target: str
    lazy: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by name, as its syntax tree."""
    return {
        _name(file): ast.parse(file.read_text(encoding="utf-8"), str(file))
        for file in sorted(PACKAGE.rglob("*.py"))
        if "_shipped" not in file.parts
    }


@cache
def imports() -> tuple[Import, ...]:
    """Every import of the package, those inside functions and of type checkers too."""
    return tuple(found for name, tree in modules().items() for found in _of(name, tree))


def _of(module: str, tree: ast.Module) -> Iterator[Import]:
    lazy_lines = {
        inner.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, node.lineno, alias.name, node.lineno in lazy_lines)
        elif isinstance(node, ast.ImportFrom):
            for target in _targets(module, node):
                yield Import(module, node.lineno, target, node.lineno in lazy_lines)


def _targets(module: str, node: ast.ImportFrom) -> Iterator[str]:
    source = node.module or ""
    if node.level:
        is_package = (PACKAGE.parent / Path(*module.split(".")) / "__init__.py").is_file()
        above = module.split(".")[: len(module.split(".")) - node.level + is_package]
        source = ".".join([*above, *([node.module] if node.module else [])])
    for alias in node.names:
        # `from package import module` imports the module.
        full = f"{source}.{alias.name}"
        yield full if full in modules() else source


def _name(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
