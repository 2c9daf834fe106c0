"""The status of a thousand targets: the page for people and its JSON, both in pages."""

import re
from collections.abc import AsyncIterator, Mapping
from html import unescape
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
import pytest_asyncio

from exporter.web.status import CONTENT_SECURITY_POLICY
from exporter.web.status.outdated import ROWS_PER_PAGE
from exporter.web.status.query import MOST_PER_PAGE, PER_PAGE
from tests.support.fleet import SERVICES, name_of, serving_fleet, state_of

TARGETS: Final = 1000
BY_STATE: Final = {
    state: [name_of(n) for n in range(TARGETS) if state_of(n) == state]
    for state in ("failing", "stale", "waiting", "up")
}
WORST_FIRST: Final = [name for names in BY_STATE.values() for name in names]

# One fleet for the whole module: a thousand snapshots take a second to be rendered.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with serving_fleet(TARGETS) as url, aiohttp.ClientSession(url) as client:
        yield client


async def page(http: aiohttp.ClientSession, query: str = "") -> str:
    async with http.get(f"/{query}") as response:
        assert response.status == 200
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        return await response.text()


async def document(http: aiohttp.ClientSession, query: str = "") -> dict[str, Any]:
    async with http.get(f"/api/v1/status{query}") as response:
        assert response.status == 200
        answer: dict[str, Any] = await response.json()
        return answer


def rows(shown: str) -> list[str]:
    """The targets in the table."""
    return re.findall(r'<tr><th scope="row"><a [^>]*><bdi>(.*?)</bdi></a>', shown)


def link(shown: str, mark: str) -> str:
    """Where the first link leads that has this in its attributes or its text."""
    links = re.finditer(r'<a [^>]*?href="([^"]*)".*?</a>', shown)
    return next(unescape(each[1]) for each in links if mark in each[0])


def names(answer: Mapping[str, Any]) -> list[str]:
    return [target["name"] for target in answer["targets"]]


async def test_the_first_page_has_the_worst_targets_and_a_summary_of_all(
    http: aiohttp.ClientSession,
) -> None:
    shown = await page(http)
    failing, stale, waiting = (len(BY_STATE[each]) for each in ("failing", "stale", "waiting"))
    up = TARGETS - failing - waiting
    services = (TARGETS - waiting) * SERVICES
    assert (
        f"1,000 targets: {up} up, {failing} failing, {waiting} not polled yet, {stale} with stale"
        f" data; {services:,} model services, {services // 10:,} with a new version"
    ) in re.sub(r"</?b[^>]*>", "", shown)
    assert rows(shown) == WORST_FIRST[:PER_PAGE]
    assert shown.count("failing: denied</span> <small><bdi>ID.1002</bdi></small>") == failing
    assert shown.count(", stale</td>") == stale
    assert f"1 to {PER_PAGE} of 1,000, failing ones first." in shown


async def test_the_pages_lead_from_one_to_the_next_over_every_target(
    http: aiohttp.ClientSession,
) -> None:
    seen, query = [], "?lang=en"
    for number in range(1, TARGETS // PER_PAGE + 1):
        shown = await page(http, query)
        assert f'aria-current="page" aria-label="Page {number} of 20"' in shown
        assert ('rel="prev"' in shown) is (number > 1)
        seen += rows(shown)
        query = link(shown, 'rel="next"') if 'rel="next"' in shown else ""
    assert seen == WORST_FIRST
    assert query == ""


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("?page=21", 20),
        ("?page=" + "9" * 5000, 20),
        ("?page=0", 1),
        ("?page=-1", 1),
        ("?page=x", 1),
    ],
)
async def test_a_page_that_does_not_exist_gives_the_nearest(
    http: aiohttp.ClientSession, query: str, number: int
) -> None:
    first = (number - 1) * PER_PAGE
    assert rows(await page(http, query)) == WORST_FIRST[first : first + PER_PAGE]


@pytest.mark.parametrize("state", BY_STATE)
async def test_a_state_is_chosen_by_its_link_and_the_language_is_kept(
    http: aiohttp.ClientSession, state: str
) -> None:
    chosen = await page(http, link(await page(http, "?lang=zh&page=3"), f"state={state}"))
    expected = [name for name in WORST_FIRST if name in BY_STATE[state]]
    if state == "up":  # whose data may be stale
        expected = [*BY_STATE["stale"], *expected]
    assert rows(chosen) == expected[:PER_PAGE]
    assert f"匹配 {len(expected)} 个" in chosen
    assert dict(parse_qsl(link(chosen, "English")[1:])) == {"lang": "en", "state": state}


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("site-77", ["site-77", *(f"site-{n}" for n in range(770, 780))]),
        ("SITE 999", ["site-999"]),
        ("chat-1", []),
    ],
)
async def test_a_search_finds_targets_by_their_names(
    http: aiohttp.ClientSession, search: str, found: list[str]
) -> None:
    shown = await page(http, f"?{urlencode({'search': search})}")
    expected = [name for name in WORST_FIRST if name in found]
    assert rows(shown) == expected
    assert f'value="{search}"' in shown
    assert f"{len(expected)} of 1,000 match." in shown
    assert names(await document(http, f"?{urlencode({'search': search})}")) == expected


async def test_a_row_leads_to_the_target_in_full_and_from_there_back_to_all(
    http: aiohttp.ClientSession,
) -> None:
    name = BY_STATE["failing"][1]
    listed = await page(http, f"?search={name}&state=failing&lang=en")
    alone = await page(http, link(listed, f"target={name}"))
    assert f"<bdi>{name}</bdi>" in alone
    assert "Grant the account the query of model services." in alone
    assert "The last 50 polls" in alone
    assert alone.count("<bdi>chat-") == SERVICES // 10
    assert link(alone, "This page as JSON") == f"/api/v1/status?target={name}"
    assert rows(await page(http, link(alone, "All targets"))) == WORST_FIRST[:PER_PAGE]


async def test_the_services_of_a_fleet_have_a_page_of_their_own(
    http: aiohttp.ClientSession,
) -> None:
    everything = await page(http, link(await page(http, "?search=site-5"), "show=services"))
    assert rows(everything) == []
    assert everything.count("<bdi>chat-") == ROWS_PER_PAGE
    following = await page(http, link(everything, 'rel="next"'))
    assert following.count("<bdi>chat-") == ROWS_PER_PAGE
    assert 'aria-label="Page 2 of 40"' in following
    found = await page(http, "?show=services&search=chat-10+site-123")
    assert found.count("<bdi>chat-10</bdi>") == 1
    assert 'name="show" value="services"' in found


async def test_the_page_leads_to_the_json_of_its_targets(http: aiohttp.ClientSession) -> None:
    shown = await page(http, "?search=site-5&state=up&page=99&lang=en")
    async with http.get(link(shown, "This page as JSON")) as response:
        assert names(await response.json()) == rows(shown)


@pytest.mark.parametrize("query", ["", "?sort=name", "?per_page=7&sort=name", "?per_page=200"])
async def test_the_json_by_page_meets_every_target_once(
    http: aiohttp.ClientSession, query: str
) -> None:
    per_page = int(dict(parse_qsl(query[1:])).get("per_page", PER_PAGE))
    seen: list[str] = []
    following: str | None = query
    while following is not None:
        answer = await document(http, following)
        assert answer["page"]["targets"] == TARGETS
        assert answer["page"]["per_page"] == per_page
        assert len(answer["targets"]) <= per_page
        seen += names(answer)
        following = answer["page"]["next"]
    in_order = [name_of(n) for n in range(TARGETS)] if "sort" in query else WORST_FIRST
    assert seen == in_order
    assert answer["page"]["number"] == answer["page"]["pages"] == -(-TARGETS // per_page)


async def test_the_json_sums_up_all_targets_whatever_it_shows(http: aiohttp.ClientSession) -> None:
    waiting = len(BY_STATE["waiting"])
    failing = len(BY_STATE["failing"])
    for query in ("", "?page=99", "?target=site-1", "?state=failing&search=site-1"):
        assert (await document(http, query))["summary"] == {
            "targets": TARGETS,
            "up": TARGETS - failing - waiting,
            "failing": failing,
            "waiting": waiting,
            "stale": len(BY_STATE["stale"]),
            "empty": 0,
            "services": (TARGETS - waiting) * SERVICES,
            "new_version": (TARGETS - waiting) * SERVICES // 10,
        }


async def test_the_json_of_a_state(http: aiohttp.ClientSession) -> None:
    assert names(await document(http, "?state=failing")) == BY_STATE["failing"]
    stale = await document(http, "?state=stale")
    assert [target["data"]["stale"] for target in stale["targets"]] == [True] * len(
        BY_STATE["stale"]
    )


async def test_the_json_of_one_target(http: aiohttp.ClientSession) -> None:
    answer = await document(http, "?target=site-500")
    assert names(answer) == ["site-500"]
    assert answer["page"]["next"] is None
    assert len(answer["targets"][0]["polls"]) == 50
    async with http.get("/api/v1/status?target=elsewhere") as response:
        assert response.status == 404
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        assert await response.json() == {"error": "no target of this name is configured"}


async def test_a_number_that_the_json_cannot_give(http: aiohttp.ClientSession) -> None:
    beyond = await document(http, "?page=21")
    assert (beyond["targets"], beyond["page"]["next"]) == ([], None)
    greedy = await document(http, "?per_page=100000&page=x")
    assert len(greedy["targets"]) == greedy["page"]["per_page"] == MOST_PER_PAGE
    assert len(names(await document(http, "?per_page=0"))) == PER_PAGE
