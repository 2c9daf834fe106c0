"""The page for people, as HTML without a script: untrusted text stays text."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from exporter.advice import Language
from exporter.build import VERSION
from exporter.codes import CODES
from exporter.inventory import Inventory
from exporter.snapshot import Snapshot

from .asked import LANGUAGES, Asked
from .chart import Chart
from .facts import Facts, Now, facts
from .outdated import ORDERS, shown
from .speech import Speech, figure, size, utc

if TYPE_CHECKING:
    import jinja2

DETAILED: Final = 20
"""Targets that are told in full on one page; the table above them names all."""

MOST_KINDS: Final = 12

_STYLE: Final = files(__package__).joinpath("templates/status.css").read_text("utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser may do with the page: apply its own style, show its own icon, search."""

_OWN_NAMES: Final[Mapping[Language, str]] = {"en": "English", "zh": "中文"}


def status_page(snapshots: Sequence[Snapshot], *, telemetry_path: str, asked: Asked) -> str:
    """The page; costs up to some 100 ms for 20,000 services, so off the event loop."""
    now = Now.read()
    speech = Speech(asked.language, now.unix)
    every = facts(snapshots, now)
    chosen = [one for one in every if asked.target in ("", one.target)]
    return _template().render(
        asked=asked,
        speech=speech,
        say=speech.say,
        count=speech.count,
        now=now.unix,
        every=every,
        chosen=chosen[:DETAILED],
        undetailed=max(0, len(chosen) - DETAILED),
        summary=_summary(every, speech),
        title=_title(every, speech),
        services=shown(
            chain.from_iterable(one.outdated for one in chosen),
            search=asked.search,
            sort=asked.sort,
            descending=asked.descending,
        ),
        telemetry_path=telemetry_path,
    )


def _summary(every: Sequence[Facts], speech: Speech) -> str:
    """`3 targets: 2 up, 1 failing; 300 model services, 12 with a new version`."""
    states = Counter[str](one.state for one in every)
    states["stale"] = sum(one.stale for one in every)
    told = [
        speech.count(f"{state}_number", states[state])
        for state in ("up", "failing", "waiting", "stale")
        if states[state]
    ]
    services = (
        speech.count("services_number", sum(one.services for one in every)),
        speech.count("new_number", sum(len(one.outdated) for one in every)),
    )
    targets = speech.count("targets_number", len(every))
    if speech.language == "zh":
        return f"{targets}：{'，'.join(told)}；{'，'.join(services)}"
    return f"{targets}: {', '.join(told)}; {', '.join(services)}"


def _title(every: Iterable[Facts], speech: Speech) -> str:
    """What a browser's tab shows: trouble first."""
    failing = sum(one.state == "failing" for one in every)
    trouble = f"{speech.count('failing_number', failing)} · " if failing else ""
    return trouble + speech.say("title")


def _kinds(inventory: Inventory, place: int) -> tuple[list[tuple[str, int]], int]:
    """The commonest frameworks (0), types (1) or sources (2) with their counts; how many more."""
    counts = Counter[str]()
    for names, group in inventory.groups.items():
        counts[names[place]] += group.services
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ordered[:MOST_KINDS], max(0, len(ordered) - MOST_KINDS)


def _time(at: float, style: str = "%Y-%m-%d %H:%M:%S UTC") -> str:
    """The instant as an element, empty where no calendar has it."""
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
        "style": Markup(_STYLE),  # noqa: S704 - our own file
        "version": VERSION,
        "chart": Chart.of,
        "command": Markup("<code>zstack-aios-exporter check</code>"),
        "figure": figure,
        "kinds": _kinds,
        "size": size,
        "time": _time,
    }
    environment.globals |= constants
    return environment.get_template("status.html")
