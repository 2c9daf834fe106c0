"""The metrics of polling one target: requests, errors, polls, sessions, records.

They are plain numbers, written with the page of their target. prometheus_client's own counters
would hold a lock for each bucket and be collected at each scrape, for each of a thousand targets.
(docs/decisions/0025-fleet.md)
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from .family import Distribution, Family, HistogramRow, Row, Sample

OTHER: Final = "other"
DIFFERENT_ERRORS: Final = 50
"""How many errors get series of their own; their codes are untrusted."""

POLL_OUTCOMES: Final = ("success", "failure", "skipped")
LOGIN_RESULTS: Final = ("success", "failure")
SKIP_REASONS: Final = ("undecodable", "duplicate")

SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""The upper bounds of the buckets of a duration."""


class Durations:
    """A histogram of seconds."""

    __slots__ = ("_buckets", "_sum")

    def __init__(self) -> None:
        self._buckets = [0] * (len(SECONDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        self._buckets[bisect_left(SECONDS, seconds)] += 1
        self._sum += seconds

    @property
    def distribution(self) -> Distribution:
        return Distribution(SECONDS, tuple(self._buckets), self._sum)


class TargetTelemetry:
    """The telemetry of one target; series whose labels are known beforehand begin at zero."""

    __slots__ = (
        "_known_errors",
        "errors",
        "logins",
        "poll_seconds",
        "polls",
        "records_skipped",
        "request_seconds",
        "requests",
    )

    def __init__(self) -> None:
        self._known_errors: set[tuple[str, str, str]] = set()
        self.errors: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        self.requests: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.request_seconds: defaultdict[str, Durations] = defaultdict(Durations)
        self.polls = dict.fromkeys(POLL_OUTCOMES, 0)
        self.poll_seconds = Durations()
        self.logins = dict.fromkeys(LOGIN_RESULTS, 0)
        self.records_skipped = dict.fromkeys(SKIP_REASONS, 0)

    def requested(self, operation: str, status: int | None, seconds: float) -> None:
        """A request has ended; `status` is None where no answer came."""
        self.requests[operation, "none" if status is None else str(status)] += 1
        self.request_seconds[operation].observe(seconds)

    def failed(self, operation: str, reason: str, code: str) -> None:
        """A request, or a poll as a whole, has failed in this way."""
        self.errors[self.error_labels(operation, reason, code)] += 1

    def logged_in(self, *, success: bool) -> None:
        self.logins["success" if success else "failure"] += 1

    def polled(self, outcome: str, seconds: float) -> None:
        self.polls[outcome] += 1
        self.poll_seconds.observe(seconds)

    def skipped_polls(self, number: int) -> None:
        self.polls["skipped"] += number

    def skipped_records(self, reason: str, number: int) -> None:
        self.records_skipped[reason] += number

    def error_labels(self, operation: str, reason: str, code: str) -> tuple[str, str, str]:
        """The labels of an error, bounded in number, as its code is untrusted.

        The first DIFFERENT_ERRORS keep their code; any further one has the code `other`.
        """
        labels = (operation, reason, code)
        if labels not in self._known_errors and len(self._known_errors) >= DIFFERENT_ERRORS:
            return (operation, reason, OTHER)
        self._known_errors.add(labels)
        return labels


def _by_label(counts: dict[str, int]) -> Iterator[Sample]:
    return (((label,), count) for label, count in counts.items())


TELEMETRY: Final[tuple[Row[TargetTelemetry] | HistogramRow[TargetTelemetry], ...]] = (
    Row(
        Family(
            "zstack_api_errors_total",
            "Requests to the platform and polls that failed, every try counted; code is ZStack's"
            " error code, empty where the answer had none.",
            ("operation", "reason", "code"),
            "counter",
        ),
        lambda telemetry: telemetry.errors.items(),
    ),
    Row(
        Family(
            "zstack_api_requests_total",
            "HTTP requests to the platform by operation and HTTP status; none where no answer"
            " came.",
            ("operation", "status"),
            "counter",
        ),
        lambda telemetry: telemetry.requests.items(),
    ),
    HistogramRow(
        Family(
            "zstack_api_request_duration_seconds",
            "Duration of requests to the platform, until the answer was read and decoded.",
            ("operation",),
            "histogram",
        ),
        lambda telemetry: (
            ((operation,), durations.distribution)
            for operation, durations in telemetry.request_seconds.items()
        ),
    ),
    Row(
        Family(
            "zstack_polls_total",
            "Polls by outcome; one is skipped when the poll before it takes longer than the"
            " interval.",
            ("outcome",),
            "counter",
        ),
        lambda telemetry: _by_label(telemetry.polls),
    ),
    HistogramRow(
        Family(
            "zstack_poll_duration_seconds",
            "Duration of polls, from the first request to the page being ready.",
            (),
            "histogram",
        ),
        lambda telemetry: (((), telemetry.poll_seconds.distribution),),
    ),
    Row(
        Family(
            "zstack_logins_total",
            "Logins to the platform by result; a session is kept as long as it lives.",
            ("result",),
            "counter",
        ),
        lambda telemetry: _by_label(telemetry.logins),
    ),
    Row(
        Family(
            "zstack_records_skipped_total",
            "Records of any list that were left out of a poll, by reason: undecodable or"
            " duplicate.",
            ("reason",),
            "counter",
        ),
        lambda telemetry: _by_label(telemetry.records_skipped),
    ),
)
