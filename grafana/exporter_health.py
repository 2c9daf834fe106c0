"""Exporter health: are polls on time, what does the API answer, what does the exporter take."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import common

from .freshness import exporters_down
from .look import BAD, GOOD, NO_EXPORTER, NOTABLE, Caption, Query, steps, value_mappings
from .objective import objective
from .page import EXPORTER, Row, leading_to, page, status_page
from .panels import THIRD, Column, Sorted, across, grid, lines, number
from .polling import polls, requests
from .promql import KNOWN, age, exporters_seen, filled, of_exporters, total

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
        (_now(), _which(), objective(), polls(), requests(), _process()),
        since="now-6h",
        every="1m",
    )


def _now() -> Row:
    return Row("Now", across(*_exporters_count(), *_files(), _loaded()))


def _exporters_count() -> Iterator[stat.Panel]:
    yield number(
        Caption("Exporters up", "Exporters that Prometheus scrapes successfully.", NO_EXPORTER),
        total(exporters_seen()),
        colours=steps(BAD, (1, GOOD)),
        leads_to=_TO_EXPORTERS,
    )
    yield exporters_down(_TO_EXPORTERS)


def _files() -> Iterator[stat.Panel]:
    reload = of_exporters("zstack_exporter_config_last_reload_successful")
    web = of_exporters("zstack_exporter_web_config_last_reload_successful")
    loaded = {"1": ("loaded", GOOD), "0": ("refused", BAD)}
    yield number(
        Caption(
            "Configuration",
            "Whether every exporter could load its configuration at its last attempt. One that"
            " could not goes on with the last good one.",
            _NO_PROCESS,
        ),
        f"min({reload})",
        mapped=loaded,
        leads_to=_TO_EXPORTERS,
    )
    yield number(
        Caption(
            "Web config",
            "The same of the file with certificates and passwords for the exporter's own pages.",
            "not used",
        ),
        f"min({web})",
        mapped=loaded,
        leads_to=_TO_EXPORTERS,
    )
    yield number(
        Caption(
            "Certificate",
            "Time until the first certificate ends that an exporter serves with. After that"
            " Prometheus cannot scrape it. Not used without TLS.",
            "not used",
            "s",
        ),
        f"min({NOT_AFTER} - time())",
        colours=steps(BAD, (3 * DAY, NOTABLE), (14 * DAY, GOOD)),
        leads_to=_TO_EXPORTERS,
    )


def _loaded() -> stat.Panel:
    return number(
        Caption(
            "Loaded",
            "Time since a configuration was last loaded successfully, at the start or at a reload.",
            _NO_PROCESS,
            "s",
        ),
        f"min({age(LOADED)})",
        leads_to=_TO_EXPORTERS,
    )


_EXPORTERS: Final = "Exporters"
_TO_EXPORTERS: Final = leading_to(EXPORTER, panel=_EXPORTERS)


def _which() -> Row:
    started = of_exporters("process_start_time_seconds")
    return Row(
        "Which",
        (
            grid(
                Caption(
                    _EXPORTERS,
                    "Each exporter that Prometheus has scraped in this time range, with the number"
                    " of platforms that it polls. Versions differ only while one is replaced."
                    " A click opens its status page, if the browser"
                    " reaches the address that Prometheus scrapes.",
                    "not known",
                ),
                (exporters(), f"1000 * max by (job, instance) ({started})"),
                (
                    Column("instance", "Exporter"),
                    Column("state", "State", cell=common.TableColorTextCellOptions()),
                    Column("version", "Version"),
                    Column("Value #A", "Platforms"),
                    Column("Value #B", "Started", is_moment=True),
                    Column("page", "Page"),
                ),
                Sorted("State"),
                leads_to=(status_page("Page"),),
                height=6,
            ).mappings(value_mappings({"up": ("up", GOOD), "down": ("down", BAD)})),
        ),
    )


def exporters() -> str:
    """How many platforms each exporter polls that was scraped in the time range.

    Its state, version and status page are labels: it serves over TLS if it has a certificate.
    """
    by, of_each = "by (job, instance)", "on (job, instance)"
    seen = f"max {by} ({exporters_seen()})"
    states = (
        f'label_replace({seen} == 1, "state", "up", "", "")'
        f' or label_replace({seen} == 0, "state", "down", "", "")'
    )
    info = f"max by (job, instance, version) ({of_exporters('zstack_exporter_build_info')})"
    version = filled(f"({info} or {of_each} 0 * {seen} + 1)", "version", "not known")
    page = f"({_page('https', NOT_AFTER)} or {of_each} {_page('http', seen)})"
    polled = f"count {by} (present_over_time({KNOWN}[$__range]))"
    return (
        f"(0 * ({states}) + 1) * {of_each} group_left (version) {version}"
        f" * {of_each} group_left (page) {page} * {of_each} group_left () {polled}"
    )


def _page(scheme: str, exporters_so: str) -> str:
    """The status pages of these exporters as a label; 1."""
    each = f"0 * max by (job, instance) ({exporters_so}) + 1"
    return f'label_replace({each}, "page", "{scheme}://$1/", "instance", "(.*)")'


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
                    "How long a scrape takes, as Prometheus measures it. The exporter has the page"
                    " ready, so this is little more than the network.",
                    NO_EXPORTER,
                    "s",
                ),
                Query(of_exporters("scrape_duration_seconds"), "{{instance}}"),
            ),
            lines(
                Caption(
                    "Samples per scrape",
                    "How many samples Prometheus takes from a scrape: some eight for each model"
                    " service, so they rise and fall with the number of services. With more than"
                    " Prometheus' sample_limit, if there is one, the whole scrape fails.",
                    NO_EXPORTER,
                    "short",
                ),
                Query(of_exporters("scrape_samples_scraped"), "{{instance}}"),
            ),
        ),
    )
