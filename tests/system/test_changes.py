"""What changed is found, and nothing else: not by restarts, failed polls, replicas or shards."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from exporter.simulator import Cloud
from tests.support.grafana import Target, marks

from .dashboards import PANELS, lab
from .histories import GONE, Expected, Service, check, reported
from .programs import Programs
from .prometheus import labels

pytestmark = pytest.mark.system

A, B, C = Service("a"), Service("b"), Service("c")
WHOLE_HOUR: Final = "1x60"

COUNTS: Final = ("Came", "Went", "Updated", "New versions", "More CPU", "More memory")
STEPS: Final = ("came", "went", "updated", "new version", "requests more")
[TABLE] = PANELS["changes: What changed"].targets
MARKS: Final = {query.panel: query for query in marks()}

Series = tuple[str, str]


def counted(**numbers: int) -> list[Expected]:
    """These numbers stand above the table after an hour, 0 where none is given."""
    found = {name.replace(" ", "_").lower(): PANELS[f"changes: {name}"] for name in COUNTS}
    assert numbers.keys() <= found.keys()
    return [
        Expected(panel.targets[0], 60, {"{}": numbers.get(name, 0)})
        for name, panel in found.items()
    ]


def stepped(kind: str, minutes: Iterable[int]) -> list[Expected]:
    """The graph has this change in these minutes alone, of those in which lists are known."""
    query = step(kind)
    return [Expected(query, minute, {"{}": float(minute in {*minutes})}) for minute in range(2, 60)]


def changed(uuid: str, change: str, *, version: str = "1.0") -> str:
    """The labels of a row of the table."""
    facts = f'name="name of {uuid}",framework="vLLM",version="{version}"'
    return f'{{job="j",target="lab",uuid="{uuid}",{facts},change="{change}"}}'


def step(kind: str) -> Target:
    return PANELS["changes: Changes over time"].targets[STEPS.index(kind)]


def nothing_stepped(minutes: Iterable[int]) -> list[Expected]:
    """No change stands in the graph in these minutes, in which a list is known."""
    return [Expected(step(kind), minute, {"{}": 0}) for kind in STEPS for minute in minutes]


async def test_a_service_that_came_is_counted_dated_and_marked(
    programs: Programs, tmp_path: Path
) -> None:
    series = [A.info(WHOLE_HOUR), B.info("_x10 1x50"), reported(WHOLE_HOUR)]
    row = changed("b", "came")
    mark = MARKS["overview: Services: came"]
    await check(
        programs,
        tmp_path,
        series,
        [
            *counted(came=1),
            *stepped("came", [10]),
            *stepped("went", []),
            Expected(TABLE, 60, {row: 10 * 60_000}),
            *(Expected(mark, minute, {}) for minute in (8, 9, 12, 13)),
            Expected(mark, 10, {'{job="j",target="lab",number="1"}': 1}),
        ],
    )


async def test_a_service_that_went_is_counted_and_dated_by_when_it_was_seen_last(
    programs: Programs, tmp_path: Path
) -> None:
    series = [A.info(WHOLE_HOUR), B.info(f"1x19 {GONE}"), reported(WHOLE_HOUR)]
    row = changed("b", "went")
    expected = [*counted(went=1), *stepped("went", [20]), Expected(TABLE, 60, {row: 19 * 60_000})]
    await check(programs, tmp_path, series, expected)


async def test_the_last_service_of_a_platform_goes_too(programs: Programs, tmp_path: Path) -> None:
    series = [A.info(f"1x19 {GONE}"), reported("1x19 0x40")]
    await check(programs, tmp_path, series, [*counted(went=1), *stepped("went", [20])])


async def test_the_first_service_of_a_platform_comes(programs: Programs, tmp_path: Path) -> None:
    series = [A.info("_x20 1x40"), reported("0x19 1x40")]
    await check(programs, tmp_path, series, [*counted(came=1), *stepped("came", [20])])


async def test_an_updated_service_shows_with_the_version_that_it_runs_now(
    programs: Programs, tmp_path: Path
) -> None:
    newer = A._replace(version="1.1")
    series = [A.info(f"1x29 {GONE}"), newer.info("_x30 1x30"), B.info(WHOLE_HOUR)]
    row = changed("a", "updated", version="1.1")
    expected = [*counted(updated=1), *stepped("updated", [30]), *stepped("came", [])]
    await check(programs, tmp_path, series, [*expected, Expected(TABLE, 60, {row: 30 * 60_000})])


async def test_a_new_version_counts_when_it_appears(programs: Programs, tmp_path: Path) -> None:
    flags = [A.has("has_new_version", "0x29 1x30"), B.has("has_new_version", WHOLE_HOUR)]
    born = [C.info("_x30 1x30"), C.has("has_new_version", "_x30 1x30")]
    series = [A.info(WHOLE_HOUR), B.info(WHOLE_HOUR), *flags, *born]
    expected = [*counted(new_versions=1, came=1), *stepped("new version", [30])]
    await check(programs, tmp_path, series, expected)


async def test_a_service_that_requests_more_than_before_shows(
    programs: Programs, tmp_path: Path
) -> None:
    cpu, memory = "requested_cpu_cores", "requested_memory_bytes"
    more = [A.has(cpu, "4x29 8x30"), B.has(memory, "1024x39 2048x20")]
    less = [B.has(cpu, "8x29 4x30"), C.has(memory, WHOLE_HOUR)]
    series = [each.info(WHOLE_HOUR) for each in (A, B, C)] + more + less
    expected = [*counted(more_cpu=1, more_memory=1), *stepped("requests more", [30, 40])]
    await check(programs, tmp_path, series, expected)


GAP: Final = f"1x19 {GONE} _x19 1x20"
"""Nothing of it is on the page for twenty minutes."""


@pytest.mark.small_sample(6)
@pytest.mark.parametrize(
    "series",
    [
        pytest.param([A.info(GAP), B.info(GAP), reported(GAP)], id="failed polls"),
        pytest.param(
            [A.info(GAP), B.info(GAP), reported("2x60")], id="too many series for a while"
        ),
        pytest.param(
            [
                *(of.info(f"1x19 {GONE}") for of in (A, B)),
                *(of._replace(instance="two").info("_x25 1x35") for of in (A, B)),
            ],
            id="another shard polls it",
        ),
        pytest.param(
            [
                *(of.info(GAP) for of in (A, B)),
                *(of._replace(instance="two").info(WHOLE_HOUR) for of in (A, B)),
            ],
            id="one of two replicas restarts",
        ),
        pytest.param(
            [A.info(WHOLE_HOUR), B._replace(target="other").info(f"1x19 {GONE}")],
            id="a platform is not polled any more",
        ),
        pytest.param(
            [A.info(WHOLE_HOUR), B._replace(target="other").info("_x20 1x40")],
            id="a platform is polled for the first time",
        ),
    ],
)
async def test_nothing_changes(programs: Programs, series: list[Series], tmp_path: Path) -> None:
    unmarked = [Expected(mark, minute, {}) for mark in MARKS.values() for minute in range(2, 60)]
    await check(programs, tmp_path, series, [*counted(), *unmarked])


async def test_a_change_while_no_list_is_known_shows_with_the_next_one(
    programs: Programs, tmp_path: Path
) -> None:
    series = [A.info(GAP), B.info(f"1x19 {GONE}"), C.info("_x40 1x20")]
    await check(
        programs,
        tmp_path,
        series,
        [
            *counted(came=1, went=1),
            *(Expected(step(kind), 40, {"{}": 1}) for kind in ("came", "went")),
            *nothing_stepped([*range(2, 20), *range(41, 60)]),
        ],
    )


async def test_two_replicas_that_see_a_change_one_after_the_other_show_it_once(
    programs: Programs, tmp_path: Path
) -> None:
    def by_two(of: Service, first: str, second: str) -> list[Series]:
        return [of.info(first), of._replace(instance="two").info(second)]

    newer = C._replace(version="1.1")
    series = [
        *by_two(A, "_x10 1x50", "_x11 1x49"),
        *by_two(B, f"1x19 {GONE}", f"1x20 {GONE}"),
        *by_two(C, f"1x29 {GONE}", f"1x30 {GONE}"),
        *by_two(newer, "_x30 1x30", "_x31 1x29"),
    ]
    expected = [
        *counted(came=1, went=1, updated=1),
        *stepped("came", [10]),
        *stepped("went", [21]),
        *stepped("updated", [30]),
    ]
    await check(programs, tmp_path, series, expected)


@pytest.mark.small_sample(0)
async def test_changes_of_platforms_stand_in_the_table(programs: Programs, tmp_path: Path) -> None:
    """As Prometheus scrapes them from two exporters."""
    cloud = Cloud(services=20)
    went, updated, flagged, grown, *_ = (
        each for each in cloud.estate.values() if each.has_new_version is False and each.version
    )
    [born] = Cloud(services=1, seed=99).estate.values()
    async with lab(programs, tmp_path, {"lab": cloud}) as of:
        await of.prometheus.until("min(count_over_time(zstack_model_service_info[10m])) > 8")
        cloud.estate.remove(went.uuid)
        cloud.estate.alter(updated.uuid, version="99.1")
        cloud.estate.alter(flagged.uuid, has_new_version=True)
        cloud.estate.alter(grown.uuid, request_cpu=1000)
        cloud.estate.add(born)
        grafana = await of.grafana(
            f'min(count_over_time(zstack_model_service_info{{uuid="{born.uuid}"}}[10m])) > 8'
        )
        shown = await grafana.shows("changes: What changed")
        came = await grafana.shows("changes: Came")

    kinds = {(dict(each)["uuid"], dict(each)["change"]) for each in shown}
    assert kinds == {
        (went.uuid, "went"),
        (updated.uuid, "updated"),
        (flagged.uuid, "new version available"),
        (grown.uuid, "requests more CPU"),
        (born.uuid, "came"),
    }
    assert came == {labels(): 1}
    versions = {dict(each)["uuid"]: dict(each)["version"] for each in shown}
    assert versions[updated.uuid] == "99.1"
    assert all(0 <= grafana.at - at / 1000 < 60 for at in shown.values())
