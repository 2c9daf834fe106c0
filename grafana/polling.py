"""Of the exporter's health: polls, and the requests that they make."""

from typing import Final

from grafana_foundation_sdk.builders import timeseries

from .look import BAD, CALM, GOOD, MUTED, NO_ERROR, NO_EXPORTER, NOTABLE, Caption, Query, steps
from .page import Row
from .panels import QUARTER, limited, lines
from .promql import a_minute, counted_errors, none_of, platforms, quantile, series, total

OUTCOMES: Final = {
    "success": GOOD,
    "failure": BAD,
    "skipped": NOTABLE,
}


def polls() -> Row:
    """How long they take, how they end, what they fetch."""
    duration = series("zstack_poll_duration_seconds_bucket")
    return Row(
        "Polls",
        (
            lines(
                Caption(
                    "Poll duration",
                    "How long polls take, from the first request to the page being ready: half of"
                    " them take the median at most, 95 of 100 the p95. Both come from a histogram:"
                    " the true value lies in the same bucket.",
                    "no poll in this time",
                    "s",
                ),
                Query(quantile(0.5, duration, "target"), "{{target}} median"),
                Query(quantile(0.95, duration, "target"), "{{target}} p95"),
            ),
            lines(
                Caption(
                    "Polls by outcome",
                    "Polls per minute, of all chosen exporters and platforms. One is skipped when"
                    " the poll before it takes longer than the interval.",
                    NO_EXPORTER,
                    "short",
                ),
                Query(total(a_minute(series("zstack_polls_total")), "outcome"), "{{outcome}}"),
                stacked=True,
                colours=OUTCOMES,
                per="minute",
            ),
            _data_age(),
            lines(
                Caption(
                    "Records skipped",
                    "Records per minute that were left out of the inventory: those that could not"
                    " be decoded, and repeats of another one. Zero in health.",
                    NO_EXPORTER,
                    "short",
                ),
                Query(
                    total(a_minute(series("zstack_records_skipped_total")), "target", "reason"),
                    "{{target}} {{reason}}",
                ),
                width=QUARTER,
                per="minute",
            ).axis_soft_max(1),
            lines(
                Caption(
                    "Schema drift",
                    "Records with a field that could not be read, so that it counts as unknown; and"
                    " of a sample, those with a field that no known release has.",
                    "none",
                    "short",
                ),
                Query(
                    platforms(series("zstack_schema_drift_records"), "field", "kind"),
                    "{{target}} {{field}} {{kind}}",
                ),
                width=QUARTER,
            ).axis_soft_max(1),
        ),
    )


def _data_age() -> timeseries.Panel:
    last = series("zstack_poll_last_success_timestamp_seconds")
    ages = lines(
        Caption(
            "Data age, % of limit",
            "Age of the data that each exporter holds of each platform, as a share of the age from"
            " which it calls them stale (stale_after). A healthy line goes up and down well below"
            " 100 %; there the inventory is dropped.",
            "no successful poll yet",
            "percentunit",
        ),
        Query(
            f"(time() - {last}) / {series('zstack_poll_stale_after_seconds')}",
            "{{target}} by {{instance}}",
        ),
    )
    return limited(ages, steps(GOOD, (1, BAD)))


def requests() -> Row:
    """What the platforms answer."""
    duration = series("zstack_api_request_duration_seconds_bucket")
    errors = a_minute(series("zstack_api_errors_total"))
    return Row(
        "Requests",
        (
            lines(
                Caption(
                    "Requests by status",
                    "HTTP requests per minute by status of the answer; none where no answer came."
                    " ZStack answers 503 to every call that fails: see the code.",
                    "no request in this time",
                    "short",
                ),
                Query(total(a_minute(series("zstack_api_requests_total")), "status"), "{{status}}"),
                stacked=True,
                colours={"200": CALM, "503": BAD, "none": MUTED},
                per="minute",
            ),
            lines(
                Caption(
                    "Errors by reason and code",
                    "Failed requests and polls per minute, every try counted, with ZStack's code"
                    " where it gave one. Each kind of failure has a line from its second occurrence"
                    " on: before the first, Prometheus has nothing to compare with.",
                    NO_EXPORTER,
                    "short",
                ),
                Query(
                    total(errors, "operation", "reason", "code"),
                    "{{operation}} {{reason}} {{code}}",
                ),
                Query(none_of(counted_errors()), NO_ERROR),
                shades_of=BAD,
                colours={NO_ERROR: GOOD},
                per="minute",
            ).axis_soft_max(1),
            lines(
                Caption(
                    "Request duration",
                    "The time within which 95 of 100 requests are done, by operation, until the"
                    " answer is read and decoded.",
                    "no request in this time",
                    "s",
                ),
                Query(quantile(0.95, duration, "operation"), "{{operation}}"),
            ),
            lines(
                Caption(
                    "Logins",
                    "Logins per minute by result. A session is kept as long as it lives, so a line"
                    " above zero means that something else ends sessions. With an access key there"
                    " are none.",
                    NO_EXPORTER,
                    "short",
                ),
                Query(total(a_minute(series("zstack_logins_total")), "result"), "{{result}}"),
                colours={"success": GOOD, "failure": BAD},
                per="minute",
            ).axis_soft_max(1),
        ),
    )
