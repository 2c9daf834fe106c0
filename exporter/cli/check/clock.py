"""The platform's clock compared with ours."""

import time
from email.utils import parsedate_to_datetime
from typing import Final

from .finding import Finding, passed, warned

CLOCK_SECONDS: Final = 60.0
"""A difference worth a warning; ZStack refuses an access key from 15 minutes on."""


def clock(date: str) -> Finding:
    """Whether the platform's clock agrees with ours, by the `Date` of one of its answers."""
    ahead = seconds_ahead(date)
    if ahead is None:
        hint = "compare the clocks by hand if an access key is refused"
        return warned("clock", "the platform sends no valid date", hint)
    if abs(ahead) < CLOCK_SECONDS:
        return passed("clock", "as ours, to the minute")
    direction = "ahead of" if ahead > 0 else "behind"
    hint = "set both by NTP: an access key is refused when they are 15 minutes apart"
    return warned("clock", f"the platform's is {abs(ahead):.0f} s {direction} ours", hint)


def seconds_ahead(date: str) -> float | None:
    """Seconds by which a server's `Date` is ahead of ours; it is in GMT by RFC 9110, 6.6.1."""
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None
