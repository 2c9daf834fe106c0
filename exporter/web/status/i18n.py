"""Formats messages, numbers and times in the page's language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

from markupsafe import Markup

from exporter.state.hints import Language, Text

from .messages import MESSAGES, REASONS, UNITS

_STOPS: Mapping[Language, tuple[Markup, ...]] = {
    "en": (Markup(", "), Markup("; "), Markup(".")),
    "zh": (Markup("，"), Markup("；"), Markup("。")),
}
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP = 1024
_MILLISECONDS_BELOW = 0.1
_WHOLE_FROM = 10
_WIDEST = 1e15
"""From here on a number is rounded to three digits: no platform has so much of anything."""


@dataclass(frozen=True, slots=True)
class Formatter:
    """Formats for one page; `now` is Unix time."""

    language: Language
    now: float

    def text(self, key: str, **values: object) -> Markup:
        """The message of this key as HTML, with the values filled in. Raises KeyError."""
        message = MESSAGES[key].in_language(self.language)
        return Markup(message).format(**values)  # noqa: S704 - a constant of ours

    def plural(self, key: str, number: int) -> str:
        """`1 target`, `2 targets`: the message of this key for a number."""
        one, _, many = MESSAGES[key].in_language(self.language).partition("|")
        return (one if number == 1 else many or one).format(figure(number))

    def sentence(self, text: Text) -> str:
        """A part of a sentence as a whole sentence."""
        part = text.in_language(self.language)
        return part[:1].upper() + part[1:] + ("。" if self.language == "zh" else ".")

    def ago(self, at: float) -> str:
        """`3 min ago`, and `in 3 min` for an instant to come."""
        passed = self.now - at
        if passed < 0:
            return self.text("in", duration=self.duration(-passed))
        return self.text("ago", duration=self.duration(passed))

    def reason(self, reason: str) -> str:
        """The reason of a failure: in English, the label's value."""
        return REASONS[reason].in_language(self.language) if reason in REASONS else reason

    def listed(self, *groups: Iterable[str] | str) -> Markup:
        """Numbers in a sentence: those of a group are nearer to each other than the groups are."""
        comma, semicolon, stop = _STOPS[self.language]
        return (
            semicolon.join(
                group if isinstance(group, str) else comma.join(group) for group in groups
            )
            + stop
        )

    def duration(self, seconds: float) -> str:
        return duration(seconds, self.language)


def duration(seconds: float, language: Language = "en") -> str:
    """`64 ms`, `0.3 s`, `42 s`, `3 min`, `5 h`, `2 d`: as precise as a reader needs."""
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {UNITS[unit].in_language(language)}"
    if 0 < seconds < _MILLISECONDS_BELOW:
        return f"{seconds * 1000:.2g} {UNITS['ms'].in_language(language)}"
    plain = f"{seconds:.0f}" if seconds >= _WHOLE_FROM else f"{max(seconds, 0):.2g}"
    return f"{plain} {UNITS['s'].in_language(language)}"


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
    """The instant as a date; None outside of the calendar, as an untrusted number may be."""
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return None
