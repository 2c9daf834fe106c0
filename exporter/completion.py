"""What makes a shell complete the commands, their flags and the values of these."""

import argparse
from collections.abc import Iterable, Mapping
from typing import Final

import shtab

from .settings import Settings, declared

SHELLS: Final = ("bash", "zsh", "fish")

_SECRETS: Final = frozenset(setting.key for setting in declared(Settings) if setting.secret)


def script(
    shell: str, root: argparse.ArgumentParser, commands: Mapping[str, argparse.ArgumentParser]
) -> str:
    """A script for one of SHELLS, to be evaluated by it.

    `root` has the flags that are known without a command. The parsers are used up: their actions
    are given what to complete.
    """
    program = argparse.ArgumentParser(prog=root.prog, parents=[root], add_help=False)
    choices = program.add_subparsers()
    for name, command in commands.items():
        about = (command.description or "").partition("\n")[0]
        choices.add_parser(name, help=about, description=about, parents=[command], add_help=False)
    for parser in (root, *commands.values()):
        _complete(parser._actions)  # noqa: SLF001 - argparse has no other way to list them
    return shtab.complete(program, shell)


def _complete(actions: Iterable[argparse.Action]) -> None:
    for action in actions:
        metavar = action.metavar if isinstance(action.metavar, str) else ""
        if action.dest in _SECRETS:
            action.help = argparse.SUPPRESS
        elif metavar == "FILE":
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's own attribute
        elif "|" in metavar:
            action.choices = metavar.split("|")
