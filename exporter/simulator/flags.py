"""The simulator's command line: a flag for each field of `Cloud`."""

import argparse
from collections.abc import Callable
from functools import partial

from .accounts import EXAMPLE_KEY_ID
from .centers import SHIPPED
from .fault_flags import fault, fault_kinds
from .flag_values import address, count, password, seconds, whole, zone
from .inventory import PROFILES
from .wire import DATE_STYLES

PASSWORD = "password"  # noqa: S105 - a simulator has nothing to hide
"""ZStack's own first password."""


_PLAIN = partial(argparse.ArgumentParser, formatter_class=argparse.RawDescriptionHelpFormatter)


def parser(
    make: Callable[..., argparse.ArgumentParser] = _PLAIN, columns: int = 80
) -> argparse.ArgumentParser:
    """The parser of the simulator's command line, which `make` makes; `columns` of its epilog."""
    made = make(
        prog="zstack-aios-exporter simulate",
        description="A ZStack AIOS API for trying things out. Its credentials are no secret.",
        usage="%(prog)s [flags]",
        epilog=fault_kinds(columns),
    )
    _add_platform(made.add_argument_group("platform"))
    _add_accounts(made.add_argument_group("accounts and sessions"))
    _add_troubles(made.add_argument_group("life and trouble"))
    return made


def _add_platform(group: argparse._ArgumentGroup) -> None:
    flag = group.add_argument
    flag(
        "--web.listen-address",
        dest="listen",
        type=address,
        default="127.0.0.1:8080",
        metavar="ADDRESS",
        help="where to serve; port 0 is any free one (default: %(default)s)",
    )
    # its name before the exporter's own flag had the same
    flag("--listen", type=address, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    flag(
        "--services",
        type=count,
        default=300,
        metavar="N",
        help="model services, up to 100000 (default: %(default)s)",
    )
    flag(
        "--instance-groups",
        type=count,
        metavar="N",
        help="groups of instances that run services (default: one for every five services)",
    )
    flag(
        "--model-centers",
        type=count,
        default=SHIPPED,
        metavar="N",
        help="stores of models (default: %(default)s)",
    )
    flag(
        "--seed",
        type=whole,
        default=1,
        metavar="N",
        help="the same seed, the same platform (default: %(default)s)",
    )
    flag(
        "--profile",
        choices=PROFILES,
        default="5.5",
        help="the release to imitate (default: %(default)s)",
    )
    flag(
        "--time-zone",
        type=zone,
        default="Asia/Shanghai",
        metavar="ZONE",
        help="the server's, an IANA name (default: %(default)s)",
    )
    flag(
        "--date-style",
        choices=DATE_STYLES,
        default="jdk8",
        help="the Java that prints dates (default: %(default)s)",
    )


def _add_accounts(group: argparse._ArgumentGroup) -> None:
    flag = group.add_argument
    flag("--account", default="admin", metavar="NAME", help="who may log in (default: %(default)s)")
    flag(
        "--password-file",
        dest="password",
        type=password,
        metavar="FILE",
        help=f"holds the account's password (default: none, the password is {PASSWORD!r})",
    )
    flag(
        "--access-key-id",
        default=EXAMPLE_KEY_ID,
        metavar="ID",
        help="of the account's access key (default: %(default)s)",
    )
    flag(
        "--session-timeout",
        type=seconds,
        default=7200.0,
        metavar="SECONDS",
        help="a session's life after its last call (default: 7200)",
    )
    flag(
        "--max-sessions",
        type=count,
        default=500,
        metavar="N",
        help="sessions per account (default: %(default)s)",
    )
    flag(
        "--unique-session",
        action="store_true",
        help="a login ends the account's other sessions (default: off)",
    )
    flag(
        "--lock-after",
        type=count,
        metavar="N",
        help="failed logins that lock the account (default: never)",
    )
    flag(
        "--check-time-zone",
        action="store_true",
        help="heed the zone in the Date of access keys (default: off)",
    )


def _add_troubles(group: argparse._ArgumentGroup) -> None:
    flag = group.add_argument
    flag(
        "--fault",
        type=fault,
        action="append",
        default=[],
        metavar="KIND[:KEY=VALUE,...]",
        help="of a kind listed below; may be repeated (default: none)",
    )
    flag(
        "--evolve",
        type=seconds,
        metavar="SECONDS",
        help="services, groups and centers change every so often (default: never)",
    )
    flag(
        "--trouble",
        type=seconds,
        metavar="SECONDS",
        help="something goes wrong every so often (default: never)",
    )
