"""The platform, the exporter and the peers as the measurements run them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.client import RefusedError, Scraper, text
from benchmarks.estate import Shape
from benchmarks.exporting import exporter, metrics, target
from benchmarks.measure import rounds
from benchmarks.peers import Way, nginx, nginx_program, prometheus_client
from benchmarks.platform import Platform, platform
from benchmarks.programs import Program, running
from benchmarks.scrape import samples

SERVICES = 30


@pytest.fixture(scope="module")
def upstream() -> Iterator[Platform]:
    with platform(SERVICES, Shape.PROJECTED) as running_:
        yield running_


@pytest.fixture(scope="module")
def ours(upstream: Platform) -> Iterator[Program]:
    with exporter(x=target(upstream)) as program:
        upstream.polls(1)
        yield program


def page(url: str, *, gzip: bool = False) -> bytes:
    with Scraper(url, gzip=gzip) as scraper:
        return scraper.page()


def versions(url: str) -> set[str]:
    lines = page(url).decode().splitlines()
    return {line for line in lines if line.startswith("zstack_model_service_info{")}


def test_each_service_has_six_series_and_one_more_while_a_new_version_is_pending(
    ours: Program,
) -> None:
    shown = samples(page(metrics(ours)).decode())
    of_services = [series for series in shown if 'uuid="' in series]
    pending = [series for series in of_services if "_pending_since_" in series]
    assert 0 < len(pending) < SERVICES
    assert len(of_services) == 6 * SERVICES + len(pending)
    assert len({series.partition("{")[0] for series in of_services}) == 7


def test_polls_are_done_with_when_the_platform_reports_it(
    upstream: Platform, ours: Program
) -> None:
    before = versions(metrics(ours))
    upstream.polls(3, changed=SERVICES)
    after = versions(metrics(ours))
    assert len(before) == len(after) == SERVICES
    assert not before & after  # an odd number of changes, so it is not as it was
    upstream.polls(1)
    assert versions(metrics(ours)) == after


@pytest.mark.parametrize(("groups", "centers"), [(4, 2), (0, 0)])
def test_the_further_lists_are_those_that_the_platform_is_given(groups: int, centers: int) -> None:
    with (
        platform(SERVICES, Shape.PROJECTED, groups=groups, centers=centers) as upstream,
        exporter(x=target(upstream)) as program,
    ):
        upstream.polls(1)
        shown = samples(page(metrics(program)).decode())
        lists = page(metrics(program)).decode().count("\nzstack_resource_up{")
    infos = [each for each in shown if each.startswith("zstack_model_service_instance_group_info{")]
    assert len(infos) == groups
    assert lists == 1 + bool(groups) + bool(centers)


@pytest.mark.parametrize("way", Way)
def test_a_peer_shows_the_same_series(ours: Program, way: Way, tmp_path: Path) -> None:
    text_page = page(metrics(ours))
    (tmp_path / "page.txt").write_bytes(text_page)
    with prometheus_client(way, tmp_path / "page.txt") as url:
        theirs = page(url, gzip=True)
    assert samples(text(theirs)) == samples(text_page.decode())


def test_nginx_sends_the_files_that_it_is_given(ours: Program) -> None:
    program = nginx_program()
    if program is None:
        pytest.skip("nginx is not installed")
    packed = page(metrics(ours), gzip=True)
    with nginx(program, b"identity", packed) as its:
        assert page(its.address) == b"identity"
        assert page(its.address, gzip=True) == packed


def test_an_error_is_no_page(ours: Program) -> None:
    with Scraper(f"{ours.address}/nothing-here", gzip=False) as scraper:
        with pytest.raises(RefusedError, match="404"):
            scraper.scrape()
        assert not scraper.answers()


def test_what_the_system_counts_of_a_program_is_reported(ours: Program) -> None:
    before = ours.cpu_seconds
    page(metrics(ours))
    assert ours.cpu_seconds > before
    assert 10 < ours.memory <= ours.peak_memory


def test_a_program_that_ends_at_once_reports_why() -> None:
    broken = (sys.executable, "-c", "raise SystemExit('no such estate')")
    with pytest.raises(RuntimeError, match="no such estate"), running(*broken, ready="listening"):
        pass


def test_in_each_round_everything_takes_its_turn() -> None:
    taken: list[str] = []

    def turn(name: str) -> float:
        taken.append(name)
        return {"slow": 6.0, "fast": 2.0}[name]

    turns = {name: lambda name=name: turn(name) for name in ("slow", "fast")}
    found = rounds(4, turns, repeats={"fast": 3})
    assert [sorted(taken[i : i + 4]) for i in range(0, 16, 4)] == [["fast"] * 3 + ["slow"]] * 4
    assert found.ratio("slow", "fast").median == 3
