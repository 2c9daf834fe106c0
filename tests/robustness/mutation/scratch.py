"""The tree that is changed: a copy, in which what has a decorator can be changed too."""

import ast
import shutil
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

COPIED: Final = ("exporter", "tests", "pyproject.toml")
"""What the tests that are run need; others read more of the project."""

_LEFT_TO_MUTMUT: Final = {"classmethod", "staticmethod"}

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def copy(root: Path, scratch: Path, modules: Sequence[str]) -> None:
    """A fresh copy, so that nothing is known of a run before."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, scratch / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, scratch / name)
    for module in modules:
        changed = scratch / module
        changed.write_text(undecorated(changed.read_text()))


def undecorated(source: str) -> str:
    """The same with `x = property(x)` behind a function instead of `@property` before it.

    mutmut changes nothing in a function that has a decorator.
    """
    lines = source.splitlines()
    for function in sorted(_decorated(source), key=lambda each: each.lineno, reverse=True):
        (decorator,) = function.decorator_list
        text = ast.unparse(decorator)
        if text not in _LEFT_TO_MUTMUT:
            made = f"{function.name} = {text}({function.name})"
            lines.insert(function.end_lineno or 0, " " * function.col_offset + made)
            del lines[decorator.lineno - 1 : decorator.end_lineno]
    return "\n".join([*lines, ""])


def _decorated(source: str) -> Iterator[_Function]:
    """Functions with one decorator, of the module and of its classes."""
    module = ast.parse(source)
    classes = (node for node in module.body if isinstance(node, ast.ClassDef))
    for node in chain(module.body, *(each.body for each in classes)):
        if isinstance(node, _Function) and len(node.decorator_list) == 1:
            yield node
