"""Wrong targets files on the status page of few targets and of a fleet, and in the JSON."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
import pytest
import pytest_asyncio

from exporter.settings import Fault
from exporter.settings.targets_files import TargetsFile
from exporter.web.status.document import MOST_FAILING_FILES, MOST_FAULTS
from exporter.web.status.fleet import FLEET
from exporter.web.status.page import SHOWN_FILES
from exporter.web.status.query import PER_PAGE
from tests.support.fleet import name_of, serving_fleet

WRONG: Final = MOST_FAILING_FILES + 30
FAULTS: Final = tuple(Fault(f"<lab>.{n}", "is not a setting", "remove it") for n in range(30))
FILES: Final = (
    TargetsFile("/etc/good.yaml", {}, {}),
    *(TargetsFile(f"/etc/wrong-{n:03}.yaml", {}, {}, FAULTS) for n in range(WRONG)),
)

# One server of each kind for the whole module.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[FLEET, 2 * PER_PAGE], ids=["few", "fleet"]
)
async def http(request: pytest.FixtureRequest) -> AsyncIterator[aiohttp.ClientSession]:
    async with serving_fleet(request.param, FILES) as url, aiohttp.ClientSession(url) as client:
        yield client


async def text(http: aiohttp.ClientSession, path: str) -> str:
    async with http.get(path) as response:
        assert response.status == 200
        return await response.text()


async def document(http: aiohttp.ClientSession, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await text(http, f"/api/v1/status{query}"))
    return found


async def test_the_page_names_the_first_ones_between_its_summary_and_the_targets(
    http: aiohttp.ClientSession,
) -> None:
    shown = await text(http, "/")
    _, _, below = shown.partition('<p class="summary">')
    notice, _, targets = below.partition('<h2 id="targets">')
    assert f"{WRONG} targets files could not be loaded" in notice
    assert notice.count("&lt;lab&gt;.0: is not a setting") == SHOWN_FILES
    assert notice.count("<strong><bdi>remove it</bdi></strong>") == SHOWN_FILES
    assert "/etc/wrong-000.yaml" in notice
    assert "/etc/good.yaml" not in shown
    assert f"{WRONG - SHOWN_FILES} more files: see the JSON or the log." in notice
    assert name_of(0) in targets


async def test_the_json_lists_so_many_and_counts_the_rest(http: aiohttp.ClientSession) -> None:
    files = (await document(http))["targets_files"]
    assert files["files"] == len(FILES)
    assert len(files["failing"]) == MOST_FAILING_FILES
    assert files["failing_left_out"] == WRONG - MOST_FAILING_FILES
    assert {len(each["faults"]) for each in files["failing"]} == {MOST_FAULTS}
    assert {each["faults_left_out"] for each in files["failing"]} == {len(FAULTS) - MOST_FAULTS}


@pytest.mark.parametrize("query", [f"?target={name_of(0)}", "?page=2"])
async def test_the_json_of_one_target_and_of_a_further_page_does_not_repeat_them(
    http: aiohttp.ClientSession, query: str
) -> None:
    whole = await document(http)
    assert (await document(http, query)).keys() == whole.keys() - {"targets_files"}
