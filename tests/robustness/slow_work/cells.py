"""What of the exporter's own work can be slow, and what can happen to the target meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from typing_extensions import override

from tests.support.sample import sized

from .platform import PAGES

_DECODE: Final = "exporter.zstack.listing.ListRequest._page.<locals>.decode"


class Stage(Enum):
    """When the exporter does a piece of work."""

    START = "start"
    FIRST_POLL = "first poll"
    LOGIN = "login"
    POLL = "poll"
    PUBLISH = "publish"
    SCRAPE = "scrape"
    RELOAD = "reload"


@dataclass(frozen=True)
class Work:
    """A function that the exporter runs in a thread; `occurrence` is its n-th call in a poll."""

    name: str
    function: str
    stage: Stage
    occurrence: int = 1
    path: str = "/metrics"
    """What to ask for, where a request begins the work."""
    reason: str = "timeout"
    """Of the poll that is kept waiting."""

    @override
    def __str__(self) -> str:
        return self.name


WORKS: Final = (
    Work(
        "reading a secret",
        "exporter.polling.secret_files._read_now",
        Stage.POLL,
        reason="unauthorized",
    ),
    Work("decoding a login", "exporter.zstack.schema.answers.session", Stage.LOGIN),
    *(Work(f"decoding page {n}", _DECODE, Stage.POLL, n) for n in range(1, PAGES + 1)),
    Work("decoding a zone", "exporter.zstack.schema.answers.time_zone", Stage.FIRST_POLL),
    Work("reading a zone", "exporter.zstack.dates.zone_named", Stage.FIRST_POLL),
    Work("converting the first page", "exporter.zstack.listing._result", Stage.FIRST_POLL),
    Work("adding up", "exporter.polling.fetcher._combined", Stage.POLL),
    Work("finding first sights", "exporter.state.first_sights.first_sights", Stage.PUBLISH),
    Work("trimming the heap", "exporter.daemon.memory.trim_heap", Stage.PUBLISH),
    Work("rendering", "exporter.metrics.exposition.Exposition._rendered", Stage.PUBLISH),
    Work("joining a page", "exporter.metrics.exposition.Exposition._page", Stage.SCRAPE),
    Work("making the status page", "exporter.web.status.status_page", Stage.SCRAPE, path="/"),
    Work("making the JSON", "exporter.web.server._document", Stage.SCRAPE, path="/api/v1/status"),
    Work(
        "reading the settings",
        "tests.support.exporting.exporting_file.<locals>.<lambda>",
        Stage.RELOAD,
    ),
    Work("looking for targets files", "exporter.settings.looks.look", Stage.RELOAD),
    Work("reading targets files", "exporter.settings.targets_files.read", Stage.RELOAD),
    Work("loading certificates", "exporter.polling.certificates.tls_setups", Stage.RELOAD),
)

NOT_HELD: Final = frozenset(
    {
        "exporter.metrics.telemetry.Telemetry",
        "exporter.polling.keeper.Keeper.open",
        "exporter.daemon.serve._sockets",
        "exporter.daemon.warnings._exposed",
        "exporter.daemon.warnings._of_targets",
    }
)
"""Work of the start, before there is anything to be wrong, and work that ends in the log alone."""


class Event(Enum):
    """What happens while the work is slow."""

    DEADLINE = "deadline"
    RELOAD = "reload"
    REMOVAL = "removal"
    END = "end"


class Release(Enum):
    """When the slow work goes on, in a poll that has passed its deadline."""

    AT_ONCE = "between two polls"
    FIRST_PAGE = "when the next list's first page is asked for"
    MIDDLE_PAGE = "when its middle page is asked for"
    LAST_PAGE = "when its last page is asked for"


@dataclass(frozen=True)
class Cell:
    work: Work
    event: Event
    release: Release = Release.AT_ONCE
    secret_in_file: bool = True
    """Whether each poll reads a secret first, in a thread as well."""

    @override
    def __str__(self) -> str:
        where = "file" if self.secret_in_file else "inline"
        return f"{self.work}, {self.event.value}, {self.release.value}, secret {where}"


def _every() -> Iterator[Cell]:
    for work in WORKS:
        for in_file in (True, False) if work.function != WORKS[0].function else (True,):
            for event in Event:
                yield Cell(work, event, secret_in_file=in_file)
            if work.stage is not Stage.SCRAPE:
                for release in (Release.FIRST_PAGE, Release.MIDDLE_PAGE, Release.LAST_PAGE):
                    yield Cell(work, Event.DEADLINE, release, in_file)


EVERY: Final = tuple(_every())
CELLS: Final = EVERY[:: sized(small=60, usual=10, whole=1)]
