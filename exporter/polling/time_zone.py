"""The time zone of a platform's dates: set by the operator, or asked of the platform."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import tzinfo
from typing import Final

import structlog

from exporter.zstack import ZStackError

log = structlog.get_logger(__name__)

ZONE_SECONDS: Final = 1.0
"""How long a poll waits for the zone; it is worth no more."""

MOST_POLLS_BETWEEN: Final = 1000
"""Polls between two requests for a zone that the platform does not know or does not give."""


class TimeZone:
    """The zone of one platform; None until it is known, and its dates are left out."""

    def __init__(
        self,
        target: str,
        ask: Callable[[], Awaitable[tzinfo | None]],
        *,
        zone: tzinfo | None,
        most_polls_between: int = MOST_POLLS_BETWEEN,
    ) -> None:
        self.zone = zone
        self._ask = ask
        self._most_polls_between = most_polls_between
        self._failures = 0
        self._logged_no_api = False
        self._polls_until_due = 0
        self._log = log.bind(target=target)

    def begin_poll(self) -> bool:
        """Count a poll; returns whether the platform is to be asked in it."""
        self._polls_until_due = max(0, self._polls_until_due - 1)
        return self.zone is None and self._polls_until_due == 0

    async def ask(self) -> None:
        """Ask once; where the platform fails to answer, again after 1, 2, 4 … polls."""
        try:
            async with asyncio.timeout(ZONE_SECONDS):
                self.zone = await self._ask()
        except (ZStackError, TimeoutError) as error:
            self._failures += 1
            self._polls_until_due = min(2 ** (self._failures - 1), self._most_polls_between) + 1
            if self._failures == 1:
                self._warn(str(error) or "no answer")
            return
        if self.zone is None:
            if not self._logged_no_api:
                self._warn("it has no API for that, or names no zone that is known")
            self._logged_no_api = True
            self._polls_until_due = self._most_polls_between  # its next release may have one

    def _warn(self, why: str) -> None:
        self._log.warning(
            "dates are left out: the platform does not report its time zone",
            error=why,
            hint="set time_zone, such as time_zone: Asia/Shanghai",
        )
