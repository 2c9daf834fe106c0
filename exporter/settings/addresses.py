"""The notation of listen addresses, paths, and URLs of platforms and proxies."""

import re
from ipaddress import IPv4Address
from typing import Annotated, NamedTuple
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from typing_extensions import override

from .nearest import nearest
from .notation import QUOTED, Shown, is_quoted, read_list, wrong


class Address(NamedTuple):
    """Where to listen; an empty host is every interface, port 0 any free port."""

    host: str
    port: int

    @override
    def __str__(self) -> str:
        """`host:port`, or `[::1]:port`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s\[\]:/@]*):(?P<port>\d{1,9})", re.ASCII)
_LISTEN_EXAMPLES = "write it like :10521, 127.0.0.1:10521 or [::1]:10521"
_PORTS = 65536
_UP_TO = f"ports go up to {_PORTS - 1}"
_EVERYWHERE = {"", "::"}
"""Hosts that stand for every interface, with IPv4 and IPv6."""


def read_address(text: str) -> Address:
    """Host and port of `:10521`, `host:10521` or `[::1]:10521`."""
    match = _LISTEN.fullmatch(text)
    if match is None:
        raise wrong("is not an address to listen on", _without_port(text) or _LISTEN_EXAMPLES)
    if int(match["port"]) >= _PORTS:
        raise wrong(f"has the port {match['port']}: {_UP_TO}", _LISTEN_EXAMPLES)
    return Address(match["host"].strip("[]"), int(match["port"]))


def check_address(text: str) -> str:
    """Check that the text is a listen address."""
    read_address(text)
    return text


def _without_port(text: str) -> str:
    """What to write where the text is a port alone, or a host alone."""
    if re.fullmatch(r"\d{1,5}", text, re.ASCII):
        return f"write a colon before the port, like :10521; {_UP_TO}"
    if text.startswith(("http://", "https://")):
        return f"leave http:// off: {_LISTEN_EXAMPLES}"
    if re.fullmatch(r"[\w.-]+|\[[0-9A-Fa-f:.%\w]+\]", text):
        return "write a colon and a port after the host, like localhost:10521"
    return ""


def check_addresses(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse an empty list, which pydantic would count before its items, and addresses twice."""
    if not addresses:
        raise wrong("must not be empty", "give at least one address, such as :10521")
    seen: list[Address] = []
    for number, address in enumerate(map(read_address, addresses)):
        for earlier, other in enumerate(seen):
            if what := _overlap(other, address):
                fix = f"remove [{number}] or [{earlier}], or give one of them another port"
                raise wrong(f"[{number}] {what.format(f'[{earlier}]')}", fix)
        seen.append(address)
    return addresses


def _overlap(one: Address, other: Address) -> str:
    """Why the system would refuse the second address; empty where it may not."""
    if one.port != other.port or not one.port:  # port 0 is another one each time
        return ""
    if one.host == other.host or {one.host, other.host} <= _EVERYWHERE:
        return "repeats {}"
    if one.host in _EVERYWHERE or (one.host == _EVERY_IPV4 and ":" not in other.host):
        return "is among the interfaces of {}, which is every one"
    if other.host in _EVERYWHERE or (other.host == _EVERY_IPV4 and ":" not in one.host):
        return "is every interface, and so that of {} too"
    return ""


_EVERY_IPV4 = "0.0.0.0"  # noqa: S104 - it is compared, not bound


_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?")
_OTHER_ENDPOINTS = {"/", "/probe"}
_RESERVED = ("/-/", "/api/", "/sd/")
_ANOTHER_PATH = "take another path, such as /metrics"


def check_telemetry_path(text: str) -> str:
    """Check that the path has plain segments and is not an endpoint of the exporter's own."""
    if text != "/" and not _PATH.fullmatch(text):
        raise wrong("is not a path", "begin it with / and use only letters, digits and . _ ~ -")
    if text.startswith(_RESERVED):
        raise wrong("is reserved by the exporter", _ANOTHER_PATH)
    if (text.rstrip("/") or "/") in _OTHER_ENDPOINTS:
        raise wrong("is the path of another endpoint", _ANOTHER_PATH)
    return text


_API = re.compile(r"(?:/zstack(?:/v1(?:/(?:ai|accounts|management-nodes)(?:/.*)?)?)?)?/*$")
"""The end of a URL that names the API, or one call of it."""

_PAGE = re.compile(r"\.(?:html?|jsp|php)$|/index[^/]*$", re.IGNORECASE)
"""The end of a path that a browser showed."""

_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_URLS = "like http://10.0.0.5:8080 or https://zstack.example.com"
_URL_EXAMPLE = f"write it {_URLS}"


def read_url(text: str) -> str:
    """Return the platform's address without the `/zstack/v1/…` that every request adds."""
    url = _split_url(text, _URL_EXAMPLE)
    if "@" in url.netloc:
        raise wrong(
            "must not contain a user or password",
            "remove them and set account and password_file instead",
        )
    if "?" in text or "#" in text:
        raise wrong(
            "must not contain a query or fragment", f"remove it from the ? or # on; {_URL_EXAMPLE}"
        )
    if _PAGE.search(url.path):
        raise wrong("has the path of a web page", f"leave the path off; {_URL_EXAMPLE}")
    return f"{url.scheme}://{url.netloc}{_API.sub('', url.path)}"


def check_proxy(secret: SecretStr) -> SecretStr:
    """Check that the secret is an HTTP proxy's URL."""
    _split_url(secret.get_secret_value(), "write it like http://user:password@proxy:3128")
    return secret


def _split_url(text: str, example: str) -> SplitResult:
    if is_quoted(text):
        raise QUOTED
    url = _urlsplit(text)
    if url is not None and _is_bare_ipv6(url):
        raise wrong(
            "has an IPv6 address without brackets",
            "write brackets around it, like http://[fd00::5]:8080",
        )
    if url is None or url.scheme not in {"http", "https"} or not url.hostname:
        raise wrong("is not an http or https URL", _likely(text) or example)
    if _port(url) is None:
        raise wrong(f"has a port that is no number up to {_PORTS - 1}", example)
    if _is_odd_address(url.hostname):
        raise wrong(
            "has a number for a host that is not a whole IP address",
            "write all four numbers in decimal, such as 127.0.0.1",
        )
    return url


def _likely(text: str) -> str:
    """What to write where a part is missing or misspelt; never a part of the text."""
    scheme = re.match(r"([a-z]+)(?::/*|/+)", text, re.IGNORECASE)
    if scheme and nearest(scheme[1], ("http", "https"), likeness=0.7):
        return f"write http:// or https:// with its colon and both slashes, {_URLS}"
    if re.fullmatch(r"[\w.-]+(?::\d+)?(?:/\S*)?", text):
        return f"write http:// or https:// before the host, {_URLS}"
    return ""


def _is_bare_ipv6(url: SplitResult) -> bool:
    """Whether the host has more colons than the one before a port, and no brackets (RFC 3986)."""
    _, _, host = url.netloc.rpartition("@")
    return host.count(":") > 1 and "[" not in host


def _port(url: SplitResult) -> int | None:
    """0 where there is none; None for one that is no number or too large."""
    try:
        return url.port or 0
    except ValueError:
        return None


def _is_odd_address(host: str) -> bool:
    """Whether it is an address in a form that resolvers read differently.

    `127.1`, `2130706433`, `0x7f.1`, `010.0.0.1`: a host that ends in a number is an address
    (URL Standard, 3.5), and Python, curl and proxies differ in what they make of it.
    """
    if ":" in host or not _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return False
    try:
        IPv4Address(host)
    except ValueError:
        return True
    return not host.isascii()


def _urlsplit(text: str) -> SplitResult | None:
    """Split a URL, or return None where a part is malformed, as by a stray bracket."""
    if re.search(r"[\s\x00-\x1f\x7f\\]", text):
        return None
    try:
        return urlsplit(text)
    except ValueError:
        return None


ListenAddress = Annotated[str, AfterValidator(check_address)]
ListenAddresses = Annotated[
    tuple[ListenAddress, ...],
    BeforeValidator(read_list),
    AfterValidator(check_addresses),
    Shown("ADDRESS"),
]
TelemetryPath = Annotated[str, AfterValidator(check_telemetry_path), Shown("PATH")]
PlatformUrl = Annotated[str, AfterValidator(read_url), Shown("URL")]
ProxyUrl = Annotated[SecretStr, AfterValidator(check_proxy), Shown("URL")]
