"""The commands that only tell something: metrics, completion, hash-password."""

import getpass
import sys
from collections.abc import Mapping

from exporter import NAME
from exporter.completion import SHELLS, script
from exporter.flags import Parser
from exporter.metrics import table
from exporter.settings import Fault
from exporter.webconfig.passwords import hashed

from .command import Arguments, Command
from .ending import OK, misused


def metrics_parser() -> Parser:
    """Flags of `metrics`: none."""
    description = "List every metric: name, type, labels, meaning."
    return Parser(prog=f"{NAME} metrics", description=description)


def metrics(_given: Arguments) -> int:
    """Print every metric, as a table."""
    for line in table():
        print(line)  # noqa: T201 - the answer to the command
    return OK


def hash_password_parser() -> Parser:
    """Flags of `hash-password`: none, as a password would be seen among them."""
    return Parser(
        prog=f"{NAME} hash-password",
        description="Print the bcrypt hash of a password, for basic_auth_users in the file of "
        "--web.config.file. The password is asked for on a terminal, or is the first line of "
        "standard input.",
    )


def hash_password(_given: Arguments) -> int:
    """Print the hash of a password that is typed or piped in."""
    try:
        print(hashed(_password()))  # noqa: T201 - the answer to the command
    except ValueError as error:
        return misused([Fault("password", str(error))])
    return OK


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise ValueError("the two are not the same")
    return password


def completion_parser() -> Parser:
    """Flags of `completion`."""
    parser = Parser(
        prog=f"{NAME} completion",
        description="Print what makes a shell complete commands, flags and their values:\n\n"
        f'  eval "$({NAME} completion bash)"',
    )
    parser.add_argument("shell", choices=SHELLS, help=" or ".join(SHELLS))
    return parser


def completion(given: Arguments, commands: Mapping[str, Command]) -> int:
    """Print the script that completes all of these commands."""
    parsers = {name: command.parser() for name, command in commands.items()}
    print(script(given.shell, parsers["serve"], parsers))  # noqa: T201 - the answer to the command
    return OK
