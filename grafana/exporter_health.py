"""Exporter health: are polls on time, what does the API answer, what does the exporter take."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from .look import BAD, CALM, GOOD, MUTED, NO_ERROR, NOTABLE, Query, Told, steps
from .page import EXPORTER, Row, page
from .panels import THIRD, across, lines, number
from .promql import (
    a_minute,
    age,
    counted_errors,
    exporters_seen,
    how_many,
    none_of,
    of_exporters,
    quantile,
    series,
    total,
)

OUTCOMES: Final = {
    "success": GOOD,
    "failure": BAD,
    "skipped": NOTABLE,
}

NOT_AFTER: Final = of_exporters("zstack_exporter_web_certificate_not_after_timestamp_seconds")
LOADED: Final = of_exporters("zstack_exporter_config_last_reload_success_timestamp_seconds")

DAY: Final = 86_400

_NONE: Final = "no exporter is scraped"
_NO_PROCESS: Final = "not scraped: these stand on /metrics unless web.disable_exporter_metrics"


def dashboard() -> Dashboard:
    """The dashboard for whoever runs the exporter."""
    return page(
        EXPORTER,
        "How the exporters fare: polls, requests, errors, sessions, and what they take of their"
        " machine. Replicas count each for itself here: what they ask, they all ask.",
        (_now(), _polls(), _requests(), _process()),
        since="now-6h",
        every="1m",
    )


def _now() -> Row:
    reload = of_exporters("zstack_exporter_config_last_reload_successful")
    web = of_exporters("zstack_exporter_web_config_last_reload_successful")
    loaded = {"1": ("loaded", GOOD), "0": ("refused", BAD)}
    return Row(
        "Now",
        across(
            number(
                Told("Exporters up", "Exporters that Prometheus scrapes successfully.", _NONE),
                total(exporters_seen()),
                colours=steps(BAD, (1, GOOD)),
            ),
            number(
                Told(
                    "Exporters down",
                    "Exporters that Prometheus has scraped in this time range and cannot scrape"
                    " now.",
                    _NONE,
                ),
                how_many(f"({exporters_seen()}) == 0", exporters_seen()),
                colours=steps(GOOD, (1, BAD)),
                said={"0": ("none", GOOD)},
            ),
            number(
                Told(
                    "Version",
                    "Version of the exporter: more than one only while it is being replaced.",
                    _NO_PROCESS,
                ),
                f"count by (version) ({of_exporters('zstack_exporter_build_info')})",
                name="{{version}}",
            ),
            number(
                Told(
                    "Configuration",
                    "Whether every exporter could load its configuration the last time that it"
                    " tried. One that could not goes on with the last good one.",
                    _NO_PROCESS,
                ),
                f"min({reload})",
                said=loaded,
            ),
            number(
                Told(
                    "Web config",
                    "The same of the file with certificates and passwords for the exporter's own"
                    " pages, where one is in use.",
                    "none known",
                ),
                f"min({web})",
                said=loaded,
            ),
            number(
                Told(
                    "Certificate",
                    "Time until a certificate ends that an exporter serves with, where it uses TLS."
                    " After that Prometheus cannot scrape it.",
                    "none known",
                    "s",
                ),
                f"min({NOT_AFTER} - time())",
                colours=steps(BAD, (3 * DAY, NOTABLE), (14 * DAY, GOOD)),
            ),
            number(
                Told(
                    "Loaded",
                    "Time since a configuration was loaded successfully last: at the start, or at a"
                    " reload.",
                    _NO_PROCESS,
                    "s",
                ),
                f"min({age(LOADED)})",
            ),
            number(
                Told(
                    "Started",
                    "Time since an exporter was started last.",
                    _NO_PROCESS,
                    "s",
                ),
                f"min({age(of_exporters('process_start_time_seconds'))})",
            ),
        ),
    )


def _polls() -> Row:
    duration = series("zstack_poll_duration_seconds_bucket")
    last = series("zstack_poll_last_success_timestamp_seconds")
    return Row(
        "Polls",
        (
            lines(
                Told(
                    "Poll duration",
                    "How long polls take, from the first request to the page being ready: half of"
                    " them at most the median, 95 of 100 at most p95. Read off a histogram: the"
                    " true value lies in the same bucket.",
                    "no poll in this time",
                    "s",
                ),
                Query(quantile(0.5, duration, "target"), "{{target}} median"),
                Query(quantile(0.95, duration, "target"), "{{target}} p95"),
            ),
            lines(
                Told(
                    "Polls by outcome",
                    "Polls a minute, of all chosen exporters and platforms. One is skipped when"
                    " the poll before it takes longer than the interval.",
                    _NONE,
                    "cpm",
                ),
                Query(total(a_minute(series("zstack_polls_total")), "outcome"), "{{outcome}}"),
                stacked=True,
                colours=OUTCOMES,
            ),
            lines(
                Told(
                    "Age of data, of stale",
                    "Age of the data that each exporter holds of each platform, as a share of the"
                    " age at which it calls them stale. A healthy line goes up and down well below"
                    " 100 %; there the inventory is dropped.",
                    "no successful poll yet",
                    "percentunit",
                ),
                Query(
                    f"(time() - {last}) / {series('zstack_poll_stale_after_seconds')}",
                    "{{target}} by {{instance}}",
                ),
                limit=steps(GOOD, (1, BAD)),
            ),
            lines(
                Told(
                    "Records skipped",
                    "Records a minute that were left out of the inventory: those that could not be"
                    " decoded, and repeats of one that was there already. Zero in health.",
                    _NONE,
                    "cpm",
                ),
                Query(
                    total(a_minute(series("zstack_records_skipped_total")), "target", "reason"),
                    "{{target}} {{reason}}",
                ),
            ).axis_soft_max(1),
        ),
    )


def _requests() -> Row:
    duration = series("zstack_api_request_duration_seconds_bucket")
    errors = a_minute(series("zstack_api_errors_total"))
    return Row(
        "Requests",
        (
            lines(
                Told(
                    "Requests by status",
                    "HTTP requests a minute by status of the answer; none where no answer came."
                    " ZStack says 503 of every call that fails: the code stands beside.",
                    "no request in this time",
                    "reqpm",
                ),
                Query(total(a_minute(series("zstack_api_requests_total")), "status"), "{{status}}"),
                stacked=True,
                colours={"200": CALM, "503": BAD, "none": MUTED},
            ),
            lines(
                Told(
                    "Errors by reason and code",
                    "Failed requests and polls a minute, every try counted, with ZStack's code"
                    " where it gave one. A way of failing has its line from its second failure on:"
                    " before the first, Prometheus has nothing to compare with.",
                    _NONE,
                    "epm",
                ),
                Query(
                    total(errors, "operation", "reason", "code"),
                    "{{operation}} {{reason}} {{code}}",
                ),
                Query(none_of(counted_errors()), NO_ERROR),
                shades_of=BAD,
                colours={NO_ERROR: GOOD},
            ),
            lines(
                Told(
                    "Request duration",
                    "How long 95 of 100 requests take at most, by operation, until the answer is"
                    " read and decoded.",
                    "no request in this time",
                    "s",
                ),
                Query(quantile(0.95, duration, "operation"), "{{operation}}"),
            ),
            lines(
                Told(
                    "Logins",
                    "Logins a minute by result. A session is kept as long as it lives, so a line"
                    " above zero means that somebody ends them. With an access key there are none.",
                    _NONE,
                    "cpm",
                ),
                Query(total(a_minute(series("zstack_logins_total")), "result"), "{{result}}"),
                colours={"success": GOOD, "failure": BAD},
            ).axis_soft_max(1),
        ),
    )


def _process() -> Row:
    descriptors = f"({of_exporters('process_open_fds')}) / ({of_exporters('process_max_fds')})"
    return Row(
        "Process and scrape",
        (
            lines(
                Told("Memory", "Resident memory of each exporter.", _NO_PROCESS, "bytes"),
                Query(of_exporters("process_resident_memory_bytes"), "{{instance}}"),
                width=THIRD,
            ),
            lines(
                Told(
                    "CPU", "Share of one core that each exporter uses.", _NO_PROCESS, "percentunit"
                ),
                Query(of_exporters("process_cpu_seconds_total", rate=True), "{{instance}}"),
                width=THIRD,
            ),
            lines(
                Told(
                    "Open files",
                    "Open file descriptors, connections included, as a share of what the system"
                    " allows each exporter.",
                    _NO_PROCESS,
                    "percentunit",
                ),
                Query(descriptors, "{{instance}}"),
                width=THIRD,
            ),
            lines(
                Told(
                    "Scrape duration",
                    "How long a scrape takes, as Prometheus measures it. The page is ready before"
                    " it is asked for, so this is little more than the network.",
                    _NONE,
                    "s",
                ),
                Query(of_exporters("scrape_duration_seconds"), "{{instance}}"),
            ),
            lines(
                Told(
                    "Samples per scrape",
                    "How many samples a scrape brings: some eight for each model service. Beyond a"
                    " sample_limit of Prometheus, the whole scrape fails.",
                    _NONE,
                    "short",
                ),
                Query(of_exporters("scrape_samples_scraped"), "{{instance}}"),
            ),
        ),
    )
