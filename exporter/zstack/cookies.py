"""A cookie jar that ignores cookies with an invalid name."""

import re
from collections.abc import Callable, Sequence
from typing import Final

import aiohttp
from typing_extensions import override
from yarl import URL

_LEGAL: Final = re.compile(r"[!-~]+")
_ILLEGAL: Final = re.compile(r'[",;=\\]')

MOST_BYTES: Final = 64 * 1024
"""Of all cookies together, which each request carries: ZStack's Tomcat takes no longer head."""


class Cookies(aiohttp.CookieJar):
    """Keeps cookies also for a host that is an address: a platform is seldom reached by a name.

    `on_illegal` is called at the first cookie whose name no browser would accept (RFC 6265, 4.1.1).
    aiohttp's own jar logs the name of each of them, at every answer: a byte of the platform's.
    """

    def __init__(self, on_illegal: Callable[[], None] = lambda: None) -> None:
        super().__init__(unsafe=True)
        self._on_illegal: Callable[[], None] | None = on_illegal

    @override
    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        legal = [header for header in headers if _is_legal(header)]
        if len(legal) < len(headers) and self._on_illegal is not None:
            self._on_illegal()
            self._on_illegal = None
        super().update_cookies_from_headers(legal, response_url)
        if sum(len(cookie.key) + len(cookie.value) for cookie in self) > MOST_BYTES:
            self.clear()  # a platform or proxy that sets ever new ones would fill memory with them


def _is_legal(header: str) -> bool:
    name = header.partition(";")[0].partition("=")[0].strip()
    return bool(_LEGAL.fullmatch(name)) and not _ILLEGAL.search(name)
