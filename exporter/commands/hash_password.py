"""Hash a password, for the file of --web.config.file."""

import getpass
import signal
import sys

from exporter import NAME
from exporter.flags import Parser
from exporter.settings import Fault
from exporter.webconfig.passwords import hashed

from .command import Arguments
from .ending import INTERRUPTED, OK, misused


def parser() -> Parser:
    """Flags of `hash-password`: none, as a password would be seen among them."""
    return Parser(
        prog=f"{NAME} hash-password",
        description="Print the bcrypt hash of a password, for basic_auth_users in the file of "
        "--web.config.file. The password is asked for on a terminal, or is the first line of "
        "standard input.",
    )


def run(_given: Arguments) -> int:
    """Print the hash of a password that is typed or piped in."""
    # For the terminal to get its echo back.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        print(hashed(_password()))  # noqa: T201 - the answer to the command
    except KeyboardInterrupt:
        return INTERRUPTED
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
