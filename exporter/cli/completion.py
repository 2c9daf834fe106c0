"""The script with which a shell completes commands, flags and their values."""

import argparse
from collections.abc import Iterable, Mapping
from typing import Final

from exporter import NAME

from .command import COMMANDS, Arguments
from .exit_codes import OK
from .parser import Parser, command_parser
from .settings_table import table

SHELLS: Final = ("bash", "zsh", "fish")


def parser() -> Parser:
    """Flags of `completion`."""
    made = command_parser(
        "completion",
        "Print what makes a shell complete commands, flags and their values:\n\n"
        f'  eval "$({NAME} completion bash)"',
    )
    made.add_argument("shell", choices=SHELLS, help=" or ".join(SHELLS))
    return made


def run(given: Arguments) -> int:
    """Print the script that completes every command."""
    parsers = {name: command.parser() for name, command in COMMANDS.items()}
    print(script(given.shell, parsers["serve"], parsers))  # noqa: T201 - the answer to the command
    return OK


def script(
    shell: str, root: argparse.ArgumentParser, commands: Mapping[str, argparse.ArgumentParser]
) -> str:
    """A script for one of SHELLS, which the shell evaluates.

    `root` has the flags that are known without a command. The parsers can't be used for parsing
    any more: their actions are changed.
    """
    import shtab

    program = argparse.ArgumentParser(prog=root.prog, parents=[root], add_help=False)
    choices = program.add_subparsers()
    for name, command in commands.items():
        about = (command.description or "").partition("\n")[0]
        choices.add_parser(name, help=about, description=about, parents=[command], add_help=False)
    for each in (root, *commands.values()):
        _complete(each._actions)  # noqa: SLF001 - argparse has no other way to list them
    return shtab.complete(program, shell)


def _complete(actions: Iterable[argparse.Action]) -> None:
    import shtab

    secrets = {setting.key for setting in table().settings if setting.secret}
    for action in actions:
        metavar = action.metavar if isinstance(action.metavar, str) else ""
        if action.dest in secrets:
            action.help = argparse.SUPPRESS
        elif metavar == "FILE":
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's own attribute
        elif metavar == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]  # likewise
        elif metavar == "COMMAND":
            action.choices = tuple(COMMANDS)
        elif "|" in metavar:
            action.choices = metavar.split("|")
