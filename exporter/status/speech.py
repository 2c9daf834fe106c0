"""Numbers, times and words as the page's language says them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

from markupsafe import Markup

from exporter.advice import Language, Text

from .words import UNITS, WORDS

_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP = 1024
_MILLISECONDS_BELOW = 0.1
_WHOLE_FROM = 10
_WIDEST = 1e15
"""Beyond this a number is shown by its first digits: no platform has so much of anything."""


@dataclass(frozen=True, slots=True)
class Speech:
    """How the page speaks; `now` is Unix time."""

    language: Language
    now: float

    def say(self, key: str, **values: object) -> Markup:
        """The words of this key as HTML, with the values in their places. Raises KeyError."""
        return Markup(WORDS[key].said(self.language)).format(**values)  # noqa: S704 - our own words

    def count(self, key: str, number: int) -> str:
        """`1 target`, `2 targets`: the words of this key for so many."""
        one, _, many = WORDS[key].said(self.language).partition("|")
        return (one if number == 1 else many or one).format(figure(number))

    def sentence(self, text: Text) -> str:
        """A part of a sentence as one of its own."""
        part = text.said(self.language)
        return part[:1].upper() + part[1:] + ("。" if self.language == "zh" else ".")

    def ago(self, at: float) -> str:
        """How long ago that was; how soon it will be where it has yet to come."""
        passed = self.now - at
        if passed < 0:
            return self.say("in", duration=self.duration(-passed))
        return self.say("ago", duration=self.duration(passed))

    def duration(self, seconds: float) -> str:
        return duration(seconds, self.language)


def duration(seconds: float, language: Language = "en") -> str:
    """`64 ms`, `0.3 s`, `42 s`, `3 min`, `5 h`, `2 d`: as precise as a glance needs."""
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {UNITS[unit].said(language)}"
    if 0 < seconds < _MILLISECONDS_BELOW:
        return f"{seconds * 1000:.2g} {UNITS['ms'].said(language)}"
    plain = f"{seconds:.0f}" if seconds >= _WHOLE_FROM else f"{max(seconds, 0):.2g}"
    return f"{plain} {UNITS['s'].said(language)}"


def figure(value: float) -> str:
    """`1,234,567` or `2.5`."""
    if not isfinite(value) or abs(value) >= _WIDEST:
        return f"{value:.3g}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def size(value: float) -> str:
    """Bytes in the largest unit that leaves a number of 1 or more: `1.5 TiB`."""
    for unit in _SIZES[:-1]:
        if abs(value) < _STEP:
            return f"{figure(round(value, 1))} {unit}"
        value /= _STEP
    return f"{figure(round(value, 1))} {_SIZES[-1]}"


def utc(at: float) -> datetime | None:
    """The instant as a date, None where no calendar has it: a stranger's numbers may be any."""
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return None
