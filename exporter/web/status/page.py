"""The page for people, as HTML that needs no script: untrusted text stays text."""

from collections import Counter
from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from exporter.build import VERSION
from exporter.state.centers import CONNECTED
from exporter.state.drift import Kind
from exporter.state.hints import CODES, NO_SERVICES, Language
from exporter.state.inventory import Inventory

from .assets import SCRIPT_DIGEST, SCRIPT_PATH, STYLE
from .chart import Chart
from .content import content
from .fleet import FLEET, Counts
from .i18n import Formatter, figure, size, utc
from .lists import failing_lists, list_views
from .query import LANGUAGES, ORDERS, STATES, PageQuery
from .runbooks import runbook
from .sources import Sources
from .view import Now

if TYPE_CHECKING:
    import jinja2

REFRESH_SECONDS: Final = 15
"""Between two refreshes by the script, of a page that is looked at."""

MOST_KINDS: Final = 12
MOST_RECORDS: Final = 10
"""Groups that do not run, and model centers, that the page shows of each target."""

MOST_RECORDS_OF_ONE: Final = 100
"""The same on the page of one target."""

SHOWN_FILES: Final = 10
"""Targets files with faults that are shown, each with its first fault."""

_COLOURS: Final[Mapping[str, str]] = {
    "up_number": "good",
    "failing_number": "bad",
    "waiting_number": "",
    "stale_number": "bad",
    "empty_number": "warn",
}
_COLOURED: Final = Markup('<b class="{}">{}</b>')

_OWN_NAMES: Final[Mapping[Language, str]] = {"en": "English", "zh": "中文"}


def status_page(sources: Sources, query: PageQuery, *, telemetry_path: str) -> str:
    """The page. Takes up to some 100 ms for 20,000 services, so call it in a thread."""
    now = Now.read()
    formatter = Formatter(query.language, now.unix)
    counts = Counts.of(sources.snapshots, now)
    shown = content(sources.snapshots, now, query)
    failing_files = [each for each in sources.files if each.faults]
    most = MOST_RECORDS_OF_ONE if len(shown.views) == 1 else MOST_RECORDS
    return _template().render(
        query=query,
        formatter=formatter,
        text=formatter.text,
        plural=formatter.plural,
        now=now.unix,
        started_at=sources.started_at,
        loads=sources.loads,
        counts=counts,
        lists=partial(list_views, now=now, most=most),
        few_records=MOST_RECORDS,
        most_records=most,
        fleet=counts.targets > FLEET,
        rows=shown.rows,
        views=shown.views,
        excerpt=shown.excerpt,
        services=shown.services,
        document=shown.document,
        failing_files=failing_files[:SHOWN_FILES],
        failing_files_number=len(failing_files),
        summary=_summary(counts, formatter),
        title=_title(counts, formatter),
        telemetry_path=telemetry_path,
    )


def _summary(counts: Counts, formatter: Formatter) -> Markup:
    """As in `3 targets: 2 up, 1 failing; 300 model services, 12 with a new version`."""
    states = {
        "up_number": counts.up,
        "failing_number": counts.failing,
        "waiting_number": counts.waiting,
        "stale_number": counts.stale,
        "empty_number": counts.empty,
    }
    by_state = [
        _COLOURED.format(_COLOURS[key], formatter.plural(key, number))
        for key, number in states.items()
        if number
    ]
    services = (
        formatter.plural("services_number", counts.services),
        formatter.plural("new_number", counts.new_version),
    )
    targets = formatter.plural("targets_number", counts.targets)
    colon = "：" if formatter.language == "zh" else ": "
    return targets + colon + formatter.listed(by_state, services)


def _title(counts: Counts, formatter: Formatter) -> str:
    """The title of the browser's tab, with the number of failing targets first."""
    failing = counts.failing
    failures = f"{formatter.plural('failing_number', failing)} · " if failing else ""
    return failures + formatter.text("title")


def _kinds(inventory: Inventory, place: int) -> tuple[list[tuple[str, int]], int]:
    """The commonest frameworks (0), types (1) or sources (2) with their counts; how many more."""
    counts = Counter[str]()
    for names, group in inventory.groups.items():
        counts[names[place]] += group.services
    return _commonest(counts)


def _drift(inventory: Inventory, kind: Kind) -> tuple[list[tuple[str, int]], int]:
    """The fields with the most records of this drift, with their counts; how many more."""
    return _commonest({name: n for (name, its), n in inventory.drift.items() if its == kind})


def _commonest(counts: Mapping[str, int]) -> tuple[list[tuple[str, int]], int]:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ordered[:MOST_KINDS], max(0, len(ordered) - MOST_KINDS)


def _time(at: float, style: str = "%Y-%m-%d %H:%M:%S UTC") -> str:
    """The instant as an HTML element; empty if it is outside of the calendar."""
    if (date := utc(at)) is None:
        return ""
    return Markup('<time datetime="{}">{}</time>').format(
        f"{date:%Y-%m-%dT%H:%M:%SZ}", date.strftime(style)
    )


@cache
def _template() -> "jinja2.Template":
    import jinja2  # noqa: PLC0415 - two MiB, for a page that is seldom looked at

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    constants: dict[str, Any] = {
        "codes": CODES,
        "languages": LANGUAGES,
        "orders": ORDERS,
        "own_names": _OWN_NAMES,
        "states": STATES,
        "style": Markup(STYLE),  # noqa: S704 - our own file
        "script": {"path": SCRIPT_PATH, "digest": SCRIPT_DIGEST, "seconds": REFRESH_SECONDS},
        "empty_hint": NO_SERVICES,
        "runbook": runbook,
        "version": VERSION,
        "chart": Chart.from_polls,
        "commonest": _commonest,
        "connected": CONNECTED,
        "drift": _drift,
        "failing_lists": failing_lists,
        "command": Markup("<code>zstack-aios-exporter check</code>"),
        "figure": figure,
        "kinds": _kinds,
        "size": size,
        "time": _time,
    }
    environment.globals |= constants
    return environment.get_template("status.html")
