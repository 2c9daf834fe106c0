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
from .program import Plan, duration, main
from .table import Budget, Row, at_least, at_most, row

OURS: Final = "exporter"
NGINX: Final = "nginx"

REPEATS: Final = 5
"""Of what takes milliseconds, in each of its turns."""

SLOW: Final = frozenset(way.value for way in Way)
SLOW_ROUNDS: Final = 3
"""At most so many with those whose scrapes take seconds; they differ little."""


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
    """Rows for both encodings."""
    with ExitStack() as running:
        platform_ = running.enter_context(platform(plan.services, Shape.PROJECTED))
        ours = running.enter_context(exporter(x=target(platform_)))
        platform_.polls(1)
        urls = {OURS: metrics(ours)} | _peers(running, metrics(ours))
        for encoding in ENCODINGS:
            yield from _beside_prometheus_client(plan, encoding, urls)
            yield _beside_nginx(plan, encoding, urls)


def _peers(running: ExitStack, ours: str) -> dict[str, str]:
    """The peers, by name, with the page that is served there; nginx only where it is installed."""
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
        urls[NGINX] = running.enter_context(nginx(program, page, gzip)).address
    return urls


def samples(page: str) -> dict[str, float]:
    """The model services' samples by series; the exporter's own move."""
    lines = (line for line in page.splitlines() if line.startswith("zstack_model_service"))
    split = (line.rpartition(" ") for line in lines)
    return {series: float(value) for series, _, value in split}


def _expect(page: str, shown: Mapping[str, float]) -> None:
    if samples(page) != shown:
        raise ValueError("what is compared does not show the same series")


def _beside_prometheus_client(
    plan: Plan, encoding: Encoding, urls: Mapping[str, str]
) -> Iterator[Row]:
    names = (OURS, *SLOW)
    found = scrapes(min(plan.rounds, SLOW_ROUNDS), {n: urls[n] for n in names}, encoding)
    for way in Way:
        budget = at_least(encoding.times_gauges) if way is Way.GAUGES else None
        what = f"{encoding.name} scrape, than prometheus_client's server ({way.value})"
        yield _row(what, found, way.value, OURS, "times faster", budget)


def _beside_nginx(plan: Plan, encoding: Encoding, urls: Mapping[str, str]) -> Row:
    what = f"{encoding.name} scrape, to nginx's"
    if NGINX not in urls:
        return Row(what, hint="nginx is not installed")
    found = scrapes(3 * plan.rounds, {n: urls[n] for n in (OURS, NGINX)}, encoding)
    budget = at_most(encoding.times_nginx)
    return _row(what, found, OURS, NGINX, "times as long", budget)


def scrapes(count: int, urls: Mapping[str, str], encoding: Encoding) -> Rounds:
    """Scrapes of each in turn, after one of each that does not count."""
    with ExitStack() as connected:
        scrapers = {
            name: connected.enter_context(Scraper(url, gzip=encoding.gzip))
            for name, url in urls.items()
        }
        for scraper in scrapers.values():
            scraper.scrape()
        turns = {name: scraper.scrape for name, scraper in scrapers.items()}
        repeats = dict.fromkeys(turns.keys() - SLOW, REPEATS)
        return rounds(count, turns, repeats=repeats)


def _row(what: str, found: Rounds, of: str, to: str, unit: str, budget: Budget | None) -> Row:
    one, other = (duration(found.seconds(each).median) for each in (of, to))
    return row(what, found.ratio(of, to), unit, budget, f"{of} {one}, {to} {other}")


if __name__ == "__main__":
    main(measure, __doc__)
