"""The command that asks a running exporter whether it lives."""

import sys

from exporter import NAME
from exporter.flags import Parser, add_flags, flag_values
from exporter.health import Place, UnhealthyError, check
from exporter.settings import Fault, SettingsError, where_it_listens

from .command import Arguments
from .ending import FAILED, OK, misused


def parser() -> Parser:
    """Flags of `healthy`."""
    made = Parser(
        prog=f"{NAME} healthy",
        usage=f"{NAME} healthy [flags]",
        description="Ask a running exporter whether it lives; exit 1 if it does not say so. It is "
        "asked where the settings say that it listens, over HTTP or TLS as it happens.",
    )
    made.add_argument(
        "--url", help="where to ask instead, such as http://127.0.0.1:10521 or https://[::1]:10521"
    )
    add_flags(made, only=("config.file", "web.listen_address"))
    return made


def run(given: Arguments) -> int:
    """Ask once, and tell the answer in one line."""
    try:
        place = Place.of(given.url) if given.url else _listening(given)
    except SettingsError as error:
        return misused(error.faults)
    except ValueError:
        fix = "write it like http://127.0.0.1:10521"
        return misused([Fault("--url", "is not a URL of an exporter", fix)])
    try:
        check(place)
    except UnhealthyError as error:
        print(f"{NAME}: {place}: {error}", file=sys.stderr)  # noqa: T201 - the answer
        return FAILED
    print("healthy")  # noqa: T201 - the answer
    return OK


def _listening(given: Arguments) -> Place:
    """The first address; it lives on all of them or on none."""
    host, port = where_it_listens(flag_values(given))[0]
    if not port:
        fault = Fault("--url", "is missing, as the port is any free one", "see its log for the URL")
        raise SettingsError([fault])
    return Place.listening(host, port)
