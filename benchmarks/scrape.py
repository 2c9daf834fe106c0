"""A scrape, to its last byte, beside prometheus_client's server and nginx with the same page."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .client import Scraper, text
from .estate import Shape
from .exporting import exporter, metrics, target
from .measure import Rounds, rounds
from .peers import Way, nginx, nginx_program, prometheus_client
from .platform import platform
from .program import Plan, main, milliseconds
from .table import Budget, Row, at_least, at_most, row

OURS: Final = "exporter"
NGINX: Final = "nginx"
REPEATS: Final = {OURS: 5, NGINX: 5}
"""Theirs take seconds, these milliseconds."""


@dataclass(frozen=True)
class Encoding:
    """A form in which a page is asked for, and what is promised of it."""

    name: str
    times_gauges: float
    times_nginx: float

    @property
    def gzip(self) -> bool:
        return self.name == "gzip"


ENCODINGS: Final = (Encoding("gzip", 500, 1.2), Encoding("identity", 40, 2.5))


def measure(plan: Plan) -> Iterator[Row]:
    """Rows for both encodings, the peers as they are."""
    with ExitStack() as running:
        platform_ = running.enter_context(platform(plan.services, Shape.PROJECTED))
        ours = running.enter_context(exporter(x=target(platform_)))
        platform_.polls(1)
        urls = {OURS: metrics(ours)} | peers(running, metrics(ours))
        for encoding in ENCODINGS:
            yield from _rows(encoding, scrapes(plan.rounds, urls, gzip=encoding.gzip), urls)


def peers(running: ExitStack, ours: str) -> dict[str, str]:
    """The peers with the page that is served there, by name; nginx only where it is installed."""
    with Scraper(ours, gzip=False) as plain, Scraper(ours, gzip=True) as packed:
        page, gzip = plain.page(), packed.page()
    shown = samples(page.decode())
    _expect(text(gzip), shown)
    file = Path(running.enter_context(TemporaryDirectory()), "page.txt")
    file.write_bytes(page)
    urls = {way.value: running.enter_context(prometheus_client(way, file)) for way in Way}
    for url in urls.values():
        with Scraper(url, gzip=False) as theirs:
            _expect(theirs.page().decode(), shown)
    if (program := nginx_program()) is not None:
        urls[NGINX] = running.enter_context(nginx(program, page, gzip))
    return urls


def samples(page: str) -> dict[str, float]:
    """The model services' samples by series."""
    lines = (line for line in page.splitlines() if line.startswith("zstack_model_service"))
    split = (line.rpartition(" ") for line in lines)
    return {series: float(value) for series, _, value in split}


def _expect(page: str, shown: Mapping[str, float]) -> None:
    if samples(page) != shown:
        raise ValueError("what is compared does not show the same series")


def scrapes(count: int, urls: Mapping[str, str], *, gzip: bool) -> Rounds:
    """Scrapes of each in turn, after one of each that does not count."""
    with ExitStack() as open_:
        scrapers = {
            name: open_.enter_context(Scraper(url, gzip=gzip)) for name, url in urls.items()
        }
        for scraper in scrapers.values():
            scraper.scrape()
        turns = {name: scraper.scrape for name, scraper in scrapers.items()}
        return rounds(count, turns, repeats=REPEATS)


def _rows(encoding: Encoding, found: Rounds, urls: Mapping[str, str]) -> Iterator[Row]:
    scrape = f"{encoding.name} scrape"
    for way in Way:
        budget = at_least(encoding.times_gauges) if way is Way.GAUGES else None
        what = f"{scrape}, than prometheus_client's server ({way.value})"
        yield _row(what, found, way.value, OURS, "times faster", budget)
    what = f"{scrape}, to nginx's"
    if NGINX in urls:
        budget = at_most(encoding.times_nginx)
        yield _row(what, found, OURS, NGINX, "times as long", budget)
    else:
        yield Row(what, hint="nginx is not installed")


def _row(what: str, found: Rounds, of: str, to: str, unit: str, budget: Budget | None) -> Row:
    one, other = (milliseconds(found.seconds(each).median) for each in (of, to))
    return row(what, found.ratio(of, to), unit, budget, f"{of} {one}, {to} {other}")


if __name__ == "__main__":
    main(measure, __doc__)
