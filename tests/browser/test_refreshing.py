"""What the status page's script does for a reader, and what is left where there is none."""

import re
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, expect

from exporter.simulator import Cloud, Fault, serving
from tests.support.exporting import exporting, is_down, is_up, target
from tests.support.fleet import serving_fleet

from .chromium import tab

# One loop for all: the browser lives in it.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SECONDS: Final = 16
"""A little more than from one refresh to the next."""


async def pass_seconds(page: Page, seconds: int = SECONDS) -> None:
    await page.clock.run_for(seconds * 1000)


async def test_times_are_in_the_readers_zone_and_without_a_script_in_utc(browser: Browser) -> None:
    async with serving_fleet(12) as url:
        zone: dict[str, Any] = {"timezone_id": "Asia/Shanghai"}
        async with tab(browser, f"{url}/?target=site-1", **zone) as one:
            shown = one.page.locator("main p time").first
            await expect(shown).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d [\d:]{8} \+08:00$"))
            utc = await shown.get_attribute("datetime")
            assert utc is not None
            local = await shown.inner_text()
            assert (int(local[11:13]) - int(utc[11:13])) % 24 == 8
            titles = await one.page.locator("svg g title").all_inner_texts()
            texts = await one.evaluate(
                "[...document.querySelectorAll('svg g title')].map(each => each.textContent)"
            )
            assert len(texts) == len(titles) == 50
            assert all(re.match(r"[\d:]{8} \+08:00: ", text) for text in texts)
        async with tab(browser, url, **zone, java_script_enabled=False) as one:
            await expect(one.page.locator("main p time").first).to_have_text(re.compile("UTC$"))
            await expect(one.page.get_by_role("checkbox")).to_be_hidden()


async def test_without_a_script_a_link_loads_the_same_again(browser: Browser) -> None:
    async with (
        serving_fleet(100) as url,
        tab(browser, f"{url}/?search=site-1&lang=en", java_script_enabled=False) as one,
    ):
        await one.page.get_by_role("link", name="Refresh").click()
        await expect(one.page.get_by_role("searchbox")).to_have_value("site-1")
        assert one.page.url == f"{url}/?lang=en&search=site-1"


async def test_it_refreshes_and_keeps_the_place_the_focus_and_what_is_unfolded(
    browser: Browser,
) -> None:
    good, other = Cloud(services=120), Cloud(services=40)
    async with serving(good) as a, serving(other) as b:
        targets = {"good": target(a), "other": target(b)}
        async with exporting(targets=targets) as exporter:
            for name in targets:
                await exporter.until(is_up, f"/probe?target={name}")
            async with tab(browser, exporter.url("/"), clock=True) as one:
                page = one.page
                await page.get_by_text("Data and polls").last.click()
                await page.get_by_role("link", name="Framework").focus()
                await one.evaluate("window.scrollTo(0, 900)")
                place = await one.evaluate("scrollY")
                other.faults.append(Fault.error("SYS.1000", operation="QueryModelService"))
                await exporter.until(is_down, "/probe?target=other")
                await pass_seconds(page)
                await expect(page).to_have_title("1 failing · ZStack AIOS exporter")
                await expect(page.locator(".summary")).to_contain_text("1 up, 1 failing")
                assert await one.evaluate("scrollY") == place
                focused = await one.evaluate("document.activeElement.textContent")
                assert focused == "Framework"
                opened = page.locator("details[open]")
                await expect(opened).to_have_count(1)
                assert await opened.get_attribute("data-key") == "other"


async def test_it_does_not_refresh_while_that_would_be_in_the_way(browser: Browser) -> None:
    async with serving_fleet(100) as url, tab(browser, url, clock=True) as one:
        page = one.page
        asked = len(one.requests)
        search = page.get_by_role("searchbox")
        # Each begins before the one before it ends: at no moment is a refresh welcome.
        await search.fill("site")
        await pass_seconds(page)
        await hide(page, hidden=True)
        await search.fill("")
        await search.blur()
        await pass_seconds(page)
        await one.evaluate("getSelection().selectAllChildren(document.querySelector('.summary'))")
        await hide(page, hidden=False)
        await pass_seconds(page)
        await one.evaluate("document.querySelector('#refresh').click()")
        await one.evaluate("getSelection().removeAllRanges()")
        await pass_seconds(page)
        assert len(one.requests) == asked
        async with page.expect_response(re.compile("/$")):
            await page.get_by_role("checkbox", name="refresh every 15 s").check()
            await pass_seconds(page)


async def test_a_refresh_that_was_turned_off_stays_off_on_the_next_page(browser: Browser) -> None:
    async with serving_fleet(100) as url, tab(browser, url) as one:
        box = one.page.get_by_role("checkbox", name="refresh every 15 s")
        await expect(box).to_be_checked()
        await box.uncheck()
        await one.page.get_by_role("link", name="Next", exact=True).click()
        await expect(one.page.get_by_role("link", name="Page 2 of 2")).to_be_visible()
        await expect(box).not_to_be_checked()


async def hide(page: Page, *, hidden: bool) -> None:
    """As if the reader had gone to another tab, or come back."""
    await page.evaluate(
        "hidden => Object.defineProperty("
        "document, 'hidden', {configurable: true, get: () => hidden})",
        hidden,
    )


async def test_an_exporter_that_does_not_answer_is_no_fresh_page(browser: Browser) -> None:
    async with serving_fleet(3) as url:
        served = tab(browser, url, clock=True)
        one = await served.__aenter__()
    await pass_seconds(one.page)
    warning = one.page.get_by_role("alert")
    await expect(warning).to_have_text(
        "This page could not be refreshed: no answer from the exporter."
    )
    await expect(one.page.locator(".summary")).to_contain_text("3 targets")
    one.complaints.clear()
    await served.__aexit__(None, None, None)


async def test_no_text_can_become_a_script(browser: Browser) -> None:
    async with serving_fleet(1) as url, tab(browser, url) as one:
        refused = await one.evaluate(
            """() => {
              const tries = [
                () => { document.body.innerHTML = '<b>x</b>'; },
                () => { document.createElement('script').text = '1'; },
              ];
              const tried = one => { try { one(); return 'done'; } catch { return 'refused'; } };
              return tries.map(tried);
            }"""
        )
        assert refused == ["refused"] * 2
        one.complaints.clear()
