"""Exporter health: are polls on time, what does the API answer, what does the exporter take."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from .freshness import exporters_down
from .look import BAD, GOOD, NO_EXPORTER, NOTABLE, Caption, Query, steps
from .objective import objective
from .page import EXPORTER, Row, page
from .panels import THIRD, across, lines, number
from .polling import polls, requests
from .promql import (
    age,
    exporters_seen,
    of_exporters,
    total,
)

NOT_AFTER: Final = of_exporters("zstack_exporter_web_certificate_not_after_timestamp_seconds")
LOADED: Final = of_exporters("zstack_exporter_config_last_reload_success_timestamp_seconds")

DAY: Final = 86_400

_NO_PROCESS: Final = "none scraped from /metrics"


def dashboard() -> Dashboard:
    """The dashboard for the operators of the exporter."""
    return page(
        EXPORTER,
        "How the exporters fare: polls, requests, errors, sessions, and what they take of their"
        " machine. Replicas count each for itself here: what they ask, they all ask.",
        (_now(), objective(), polls(), requests(), _process()),
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
                Caption(
                    "Exporters up", "Exporters that Prometheus scrapes successfully.", NO_EXPORTER
                ),
                total(exporters_seen()),
                colours=steps(BAD, (1, GOOD)),
            ),
            exporters_down(),
            number(
                Caption(
                    "Version",
                    "Version of the exporter: more than one only while it is being replaced.",
                    _NO_PROCESS,
                ),
                f"count by (version) ({of_exporters('zstack_exporter_build_info')})",
                name="{{version}}",
            ),
            number(
                Caption(
                    "Configuration",
                    "Whether every exporter could load its configuration the last time that it"
                    " tried. One that could not goes on with the last good one.",
                    _NO_PROCESS,
                ),
                f"min({reload})",
                mapped=loaded,
            ),
            number(
                Caption(
                    "Web config",
                    "The same of the file with certificates and passwords for the exporter's own"
                    " pages, where one is in use.",
                    "none known",
                ),
                f"min({web})",
                mapped=loaded,
            ),
            number(
                Caption(
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
                Caption(
                    "Loaded",
                    "Time since a configuration was loaded successfully last: at the start, or at a"
                    " reload.",
                    _NO_PROCESS,
                    "s",
                ),
                f"min({age(LOADED)})",
            ),
            number(
                Caption(
                    "Started",
                    "Time since an exporter was started last.",
                    _NO_PROCESS,
                    "s",
                ),
                f"min({age(of_exporters('process_start_time_seconds'))})",
            ),
        ),
    )


def _process() -> Row:
    descriptors = f"({of_exporters('process_open_fds')}) / ({of_exporters('process_max_fds')})"
    return Row(
        "Process and scrape",
        (
            lines(
                Caption("Memory", "Resident memory of each exporter.", _NO_PROCESS, "bytes"),
                Query(of_exporters("process_resident_memory_bytes"), "{{instance}}"),
                width=THIRD,
            ),
            lines(
                Caption(
                    "CPU", "Share of one core that each exporter uses.", _NO_PROCESS, "percentunit"
                ),
                Query(of_exporters("process_cpu_seconds_total", rate=True), "{{instance}}"),
                width=THIRD,
            ),
            lines(
                Caption(
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
                Caption(
                    "Scrape duration",
                    "How long a scrape takes, as Prometheus measures it. The page is ready before"
                    " it is asked for, so this is little more than the network.",
                    NO_EXPORTER,
                    "s",
                ),
                Query(of_exporters("scrape_duration_seconds"), "{{instance}}"),
            ),
            lines(
                Caption(
                    "Samples per scrape",
                    "How many samples a scrape returns: some eight for each model service. Beyond a"
                    " sample_limit of Prometheus, the whole scrape fails.",
                    NO_EXPORTER,
                    "short",
                ),
                Query(of_exporters("scrape_samples_scraped"), "{{instance}}"),
            ),
        ),
    )
