"""What the exporter counts of itself: requests, errors, polls, sessions, records."""

import platform
from collections.abc import Iterator
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
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from .build import VERSION, build
from .family import Family

OTHER: Final = "other"
DIFFERENT_ERRORS: Final = 50
"""How many ways of failing get series of their own; codes come from a stranger."""

POLL_OUTCOMES: Final = ("success", "failure", "skipped")
LOGIN_RESULTS: Final = ("success", "failure")
SKIP_REASONS: Final = ("undecodable", "duplicate")

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

API_ERRORS: Final = Family(
    "zstack_api_errors_total",
    "Requests to the platform and polls that failed, every try counted; code is ZStack's error"
    " code, empty where the answer had none.",
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
    ("version", "revision", "python_version"),
    per_target=False,
)
RELOAD_SUCCESSFUL: Final = Family(
    "zstack_exporter_config_last_reload_successful",
    "Whether the last attempt to load the configuration succeeded.",
    per_target=False,
)
RELOAD_TIME: Final = Family(
    "zstack_exporter_config_last_reload_success_timestamp_seconds",
    "When the configuration was last loaded successfully, in Unix time.",
    per_target=False,
)
WEB_RELOAD_SUCCESSFUL: Final = Family(
    "zstack_exporter_web_config_last_reload_successful",
    "Whether the last attempt to read the web configuration file succeeded; absent without one.",
    per_target=False,
)
WEB_RELOAD_TIME: Final = Family(
    "zstack_exporter_web_config_last_reload_success_timestamp_seconds",
    "When the web configuration file was last read successfully, in Unix time; absent without one.",
    per_target=False,
)
WEB_CERTIFICATE: Final = Family(
    "zstack_exporter_web_certificate_not_after_timestamp_seconds",
    "When the certificate that the exporter serves with ends, in Unix time; absent without TLS.",
    per_target=False,
)
OF_EXPORTER: Final = (
    BUILD_INFO,
    RELOAD_SUCCESSFUL,
    RELOAD_TIME,
    WEB_RELOAD_SUCCESSFUL,
    WEB_RELOAD_TIME,
    WEB_CERTIFICATE,
)


class TargetTelemetry:
    """The telemetry of one target; series whose labels are known beforehand begin at zero."""

    def __init__(self, target: str) -> None:
        self.registry = CollectorRegistry()
        self._target = target
        self._known_errors: set[tuple[str, str, str]] = set()
        self._errors = self._counter(API_ERRORS)
        self._requests = self._counter(API_REQUESTS)
        self._request_seconds = self._histogram(API_REQUEST_DURATION)
        self._polls = self._counter(POLLS)
        self._poll_seconds = self._histogram(POLL_DURATION).labels(target)
        self._logins = self._counter(LOGINS)
        self._records_skipped = self._counter(RECORDS_SKIPPED)
        for outcome in POLL_OUTCOMES:
            self._polls.labels(target, outcome)
        for result in LOGIN_RESULTS:
            self._logins.labels(target, result)
        for reason in SKIP_REASONS:
            self._records_skipped.labels(target, reason)

    def requested(self, operation: str, status: int | None, seconds: float) -> None:
        """A request has ended; `status` is None where no answer came."""
        shown = "none" if status is None else str(status)
        self._requests.labels(self._target, operation, shown).inc()
        self._request_seconds.labels(self._target, operation).observe(seconds)

    def failed(self, operation: str, reason: str, code: str) -> None:
        """A request, or a poll as a whole, has failed in this way."""
        self._errors.labels(self._target, *self.error_labels(operation, reason, code)).inc()

    def logged_in(self, *, success: bool) -> None:
        self._logins.labels(self._target, "success" if success else "failure").inc()

    def polled(self, outcome: str, seconds: float) -> None:
        self._polls.labels(self._target, outcome).inc()
        self._poll_seconds.observe(seconds)

    def skipped_polls(self, number: int) -> None:
        self._polls.labels(self._target, "skipped").inc(number)

    def skipped_records(self, reason: str, number: int) -> None:
        self._records_skipped.labels(self._target, reason).inc(number)

    def error_labels(self, operation: str, reason: str, code: str) -> tuple[str, str, str]:
        """The labels under which an error is told: codes come from a stranger, so they are bounded.

        The first fifty ways of failing keep their code; any further one has the code `other`.
        """
        labels = (operation, reason, code)
        if labels not in self._known_errors and len(self._known_errors) >= DIFFERENT_ERRORS:
            return (operation, reason, OTHER)
        self._known_errors.add(labels)
        return labels

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, family.labels, registry=self.registry)

    def _histogram(self, family: Family) -> Histogram:
        return Histogram(
            family.name, family.help, family.labels, buckets=_SECONDS, registry=self.registry
        )


class Telemetry(Collector):
    """The exporter's own families, and after them those of each target.

    `process` adds process_* and python_info.
    """

    def __init__(self, *, process: bool = True) -> None:
        disable_created_metrics()  # they double the counters for the sake of very few readers
        self._own = CollectorRegistry()
        self._targets: dict[str, TargetTelemetry] = {}
        if process:
            ProcessCollector(registry=self._own)
            PlatformCollector(registry=self._own)
        self._configuration = _Loads(self._own, RELOAD_SUCCESSFUL, RELOAD_TIME)
        self._web_configuration: _Loads | None = None
        self._certificate_ends_at: float | None = None
        facts = (VERSION, build().revision, platform.python_version())
        _gauge(self._own, BUILD_INFO).labels(*facts).set(1)

    def target(self, name: str) -> TargetTelemetry:
        """The telemetry of this target, begun where it is new."""
        if name not in self._targets:
            self._targets[name] = TargetTelemetry(name)
        return self._targets[name]

    def of(self, target: str | None) -> Collector:
        """All families; or those of one target alone, for its own page."""
        return self if target is None else self.target(target).registry

    def forget(self, name: str) -> None:
        """This target is no longer polled: its families go with it."""
        self._targets.pop(name, None)

    def configured(self, *, successful: bool) -> None:
        """The configuration was read just now, or could not be."""
        self._configuration.told(successful=successful)

    def web_configured(self, *, successful: bool, certificate_ends_at: float | None = None) -> None:
        """The web configuration file was read just now, or could not be and nothing changed."""
        if self._web_configuration is None:
            self._web_configuration = _Loads(self._own, WEB_RELOAD_SUCCESSFUL, WEB_RELOAD_TIME)
        self._web_configuration.told(successful=successful)
        if successful:
            self._certificate_ends_at = certificate_ends_at

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._own.collect()
        if self._certificate_ends_at is not None:
            name, told = WEB_CERTIFICATE.name, WEB_CERTIFICATE.help
            yield GaugeMetricFamily(name, told, self._certificate_ends_at)
        together: dict[str, Metric] = {}
        for target in tuple(self._targets.values()):
            for metric in target.registry.collect():
                if metric.name in together:
                    together[metric.name].samples += metric.samples
                else:
                    together[metric.name] = metric
        yield from together.values()


class _Loads:
    """How the attempts to load something went."""

    def __init__(self, registry: CollectorRegistry, successful: Family, time: Family) -> None:
        self._successful = _gauge(registry, successful)
        self._time = _gauge(registry, time)

    def told(self, *, successful: bool) -> None:
        self._successful.set(successful)
        if successful:
            self._time.set_to_current_time()


def _gauge(registry: CollectorRegistry, family: Family) -> Gauge:
    return Gauge(family.name, family.help, family.labels, registry=registry)
