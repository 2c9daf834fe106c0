"""Hosts: names and addresses that a client can connect to, and those that lead nowhere useful."""

import re
from collections.abc import Mapping
from ipaddress import IPv6Address
from socket import AF_INET, inet_pton
from typing import Final, Literal, get_args

PORTS: Final = range(1, 65_536)

Objection = Literal["invalid", "loopback", "link_local", "unspecified", "multicast"]
"""Why nobody on another machine reaches a host by what it is called.

`invalid` is no host at all, or an address that is reserved.
"""

OBJECTIONS: Final[tuple[Objection, ...]] = get_args(Objection)

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_LONGEST_NAME: Final = 254  # of DNS, with the dot of its root

_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?", re.IGNORECASE)
"""A host that ends in a number is an address (URL Standard, 3.5), if a whole one; in `127.1` or
`0x7f.1` resolvers read different ones."""

_OWN_NAME: Final = re.compile(
    r"(?:.*\.)?localhost6?(?:\.localdomain6?)?\.?|ip6-(?:localhost|loopback)", re.IGNORECASE
)
"""What systems call themselves (RFC 6761, 6.3, and the files `hosts` of distributions)."""

_LINK_LOCAL: Final = bytes((169, 254))
_OBJECTIONS_TO_IPV4: Final[Mapping[int, Objection]] = {
    0: "unspecified",  # "this network": systems connect to themselves
    127: "loopback",
    **dict.fromkeys(range(224, 240), "multicast"),
    **dict.fromkeys(range(240, 256), "invalid"),
}
"""By the first number of the address (RFC 6890)."""


def is_host_name(text: str) -> bool:
    """Whether it is a name as DNS and systems have them, or an IPv4 address."""
    return len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None


def is_ipv6(text: str) -> bool:
    """Whether it is an IPv6 address, without brackets."""
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def objection_to(host: str) -> Objection | None:
    """Why a host is of no use to others; None where it is. A name is not looked up.

    An IPv6 address has its brackets.
    """
    if host.startswith("["):
        text = host.removeprefix("[").removesuffix("]")
        return _objection_to_ipv6(IPv6Address(text)) if is_ipv6(text) else "invalid"
    if not is_host_name(host):
        return "invalid"
    try:
        return _objection_to_ipv4(inet_pton(AF_INET, host))
    except OSError:
        return _objection_to_name(host)


def _objection_to_name(name: str) -> Objection | None:
    if _NUMBER.fullmatch(name):
        return "invalid"
    return "loopback" if _OWN_NAME.fullmatch(name) else None


def _objection_to_ipv4(address: bytes) -> Objection | None:
    """By its numbers: `ipaddress` takes ten times as long, and there are tens of thousands."""
    if address.startswith(_LINK_LOCAL):
        return "link_local"
    return _OBJECTIONS_TO_IPV4.get(address[0])


def _objection_to_ipv6(address: IPv6Address) -> Objection | None:
    if address.ipv4_mapped is not None:
        return _objection_to_ipv4(address.ipv4_mapped.packed)
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link_local"
    if address.is_unspecified:
        return "unspecified"
    if address.is_multicast:
        return "multicast"
    return "invalid" if address.is_reserved else None
