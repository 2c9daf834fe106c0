"""Hash a password, for the file of --web.config.file."""

import getpass
import signal
import sys

from .command import Arguments
from .exit_codes import INTERRUPTED, OK, usage_error
from .parser import Parser, command_parser


def parser() -> Parser:
    """Flags of `hash-password`: none, as a password would be visible among them."""
    return command_parser(
        "hash-password",
        "Print the bcrypt hash of a password, for basic_auth_users in the file of "
        "--web.config.file. The password is asked for on a terminal, or is the first line of "
        "standard input.",
    )


def run(_given: Arguments) -> int:
    """Print the hash of a password that is typed or piped in."""
    from exporter.web.config.hashing import hashed

    # An interrupt must raise, so that getpass turns the terminal's echo on again.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        print(hashed(_password()))  # noqa: T201 - the answer to the command
    except KeyboardInterrupt:
        return INTERRUPTED
    except UnicodeDecodeError:  # whose text quotes a byte of the password
        hint = "set LC_ALL to a locale in UTF-8, such as C.UTF-8"
        return _refused("is not text in the encoding of the terminal", hint)
    except ValueError as error:
        return _refused(str(error))
    return OK


def _refused(what: str, fix: str = "") -> int:
    return usage_error([f"password: {what}" + (f"; {fix}" if fix else "")])


def _password() -> str:
    if not sys.stdin.isatty():
        # The bytes as they are, in every locale: clients send them so.
        return sys.stdin.buffer.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise ValueError("the two are not the same")
    return password
