"""Where an instance answers: of its URL, only what may be shown, and whether it can be scraped."""

import re
from typing import Final, Literal, NamedTuple

from .hosts import OBJECTIONS, PORTS, Objection, objection_to

LONGEST: Final = 1024
"""Characters of an address that is kept; a longer one is none."""

Unusable = Literal["no_url"] | Objection
"""Why nobody else can scrape an instance; `no_url` is without one of http or https."""

UNUSABLE: Final[tuple[Unusable, ...]] = ("no_url", *OBJECTIONS)

_HOST_AND_PORT: Final = (
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]\\]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/[^\s?#]*)?"
)
_URL: Final = re.compile(
    rf"(?P<scheme>https?)://(?:[^/?#\\]*@)?{_HOST_AND_PORT}(?:[?#].*)?", re.IGNORECASE | re.DOTALL
)
_SHOWN: Final = re.compile(rf"(?P<scheme>https?)://{_HOST_AND_PORT}")
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


class Endpoint(NamedTuple):
    """What can be scraped; `address` always has a port, and `path` is empty or begins with /."""

    scheme: str
    address: str
    path: str


def endpoint_url(url: str | None) -> str:
    """Scheme, host, port and path of a URL of http or https; empty where it is no such URL.

    What else it has may be secret: a user and password, a token in its query.
    """
    match = _URL.fullmatch((url or "").strip()[: 4 * LONGEST])
    if match is None:
        return ""
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = "" if match["port"] is None else f":{match['port']}"
    found = f"{scheme}://{host}{port}{match['path'] or ''}"
    return found if len(found) <= LONGEST and found.isprintable() else ""


def endpoint(url: str) -> Endpoint | Unusable:
    """The endpoint at this `endpoint_url`, or why there is none."""
    match = _SHOWN.fullmatch(url)
    if match is None:
        return "no_url"
    if objection := objection_to(match["host"]):
        return objection
    # Not every scraper adds the port that a scheme has by default, and `instance` comes from it.
    port = match["port"] or _DEFAULT_PORTS[match["scheme"]]
    if int(port) not in PORTS:
        return "invalid"
    return Endpoint(match["scheme"], f"{match['host']}:{int(port)}", match["path"] or "")
