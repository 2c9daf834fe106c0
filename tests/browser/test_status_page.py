"""What a reader of the status page sees and can do."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from typing import Any, Final, Literal

import pytest
from playwright.async_api import Browser, Page, expect

from exporter.simulator import Cloud, Fault, serving
from exporter.state.labels import sanitize_label
from tests.support.exporting import Exporter, exporting, is_down, is_up, target
from tests.support.fleet import serving_fleet, state_of

from .chromium import Tab, tab

# One loop for all: the browser lives in it.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE: Final = {"width": 360, "height": 740}
TABLET: Final = {"width": 900, "height": 1200}
DESK: Final = {"width": 1280, "height": 900}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")

HOSTILE: Final = (
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</td></table></main><h1>gone</h1>",
    "quotes \" ' ` and & ampersands &lt;b&gt;",
    "{{ 7 * 7 }} {% raw %}",
    "rtl \u202e desrever \u2066 isolate",
    "rocket 🚀 family 👨‍👩‍👧 模型服务",
    "unbroken" * 1250,
    "javascript:alert(1)",
)

CONTRASTS: Final = """() => {
  const channel = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = parts(colour).map(value => channel(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if ((parts(colour)[3] ?? 1) === 1) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const ratio = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const texts = [...document.querySelectorAll('body *')].filter(element =>
    !element.closest('svg') && [...element.childNodes].some(node =>
      node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
  const marks = [...document.querySelectorAll('svg path, svg circle')];
  const contrast = (element, colour, least) => ({
    what: element.outerHTML.slice(0, 80), ratio: ratio(colour, behind(element)), least});
  return [
    ...texts.map(each => contrast(each, getComputedStyle(each).color, 4.5)),
    ...marks.map(each => {
      const style = getComputedStyle(each);
      return contrast(each, style.fill === 'none' ? style.stroke : style.fill, 3);
    }),
  ];
}"""
"""The contrast of every text and mark with what is behind it (WCAG 2.2, 1.4.3 and 1.4.11)."""


@asynccontextmanager
async def a_house() -> AsyncIterator[Exporter]:
    """Four targets: one up, one failing, one stale, one not polled yet."""
    good, bad, old, slow = (Cloud(services=n, seed=n) for n in (120, 40, 30, 1))
    slow.faults.append(Fault.hang())
    async with serving(good) as a, serving(bad) as b, serving(old) as c, serving(slow) as d:
        targets = {
            "good": target(a, interval=0.3),
            "bad": target(b, interval=0.3),
            "old": target(c, interval=0.3, stale_after=0.4),
            "slow": target(d, interval=0.3, timeout=600),
        }
        async with exporting(targets=targets) as exporter:
            for name in ("good", "bad", "old"):
                await exporter.until(is_up, f"/probe?target={name}")
            fault = Fault.error("ID.1002", "permission denied", operation="QueryModelService")
            bad.faults.append(fault)
            old.faults.append(Fault.html())
            await exporter.until(is_down, "/probe?target=bad")
            await exporter.until(
                lambda page: is_down(page) and "zstack_model_services_reported" not in page.names,
                "/probe?target=old",
            )
            yield exporter


@asynccontextmanager
async def one_target(cloud: Cloud, name: str = "lab") -> AsyncIterator[Exporter]:
    async with (
        serving(cloud) as url,
        exporting(targets={name: target(url, interval=60)}) as exporter,
    ):
        await exporter.until(is_up)
        yield exporter


async def wide(one: Tab) -> int:
    """By how many pixels the page is wider than the window."""
    over: int = await one.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return over


async def first_column(page: Page) -> list[str]:
    names = (
        page.get_by_role("table", name="Version now =").get_by_role("rowheader").locator("> bdi")
    )
    return await names.all_inner_texts()


async def test_what_is_wrong_stands_first_with_its_cause_and_its_hint(browser: Browser) -> None:
    async with a_house() as exporter, tab(browser, exporter.url("/")) as one:
        page = one.page
        await expect(page.locator(".summary")).to_contain_text(
            "4 targets: 1 up, 2 failing, 1 not polled yet, 1 with stale data"
        )
        sections = page.get_by_role("region")
        headings = await sections.get_by_role("heading", level=2).all_inner_texts()
        assert [heading.split()[0] for heading in headings[1:5]] == ["bad", "old", "slow", "good"]
        bad = sections.filter(has=page.get_by_role("heading", name=re.compile("^bad")))
        await expect(bad).to_contain_text("The account has no permission for this API.")
        await expect(bad).to_contain_text("Grant the account the query of model services.")
        await bad.get_by_text("Data and polls").click()
        await expect(bad.get_by_role("img", name=re.compile(r"last \d+ polls"))).to_be_visible()
        old = sections.filter(has=page.get_by_role("heading", name=re.compile("^old")))
        await old.get_by_text("Data and polls").click()
        await expect(old).to_contain_text("stale: older than 0.4 s")


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_it_fits_and_can_be_read(browser: Browser, locale: str) -> None:
    async with a_house() as exporter:
        for window, scheme in product((PHONE, DESK), SCHEMES):
            look: dict[str, Any] = {"viewport": window, "color_scheme": scheme, "locale": locale}
            async with tab(browser, exporter.url("/"), **look) as one:
                assert await wide(one) <= 0
                for summary in await one.page.locator("summary").all():
                    await summary.click()
                assert await wide(one) <= 0
                contrasts = await one.evaluate(CONTRASTS)
                assert len(contrasts) > 100
                assert [each for each in contrasts if each["ratio"] < each["least"]] == []


async def test_light_and_dark_follow_the_reader(browser: Browser) -> None:
    papers = []
    async with one_target(Cloud(services=3)) as exporter:
        for scheme in SCHEMES:
            async with tab(browser, exporter.url("/"), color_scheme=scheme) as one:
                papers.append(await one.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert papers[0] == "rgb(255, 255, 255)"
    assert papers[1] != papers[0]


async def test_a_uuid_a_framework_a_type_and_a_source_stand_on_one_line_on_a_desk(
    browser: Browser,
) -> None:
    async with a_house() as exporter, tab(browser, exporter.url("/"), viewport=DESK) as one:
        heights = await one.evaluate(
            "[...document.querySelectorAll("
            "'.sorts ~ tbody :is(th code, td:nth-child(3), td:nth-child(4), td:nth-child(5)) bdi')]"
            ".map(each => [each.textContent, each.getBoundingClientRect().height])"
        )
        assert len(heights) == 80
        assert [text for text, height in heights if height > 30] == []


@pytest.mark.parametrize("window", [PHONE, TABLET, DESK], ids=["phone", "tablet", "desk"])
async def test_untrusted_text_stays_text(browser: Browser, window: dict[str, int]) -> None:
    cloud = Cloud(services=len(HOSTILE))
    for uuid, text in zip(list(cloud.estate), HOSTILE, strict=True):
        cloud.estate.alter(
            uuid, name=text, framework=text, source=text, version=text, has_new_version=True
        )
    async with (
        one_target(cloud, HOSTILE[1]) as exporter,
        tab(browser, exporter.url("/"), viewport=window) as one,
    ):
        assert "owned" not in await one.page.title()
        assert await one.page.locator("main script, img, h1:has-text('gone')").count() == 0
        shown = await one.page.locator("tbody th > bdi").evaluate_all(
            "every => every.map(each => each.textContent)"
        )
        assert sorted(shown) == sorted(sanitize_label(text) for text in HOSTILE)
        assert await one.page.get_by_role("heading", level=2).first.inner_text() != ""
        assert HOSTILE[1] in await one.page.locator("h2 bdi").all_inner_texts()
        isolated = await one.evaluate(
            "[...document.querySelectorAll('bdi')]"
            ".every(each => getComputedStyle(each).unicodeBidi.startsWith('isolate'))"
        )
        assert isolated
        strays = await one.evaluate(
            "[...document.querySelectorAll('.kinds > span')].filter(each => {"
            " const [text, number] = [...each.children].map(one => one.getBoundingClientRect());"
            " return number.left < text.right - 1 && number.top < text.bottom - 1;"
            "}).map(each => each.textContent)"
        )
        assert strays == []
        assert await wide(one) <= 0


async def test_a_long_name_breaks_no_word_beside_it(browser: Browser) -> None:
    async with (
        serving(Cloud(services=3)) as url,
        exporting(targets={"n" * 64: target(url), "lab": target(url)}) as exporter,
    ):
        await exporter.until(is_up, "/probe?target=lab")
        await exporter.until(is_up, f"/probe?target={'n' * 64}")
        async with tab(browser, exporter.url("/"), viewport=TABLET) as one:
            heights = await one.evaluate(
                "[...document.querySelectorAll('.targets .state')].map(each => each.offsetHeight)"
            )
            assert len(heights) == 2
            assert max(heights) < 30


async def test_a_search_narrows_the_table_and_can_be_taken_back(browser: Browser) -> None:
    async with (
        one_target(Cloud(services=300)) as exporter,
        tab(browser, exporter.url("/")) as one,
    ):
        page = one.page
        everything = await first_column(page)
        assert len(everything) == 34
        await page.get_by_role("searchbox", name="Search").fill("VLLM endpoint")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("of 34 match.")
        rows = page.get_by_role("table", name="Version now =").locator("tbody tr")
        assert 0 < await rows.count() < 34
        for row in await rows.all_inner_texts():
            assert "vLLM" in row
            assert "Endpoint" in row
        await expect(page.get_by_role("searchbox")).to_have_value("VLLM endpoint")
        await page.get_by_role("link", name="Show all").click()
        assert await first_column(page) == everything


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_many_updates_come_in_pages_that_keep_search_and_order(
    browser: Browser, *, script: bool
) -> None:
    cloud = Cloud(services=2000)
    for uuid in list(cloud.estate):
        cloud.estate.alter(uuid, has_new_version=True)
    async with (
        one_target(cloud) as exporter,
        tab(
            browser,
            exporter.url("/?search=e&sort=-created"),
            viewport=PHONE,
            java_script_enabled=script,
        ) as one,
    ):
        page = one.page
        uuids = page.locator(".updates tbody th code")
        first = await uuids.all_inner_texts()
        assert len(first) == 50
        height = await page.locator(".services").bounding_box()
        assert height is not None
        assert height["height"] < 9000
        await page.get_by_role("link", name="Next", exact=True).click()
        await expect(page.get_by_role("link", name="Page 2 of")).to_have_attribute(
            "aria-current", "page"
        )
        second = await uuids.all_inner_texts()
        assert len(second) == 50
        assert not {*first} & {*second}
        await expect(page.get_by_role("searchbox")).to_have_value("e")
        await expect(page.get_by_role("columnheader", name="Created")).to_have_attribute(
            "aria-sort", "descending"
        )


@pytest.mark.parametrize(("window", "most"), [(PHONE, 400), (DESK, 260)], ids=["phone", "desk"])
async def test_a_failing_target_among_several_takes_little_room(
    browser: Browser, window: dict[str, int], most: int
) -> None:
    async with a_house() as exporter, tab(browser, exporter.url("/"), viewport=window) as one:
        heights = await one.evaluate(
            "[...document.querySelectorAll('section.brief')]"
            ".map(each => each.getBoundingClientRect().height)"
        )
        assert len(heights) == 4
        assert max(heights) < most
        assert heights[-1] < 130


async def test_a_heading_sorts_and_sorts_the_other_way(browser: Browser) -> None:
    async with (
        one_target(Cloud(services=300)) as exporter,
        tab(browser, exporter.url("/?search=endpoint")) as one,
    ):
        page = one.page
        heading = page.get_by_role("columnheader", name="Created")
        orders = []
        for direction in ("ascending", "descending"):
            await heading.get_by_role("link").click()
            await expect(heading).to_have_attribute("aria-sort", direction)
            orders.append(
                await page.locator("tbody td:nth-child(6) time").evaluate_all(
                    "every => every.map(each => each.dateTime)"
                )
            )
        assert orders[0] == sorted(orders[0])
        assert orders[1] == orders[0][::-1]
        await expect(page.get_by_role("searchbox")).to_have_value("endpoint")


async def test_the_language_of_the_browser_and_the_one_that_is_chosen(browser: Browser) -> None:
    async with (
        one_target(Cloud(services=300)) as exporter,
        tab(browser, exporter.url("/"), locale="zh-CN") as one,
    ):
        page = one.page
        await expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        await expect(page.locator(".summary")).to_contain_text("300 个模型服务")
        await page.get_by_role("link", name="English").click()
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await page.get_by_role("columnheader", name="Framework").get_by_role("link").click()
        await expect(page.locator("html")).to_have_attribute("lang", "en")


async def test_a_keyboard_reaches_everything_and_sees_where_it_is(browser: Browser) -> None:
    async with (
        one_target(Cloud(services=3)) as exporter,
        tab(browser, exporter.url("/")) as one,
    ):
        reached = set()
        number = await one.page.locator("a, input:not([type=hidden]), button, summary").count()
        for _ in range(number):
            await one.page.keyboard.press("Tab")
            reached.add(
                await one.evaluate(
                    "[document.activeElement.outerHTML.slice(0, 200),"
                    " getComputedStyle(document.activeElement).outlineStyle].join(' ')"
                )
            )
        assert len(reached) == number
        assert all(each.endswith("solid") for each in reached)


async def test_the_codes_unfold(browser: Browser) -> None:
    async with (
        one_target(Cloud(services=3)) as exporter,
        tab(browser, exporter.url("/")) as one,
    ):
        row = one.page.get_by_role("row").filter(has_text="LOGIN_CONTROL.1002")
        await expect(row).to_be_hidden()
        await one.page.get_by_text("ZStack's error codes").click()
        await expect(row).to_contain_text("the account is locked", ignore_case=True)


async def test_the_table_of_targets_leads_to_one(browser: Browser) -> None:
    async with a_house() as exporter, tab(browser, exporter.url("/")) as one:
        page = one.page
        await page.get_by_role("link", name="good").click()
        await expect(page.get_by_role("heading", level=2).first).to_contain_text("good")
        await expect(page.locator("main")).not_to_contain_text("permission denied")
        await page.get_by_role("link", name="All targets").click()
        await expect(page.locator("main")).to_contain_text("permission denied")


async def test_it_prints_without_what_only_a_screen_can_use(browser: Browser) -> None:
    async with (
        one_target(Cloud(services=300)) as exporter,
        tab(browser, exporter.url("/"), color_scheme="dark") as one,
    ):
        await one.page.emulate_media(media="print")
        await expect(one.page.get_by_role("search")).to_be_hidden()
        await expect(one.page.get_by_role("navigation").first).to_be_hidden()
        paper = await one.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(255, 255, 255)"


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_a_fleet_fits_and_can_be_read(browser: Browser, locale: str) -> None:
    searched = "?state=up&search=site&page=2"
    async with serving_fleet(1000) as url:
        for query, window in product(("", searched), (PHONE, DESK)):
            async with tab(browser, f"{url}/{query}", viewport=window, locale=locale) as one:
                assert await wide(one) <= 0
                for scheme in SCHEMES:
                    await one.page.emulate_media(color_scheme=scheme)
                    contrasts = await one.evaluate(CONTRASTS)
                    assert len(contrasts) > 200
                    assert [each for each in contrasts if each["ratio"] < each["least"]] == []


async def test_a_row_of_a_fleet_takes_little_room(browser: Browser) -> None:
    async with serving_fleet(100) as url:
        for window, most in ((PHONE, 110), (DESK, 40)):
            async with tab(browser, url, viewport=window) as one:
                heights = await one.evaluate(
                    "[...document.querySelectorAll('.fleet tbody tr')]"
                    ".map(each => each.getBoundingClientRect().height)"
                )
                assert len(heights) == 50
                assert max(heights) < most


@pytest.mark.parametrize("window", [PHONE, DESK], ids=["phone", "desk"])
async def test_a_target_of_a_fleet_is_found_by_search_state_and_page(
    browser: Browser, window: dict[str, int]
) -> None:
    async with serving_fleet(1000) as url, tab(browser, url, viewport=window) as one:
        page = one.page
        table = page.get_by_role("region", name="Targets")
        await page.get_by_role("link", name="Next", exact=True).click()
        await expect(page.get_by_role("link", name="Page 2 of 20")).to_have_attribute(
            "aria-current", "page"
        )
        await (
            page.get_by_role("navigation", name="By state")
            .get_by_role("link", name="Failing 11")
            .click()
        )
        await expect(page.get_by_role("status")).to_contain_text("11 of 1,000 match.")
        await page.get_by_role("searchbox", name="Search targets").fill("SITE-98")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("1 of 1,000 match.")
        await expect(table.get_by_role("rowheader")).to_have_text("site-983")
        await page.get_by_role("link", name="site-983").click()
        await expect(page.get_by_role("heading", level=2).first).to_contain_text("site-983")
        await expect(page.locator("main")).to_contain_text("permission denied")
        await page.get_by_role("link", name="All targets").click()
        await expect(table.get_by_role("rowheader")).to_have_count(50)


async def test_a_keyboard_reaches_every_row_of_a_fleet(browser: Browser) -> None:
    failing = [f"site-{n}" for n in range(500) if state_of(n) == "failing"]
    async with serving_fleet(500) as url, tab(browser, f"{url}/?state=failing") as one:
        await one.page.get_by_role("searchbox").focus()
        reached = []
        for _ in range(1 + len(failing)):
            await one.page.keyboard.press("Tab")
            reached.append(await one.evaluate("document.activeElement.textContent"))
            outline = await one.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
        assert reached == ["Search", *failing]
