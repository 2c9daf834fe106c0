"""Two exporters with one account, at a platform that allows an account one session."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from exporter.daemon import logs
from exporter.simulator import Cloud, serving
from tests.support.exporting import Exporter, Samples, exporting, is_up, logins, target

HINT = "give the exporter an access key or an account of its own"


@asynccontextmanager
async def replicas(cloud: Cloud) -> AsyncIterator[tuple[Exporter, Exporter]]:
    """Two equal exporters with a name each in the log."""
    async with (
        serving(cloud) as url,
        exporting(targets={"a": target(url)}) as one,
        exporting(targets={"b": target(url)}) as other,
    ):
        yield one, other


def is_thrown_out(page: Samples) -> bool:
    """Whichever list met the end of the session: it stays the operation until the back-off ends."""
    errors = page.all("zstack_api_error", reason="unauthorized", code="ID.1001")
    return not is_up(page) and any(value == 1 for _, value in errors)


async def loser_and_winner(one: Exporter, other: Exporter) -> tuple[Exporter, Exporter]:
    """The one whose polls fail, as its logins were ended, and the one that goes on."""
    while True:
        for loser, winner in ((one, other), (other, one)):
            error = json.loads(await loser.text("/api/v1/status"))["targets"][0]["error"]
            if error is not None and "no login for" in error["message"]:
                return loser, winner


async def test_one_of_two_replicas_goes_on_and_the_other_backs_off() -> None:
    cloud = Cloud(services=5, unique_session=True)
    async with replicas(cloud) as (one, other):
        loser, winner = await loser_and_winner(one, other)
        before = logins(cloud)
        page = await winner.next_polls(10)
        assert (is_up(page), page.value("zstack_model_services_reported")) == (True, 5)
        assert is_thrown_out(await loser.next_polls(10))
        assert logins(cloud) <= before + 1  # the one that may have been under way
        assert len(cloud.sessions) == 1


async def test_the_status_page_names_the_cause_and_the_hint() -> None:
    async with replicas(Cloud(services=5, unique_session=True)) as (one, other):
        loser, _ = await loser_and_winner(one, other)
        error = json.loads(await loser.text("/api/v1/status"))["targets"][0]["error"]
        page = await loser.text("/")

    assert (error["reason"], error["code"]) == ("unauthorized", "ID.1001")
    assert "somebody else logs in with this account" in error["message"]
    assert error["fix"].startswith(HINT)
    assert HINT.removeprefix("give") in page


async def test_the_cause_is_logged_once_where_polls_begin_to_fail(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("info", "logfmt")
    async with replicas(Cloud(services=5, unique_session=True)) as (one, other):
        loser, _ = await loser_and_winner(one, other)
        await loser.next_polls(10)
    failed = [line for line in capsys.readouterr().err.splitlines() if 'msg="poll failed"' in line]
    lines = [line for line in failed if "no login for" in line]

    assert len(lines) == 1
    assert "reason=unauthorized code=ID.1001" in lines[0]
    assert HINT in lines[0]


async def test_replicas_with_a_session_each_do_not_disturb_each_other() -> None:
    cloud = Cloud(services=5)
    async with replicas(cloud) as (one, other):
        for exporter in (one, other):
            await exporter.until(is_up)
            assert is_up(await exporter.next_polls(10))
        assert logins(cloud) == 2
