"""Faults as flags describe them: `slow:seconds=5,operation=QueryModelService,times=3`."""

import argparse
import inspect
from collections.abc import Callable, Mapping
from textwrap import fill
from typing import Any, get_type_hints

from .faults import Fault, Rule
from .flag_values import number, whole

_FAULTS: Mapping[str, Callable[..., Fault]] = {
    name: constructor
    for name, constructor in inspect.getmembers(Fault, inspect.ismethod)
    if name != "changing"
}
"""Those that a flag can describe: `changing` takes a function."""


def fault_kinds(columns: int) -> str:
    """Each kind with its required parameters, then the optional ones."""
    kinds = {
        ",".join([kind, *(f"{key}=" for key in _needed(kind))]).replace(",", ":", 1): constructor
        for kind, constructor in _FAULTS.items()
    }
    width = max(map(len, kinds)) + 4
    lines = [
        fill(
            f"{kind:{width - 4}}  {inspect.getdoc(made)}",
            columns,
            initial_indent="  ",
            subsequent_indent=" " * width,
            break_on_hyphens=False,
        )
        for kind, made in kinds.items()
    ]
    optional = [
        f"{kind}:{key}={parameter.default or ''}"
        for kind in _FAULTS
        for key, parameter in _own(kind).items()
        if key not in _needed(kind)
    ]
    more = fill(
        f"Some take more: {', '.join(optional)}. All take operation=, path=, start=, "
        "page=, times=, lasting= (seconds), to limit them: "
        "slow:seconds=5,operation=QueryModelService,times=3",
        columns,
        break_on_hyphens=False,
    )
    return "\n".join(["kinds of fault:", *lines, "", more])


def fault(text: str) -> Fault:
    """The fault that a flag describes, such as `error:code=ID.1002,operation=QueryModelService`."""
    kind, _, described = text.partition(":")
    if kind not in _FAULTS:
        raise argparse.ArgumentTypeError(f"unknown fault {kind!r}, try {', '.join(_FAULTS)}")
    types = {key: each.annotation for key, each in _own(kind).items()} | get_type_hints(Rule)
    values: dict[str, Any] = {}
    for key, _, value in (pair.partition("=") for pair in described.split(",") if pair):
        if key not in types:
            raise argparse.ArgumentTypeError(
                f"{kind} has no {key!r}, it takes {', '.join(types)}: KEY=VALUE with commas between"
            )
        values[key] = _parsed(f"{kind}: {key}", types[key], value)
    if missing := [key for key in _needed(kind) if key not in values]:
        raise argparse.ArgumentTypeError(f"{kind} needs {missing[0]}: {kind}:{missing[0]}=...")
    try:
        return _FAULTS[kind](**values)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


def _own(kind: str) -> Mapping[str, inspect.Parameter]:
    """The parameters of a kind beside its rule."""
    parameters = inspect.signature(_FAULTS[kind]).parameters
    return {key: each for key, each in parameters.items() if each.kind is not each.VAR_KEYWORD}


def _needed(kind: str) -> list[str]:
    return [key for key, each in _own(kind).items() if each.default is each.empty]


def _parsed(what: str, kind: object, text: str) -> str | float:
    try:
        if kind is int:
            return whole(text)
        return number(text) if kind is float else text
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{what} {error}") from error
