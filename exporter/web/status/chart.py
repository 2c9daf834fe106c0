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
    """One poll: position, height, outcome and tooltip; `at` and `asked` as of the poll."""

    at: float
    x: int
    height: int
    failed: bool
    skipped: bool
    asked: bool
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, the newest at the right edge, and a summary in words."""

    bars: tuple[Bar, ...]
    summary: str
    failed: bool
    skipped: bool
    withheld: bool

    @classmethod
    def from_polls(cls, polls: Sequence[Poll], formatter: Formatter) -> "Chart":
        """Needs at least one poll."""
        bars = tuple(_bars(polls, formatter))
        return cls(
            bars,
            _summary(polls, formatter),
            failed=any(bar.failed for bar in bars),
            skipped=any(bar.skipped for bar in bars),
            withheld=not all(bar.asked for bar in bars),
        )


def _summary(polls: Sequence[Poll], formatter: Formatter) -> str:
    """As in `45 succeeded, 1 failed, 4 without a request; median 22 ms, longest 0.3 s`."""
    asked = [poll for poll in polls if poll.asked]
    failed = sum(poll.services is None for poll in asked)
    numbers = [
        formatter.text("succeeded_number", number=len(asked) - failed),
        formatter.text("failed_number", number=failed),
    ]
    if withheld := len(polls) - len(asked):
        numbers.append(formatter.text("withheld_number", number=withheld))
    times = formatter.text(
        "poll_times",
        median=formatter.duration(median(poll.seconds for poll in asked or polls)),
        longest=formatter.duration(max(poll.seconds for poll in asked or polls)),
    )
    return formatter.listed(numbers, times)


def _bars(polls: Sequence[Poll], formatter: Formatter) -> Iterator[Bar]:
    longest = max((poll.seconds for poll in polls if poll.asked), default=0.0) or 1.0
    first = WIDTH - STEP * len(polls)
    for place, poll in enumerate(polls):
        yield Bar(
            at=poll.at,
            x=first + STEP * place,
            height=max(_LEAST, round(HEIGHT * poll.seconds / longest)),
            failed=poll.asked and poll.services is None,
            skipped=poll.skipped > 0,
            asked=poll.asked,
            title=_title(poll, formatter),
        )


def _title(poll: Poll, formatter: Formatter) -> str:
    at = utc(poll.at)
    time = f"{at:%H:%M:%S} UTC" if at else ""
    took = formatter.duration(poll.seconds)
    if not poll.asked:
        title = formatter.text("poll_withheld", time=time)
    elif poll.services is None:
        reason = f"{formatter.reason(poll.reason)} {poll.code}".rstrip()
        title = formatter.text("poll_bad", time=time, reason=reason, duration=took)
    else:
        services = formatter.plural("services_number", poll.services)
        title = formatter.text("poll_good", time=time, services=services, duration=took)
    if poll.skipped:
        title += f" ({formatter.plural('poll_skipped', poll.skipped)})"
    return title
