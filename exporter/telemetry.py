"""What the exporter counts of itself: requests, errors, polls, sessions, records."""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from .family import Family

DISTRIBUTION: Final = "zstack-aios-exporter"
OTHER: Final = "other"
DIFFERENT_ERRORS: Final = 50
"""How many ways of failing get series of their own; codes come from a stranger."""

POLL_OUTCOMES: Final = ("success", "failure", "skipped")
LOGIN_RESULTS: Final = ("success", "failure")
SKIP_REASONS: Final = ("undecodable", "duplicate")

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

API_ERRORS: Final = Family(
    "zstack_api_errors_total",
    "API calls and polls that failed, by what failed and how; code is ZStack's error code, empty"
    " where the answer had none.",
    ("operation", "reason", "code"),
    "counter",
)
API_REQUESTS: Final = Family(
    "zstack_api_requests_total",
    "HTTP requests to the platform by operation and HTTP status; none where no answer came.",
    ("operation", "status"),
    "counter",
)
API_REQUEST_DURATION: Final = Family(
    "zstack_api_request_duration_seconds",
    "Duration of requests to the platform, until the answer was read and decoded.",
    ("operation",),
    "histogram",
)
POLLS: Final = Family(
    "zstack_polls_total",
    "Polls by outcome; one is skipped when the poll before it takes longer than the interval.",
    ("outcome",),
    "counter",
)
POLL_DURATION: Final = Family(
    "zstack_poll_duration_seconds",
    "Duration of polls, from the first request to the page being ready.",
    (),
    "histogram",
)
LOGINS: Final = Family(
    "zstack_logins_total",
    "Logins to the platform by result; a session is kept as long as it lives.",
    ("result",),
    "counter",
)
RECORDS_SKIPPED: Final = Family(
    "zstack_records_skipped_total",
    "Records of model services that were left out of a poll, by reason: undecodable or duplicate.",
    ("reason",),
    "counter",
)
PER_TARGET: Final = (
    API_ERRORS,
    API_REQUESTS,
    API_REQUEST_DURATION,
    POLLS,
    POLL_DURATION,
    LOGINS,
    RECORDS_SKIPPED,
)

BUILD_INFO: Final = Family(
    "zstack_exporter_build_info",
    "The running exporter; always 1.",
    ("version", "python_version"),
)
RELOAD_SUCCESSFUL: Final = Family(
    "zstack_exporter_config_last_reload_successful",
    "Whether the last attempt to load the configuration succeeded.",
)
RELOAD_TIME: Final = Family(
    "zstack_exporter_config_last_reload_success_timestamp_seconds",
    "When the configuration was last loaded successfully, in Unix time.",
)
OF_EXPORTER: Final = (BUILD_INFO, RELOAD_SUCCESSFUL, RELOAD_TIME)


class Telemetry:
    """The families above on a registry of their own; `process` adds process_* and python_info."""

    def __init__(self, *, process: bool = True) -> None:
        disable_created_metrics()  # they double the counters for the sake of very few readers
        self.registry = CollectorRegistry()
        if process:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
        self.api_errors = self._counter(API_ERRORS)
        self.api_requests = self._counter(API_REQUESTS)
        self.api_request_seconds = self._histogram(API_REQUEST_DURATION)
        self.polls = self._counter(POLLS)
        self.poll_seconds = self._histogram(POLL_DURATION)
        self.logins = self._counter(LOGINS)
        self.records_skipped = self._counter(RECORDS_SKIPPED)
        self._reload_successful = self._gauge(RELOAD_SUCCESSFUL)
        self._reload_time = self._gauge(RELOAD_TIME)
        self._gauge(BUILD_INFO).labels(version(DISTRIBUTION), platform.python_version()).set(1)

    def configured(self) -> None:
        """The configuration was loaded just now."""
        self._reload_successful.set(1)
        self._reload_time.set_to_current_time()

    def of(self, target: str) -> Collector:
        """The families of one target alone, for its own page."""
        return _Filtered(self.registry, target)

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, ("target", *family.labels), registry=self.registry)

    def _histogram(self, family: Family) -> Histogram:
        labels = ("target", *family.labels)
        return Histogram(family.name, family.help, labels, buckets=_SECONDS, registry=self.registry)

    def _gauge(self, family: Family) -> Gauge:
        return Gauge(family.name, family.help, family.labels, registry=self.registry)


class TargetTelemetry:
    """The telemetry of one target; series whose labels are known beforehand begin at zero."""

    def __init__(self, telemetry: Telemetry, target: str) -> None:
        self._telemetry = telemetry
        self._target = target
        self._errors: set[tuple[str, str, str]] = set()
        telemetry.poll_seconds.labels(target)
        for outcome in POLL_OUTCOMES:
            telemetry.polls.labels(target, outcome)
        for result in LOGIN_RESULTS:
            telemetry.logins.labels(target, result)
        for reason in SKIP_REASONS:
            telemetry.records_skipped.labels(target, reason)

    def requested(self, operation: str, status: int | None, seconds: float) -> None:
        """A request has ended; `status` is None where no answer came."""
        shown = "none" if status is None else str(status)
        self._telemetry.api_requests.labels(self._target, operation, shown).inc()
        self._telemetry.api_request_seconds.labels(self._target, operation).observe(seconds)

    def failed(self, operation: str, reason: str, code: str) -> None:
        """A request, or a poll as a whole, has failed in this way."""
        labels = self.error_labels(operation, reason, code)
        self._telemetry.api_errors.labels(self._target, *labels).inc()

    def logged_in(self, *, success: bool) -> None:
        self._telemetry.logins.labels(self._target, "success" if success else "failure").inc()

    def polled(self, outcome: str, seconds: float) -> None:
        self._telemetry.polls.labels(self._target, outcome).inc()
        self._telemetry.poll_seconds.labels(self._target).observe(seconds)

    def skipped_polls(self, number: int) -> None:
        self._telemetry.polls.labels(self._target, "skipped").inc(number)

    def skipped_records(self, reason: str, number: int) -> None:
        self._telemetry.records_skipped.labels(self._target, reason).inc(number)

    def error_labels(self, operation: str, reason: str, code: str) -> tuple[str, str, str]:
        """The labels under which an error is told: codes come from a stranger, so they are bounded.

        The first fifty ways of failing keep their code; any further one has the code `other`.
        """
        labels = (operation, reason, code)
        if labels not in self._errors and len(self._errors) >= DIFFERENT_ERRORS:
            return (operation, reason, OTHER)
        self._errors.add(labels)
        return labels


class _Filtered(Collector):
    """A registry as far as it speaks of one target."""

    def __init__(self, registry: CollectorRegistry, target: str) -> None:
        self._registry = registry
        self._target = target

    @override
    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            samples = [s for s in metric.samples if s.labels.get("target") == self._target]
            if samples:
                filtered = Metric(metric.name, metric.documentation, metric.type)
                filtered.samples = samples
                yield filtered
