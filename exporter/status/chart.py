"""The last polls as bars: height is duration, shape and colour the outcome."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from exporter.snapshot import POLLS_KEPT, Poll

from .speech import Speech, utc

STEP: Final = 8
"""Width of a bar and the gap after it."""

HEIGHT: Final = 48
"""Of the longest poll's bar; marks stand above."""

WIDTH: Final = STEP * POLLS_KEPT
_LEAST: Final = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One poll: where it stands, how tall, whether it failed, and what a pointer is told."""

    x: int
    height: int
    failed: bool
    skipped: bool
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, the newest at the right edge, and the same in words."""

    bars: tuple[Bar, ...]
    summary: str
    failed: bool
    skipped: bool

    @classmethod
    def of(cls, polls: Sequence[Poll], speech: Speech) -> "Chart":
        """Needs one poll at least."""
        bars = tuple(_bars(polls, speech))
        bad = sum(bar.failed for bar in bars)
        summary = speech.say(
            "polls_summary",
            good=len(bars) - bad,
            bad=bad,
            median=speech.duration(median(poll.seconds for poll in polls)),
            longest=speech.duration(max(poll.seconds for poll in polls)),
        )
        return cls(bars, summary, failed=bad > 0, skipped=any(bar.skipped for bar in bars))


def _bars(polls: Sequence[Poll], speech: Speech) -> Iterator[Bar]:
    longest = max(poll.seconds for poll in polls) or 1.0
    first = WIDTH - STEP * len(polls)
    for place, poll in enumerate(polls):
        yield Bar(
            x=first + STEP * place,
            height=max(_LEAST, round(HEIGHT * poll.seconds / longest)),
            failed=poll.services is None,
            skipped=poll.skipped > 0,
            title=_title(poll, speech),
        )


def _title(poll: Poll, speech: Speech) -> str:
    at = utc(poll.at)
    time = f"{at:%H:%M:%S}" if at else ""
    took = speech.duration(poll.seconds)
    if poll.services is None:
        reason = f"{poll.reason} {poll.code}".rstrip()
        told = speech.say("poll_bad", time=time, reason=reason, duration=took)
    else:
        services = speech.count("services_number", poll.services)
        told = speech.say("poll_good", time=time, services=services, duration=took)
    if poll.skipped:
        told += f" ({speech.count('poll_skipped', poll.skipped)})"
    return told
