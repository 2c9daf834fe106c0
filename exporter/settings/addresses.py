"""The notation of listen addresses, paths, and URLs of platforms and proxies."""

import re
from ipaddress import IPv4Address
from typing import Annotated, NamedTuple
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from typing_extensions import override

from .notation import QUOTED, Shown, is_quoted, read_list, wrong


class Address(NamedTuple):
    """Where to listen; an empty host is every interface, port 0 any free port."""

    host: str
    port: int

    @override
    def __str__(self) -> str:
        """`host:port`, or `[::1]:port`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s\[\]:/@]*):(?P<port>\d{1,5})")
_PORTS = 65536


def read_address(text: str) -> Address:
    """Host and port of `:10521`, `host:10521` or `[::1]:10521`."""
    match = _LISTEN.fullmatch(text)
    if match is None or int(match["port"]) >= _PORTS:
        raise wrong(
            "is not an address to listen on", "write it like :10521, 127.0.0.1:10521 or [::1]:10521"
        )
    return Address(match["host"].strip("[]"), int(match["port"]))


def check_address(text: str) -> str:
    """Check that the text is a listen address."""
    read_address(text)
    return text


def check_some_address(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse an empty list; pydantic's own check would also count addresses that are wrong."""
    if not addresses:
        raise wrong("must not be empty", "give at least one address, such as :10521")
    return addresses


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

_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_URL_EXAMPLE = "write it like http://10.0.0.5:8080 or https://zstack.example.com"


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
    return f"{url.scheme}://{url.netloc}{_API.sub('', url.path)}"


def check_proxy(secret: SecretStr) -> SecretStr:
    """Check that the secret is an HTTP proxy's URL."""
    _split_url(secret.get_secret_value(), "write it like http://user:password@proxy:3128")
    return secret


def _split_url(text: str, example: str) -> SplitResult:
    if is_quoted(text):
        raise QUOTED
    url = _urlsplit(text)
    if url is None or url.scheme not in {"http", "https"} or not url.hostname:
        raise wrong("is not an http or https URL", example)
    if _is_odd_address(url.hostname):
        raise wrong(
            "has a number for a host that is not a whole IP address",
            "write all four numbers in decimal, such as 127.0.0.1",
        )
    return url


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
    """Split a URL, or return None where a part is malformed: a port of letters, a stray bracket."""
    if re.search(r"[\s\x00-\x1f\x7f\\]", text):
        return None
    try:
        url = urlsplit(text)
        url.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return None
    return url


ListenAddress = Annotated[str, AfterValidator(check_address)]
ListenAddresses = Annotated[
    tuple[ListenAddress, ...],
    BeforeValidator(read_list),
    AfterValidator(check_some_address),
    Shown("ADDRESS"),
]
TelemetryPath = Annotated[str, AfterValidator(check_telemetry_path), Shown("PATH")]
PlatformUrl = Annotated[str, AfterValidator(read_url), Shown("URL")]
ProxyUrl = Annotated[SecretStr, AfterValidator(check_proxy), Shown("URL")]
