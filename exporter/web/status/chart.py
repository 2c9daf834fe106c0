"""A bar chart of the last polls: height is duration, shape and colour the outcome."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from exporter.state.snapshot import POLLS_KEPT, Poll

from .i18n import Formatter, utc

STEP: Final = 8
"""Width of a bar and the gap after it."""

HEIGHT: Final = 48
"""Of the longest poll's bar; marks stand above."""

WIDTH: Final = STEP * POLLS_KEPT
_LEAST: Final = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One poll: position, height, outcome and tooltip."""

    x: int
    height: int
    failed: bool
    skipped: bool
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, the newest at the right edge, and a summary in words."""

    bars: tuple[Bar, ...]
    summary: str
    failed: bool
    skipped: bool

    @classmethod
    def from_polls(cls, polls: Sequence[Poll], formatter: Formatter) -> "Chart":
        """Needs at least one poll."""
        bars = tuple(_bars(polls, formatter))
        bad = sum(bar.failed for bar in bars)
        summary = formatter.text(
            "polls_summary",
            good=len(bars) - bad,
            bad=bad,
            median=formatter.duration(median(poll.seconds for poll in polls)),
            longest=formatter.duration(max(poll.seconds for poll in polls)),
        )
        return cls(bars, summary, failed=bad > 0, skipped=any(bar.skipped for bar in bars))


def _bars(polls: Sequence[Poll], formatter: Formatter) -> Iterator[Bar]:
    longest = max(poll.seconds for poll in polls) or 1.0
    first = WIDTH - STEP * len(polls)
    for place, poll in enumerate(polls):
        yield Bar(
            x=first + STEP * place,
            height=max(_LEAST, round(HEIGHT * poll.seconds / longest)),
            failed=poll.services is None,
            skipped=poll.skipped > 0,
            title=_title(poll, formatter),
        )


def _title(poll: Poll, formatter: Formatter) -> str:
    at = utc(poll.at)
    time = f"{at:%H:%M:%S}" if at else ""
    took = formatter.duration(poll.seconds)
    if poll.services is None:
        reason = f"{poll.reason} {poll.code}".rstrip()
        title = formatter.text("poll_bad", time=time, reason=reason, duration=took)
    else:
        services = formatter.plural("services_number", poll.services)
        title = formatter.text("poll_good", time=time, services=services, duration=took)
    if poll.skipped:
        title += f" ({formatter.plural('poll_skipped', poll.skipped)})"
    return title
