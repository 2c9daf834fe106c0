"""One cell of the matrix: a platform with a fault, and what its exporter must show."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from typing_extensions import override

from exporter.simulator import Account, Cloud
from tests.support.exporting import PATIENCE, Exporter, Samples, exporting, is_down, is_up, polls

from .expected import Row
from .situations import PAGE_SIZE, SERVICES, Identity, Lasting, Phase, Situation

INTERVAL: Final = 0.4
TLS_INTERVAL: Final = 1.0
"""Longer, as each request has a handshake of its own, and they are what takes time."""

INTERVALS_UNTIL_STALE: Final = 4
DEADLINE: Final = 20.0
SHORT_DEADLINE: Final = 4.0
"""For a poll, where the trouble is that it takes for ever."""

CAP: Final = 1 << 19
"""Bytes of an answer."""

ASKING: Final = 0.15
"""Seconds between two looks at a page."""

_SHOWN: Final = "zstack_model_services_reported"
_DATES: Final = "zstack_model_service_created_timestamp_seconds"


class Trouble(Protocol):
    """What goes wrong, and when."""

    def begin(self) -> None: ...

    def end(self) -> None: ...

    @property
    def struck(self) -> int:
        """How many requests it has met."""


@dataclass(eq=False)
class Scenario:
    """A target `name` of the exporter, whose platform is `cloud`."""

    name: str
    kind: str
    situation: Situation
    row: Row
    trouble: Trouble
    cloud: Cloud
    secret: Path
    authority: Path | None = None
    """The certificates that it trusts, where the platform speaks TLS."""

    def __post_init__(self) -> None:
        self._looked_at = 0.0
        self.expected = self.row.outcome(self.situation)
        self._write_secret("password")

    @override
    def __str__(self) -> str:
        return f"{self.kind} at {self.situation}"

    @property
    def interval(self) -> float:
        return TLS_INTERVAL if self.authority else INTERVAL

    @property
    def stale_after(self) -> float:
        return INTERVALS_UNTIL_STALE * self.interval

    def settings(self, url: str) -> dict[str, Any]:
        """Of the target."""
        slow = self.row.met(self.situation).reason == "timeout"
        return {
            "url": url,
            "interval": self.interval,
            "timeout": SHORT_DEADLINE if slow else DEADLINE,
            "stale_after": self.stale_after,
            "page_size": PAGE_SIZE,
            "max_response_bytes": CAP,
            **({"ca_file": str(self.authority)} if self.authority else {}),
            **self._credentials(),
        }

    async def run(self, exporter: Exporter) -> None:
        """Raises AssertionError where the exporter is not right."""
        if self.situation.phase is Phase.ZONE:
            await self._at_the_zone(exporter)
        else:
            await self._until(exporter, is_up, "it never came up")
            self._strike()
            await self._in_trouble(exporter)
        self.trouble.end()
        await self._recovered(exporter)

    def _strike(self) -> None:
        """From now on, there is trouble, and the exporter gets to it."""
        self.trouble.begin()
        if self.situation.phase is Phase.LOGIN:
            self.cloud.sessions.clear()
        if self.situation.phase is Phase.LOG_OUT:
            self._change_secret("another password")

    async def _in_trouble(self, exporter: Exporter) -> None:
        if self.situation.lasting is Lasting.ONCE:
            await self._once(exporter)
        elif self.expected.is_fine:
            await self._struck(exporter, 2)
            page = await self._next_polls(exporter, 2)
            assert is_up(page), _why(page)
        else:
            page = await self._until(exporter, is_down, "it never failed")
            self._assert_reported(page)
            await self._until(exporter, lambda page: _SHOWN not in page.names, "never stale")
        await self._assert_alive(exporter)

    async def _once(self, exporter: Exporter) -> None:
        """Trouble for one request costs at most the poll that meets it."""
        before = _failures(await self._look(exporter))
        await self._struck(exporter, 1)
        page = await self._next_polls(exporter, 2)
        failed = _failures(page) - before
        if self.expected.is_fine:
            # a secret that changes during a poll may be the end of it
            allowed = 1 if self.situation.phase is Phase.LOG_OUT else 0
            assert failed <= allowed, f"{failed:g} polls failed: {_why(page)}"
        elif not self.expected.refuses:
            # a login that a list after the services asks for fails that list, not the poll
            least = 0 if self.situation.phase is Phase.LOGIN else 1
            most = 2 if self._waits_for_login else 1
            assert least <= failed <= most, f"{failed:g} failed"
            labels = {"reason": self.expected.reason, "code": self.expected.code}
            assert list(page.all("zstack_api_error", **labels)), _why(page)

    async def _at_the_zone(self, exporter: Exporter) -> None:
        """The zone is looked up in the first poll: there the trouble is from the beginning."""
        if not self.expected.is_fine:
            self._assert_reported(await self._until(exporter, is_down, "it never failed"))
            return
        await self._until(exporter, is_up, "it never came up")
        assert self.trouble.struck
        await self._assert_alive(exporter)

    async def _recovered(self, exporter: Exporter) -> None:
        if self.expected.refuses:
            await self._still_refused(exporter)
            self._change_secret("yet another password")
            page = await self._until(exporter, is_up, "new credentials were not tried")
        elif self._looks_contended:
            self._change_secret("yet another password")
            page = await self._until(exporter, is_up, "new credentials were not tried")
        elif self._waits_for_login:
            page = await self._until(exporter, is_up, "it never got over the login")
        else:
            page = await self._next_polls(exporter, 2)  # one of them has begun since
            assert is_up(page), f"no recovery: {_why(page)}"
        assert not [value for _, value in page.all("zstack_api_error") if value], _why(page)
        page = await self._until(exporter, lambda page: _SHOWN in page.names, "nothing is shown")
        assert _uuids(page) == {*self.cloud.estate}
        # An unsupported one is asked again much later.
        if self.row.met(self.situation).reason != "unsupported":
            await self._until(exporter, lambda page: _DATES in page.names, "dates stay away")
        self.cloud.sessions.clear()  # nothing that was learnt in trouble stands in the way later
        page = await self._next_polls(exporter, 2)
        assert is_up(page), f"it does not log in any more: {_why(page)}"

    async def _still_refused(self, exporter: Exporter) -> None:
        """Refused credentials are not shown again, so that no account is locked."""
        asked = self.cloud.operations.copy()
        page = await self._next_polls(exporter, 3)
        assert is_down(page)
        assert self.cloud.operations == asked, "refused credentials were shown again"

    def _assert_reported(self, page: Samples) -> None:
        failing = [of for of, value in page.all("zstack_api_error") if value]
        reported = [(of["reason"], of["code"]) for of in failing]
        assert reported == [(self.expected.reason, self.expected.code)], _why(page)
        operations = {self.situation.rule["operation"], Phase.EVERY.rule["operation"]}
        assert failing[0]["operation"] in operations

    async def _assert_alive(self, exporter: Exporter) -> None:
        assert await exporter.text("/-/healthy") == "healthy\n"

    async def _struck(self, exporter: Exporter, times: int) -> None:
        """Wait until the trouble was met, where it ever is."""
        if self.situation.is_reached:
            enough = 1 if self.situation.phase is Phase.LOG_OUT or self._ends_by_success else times
            await self._until(
                exporter, lambda _: self.trouble.struck >= enough, "the trouble was never met"
            )
        else:
            await self._next_polls(exporter, 2)
            assert not self.trouble.struck

    @property
    def _looks_contended(self) -> bool:
        """Sessions that serve and end at once look like another login: then it backs off."""
        served = self.situation.phase in {Phase.MIDDLE, Phase.LAST}
        account = self.situation.identity is Identity.ACCOUNT
        lasting = self.situation.lasting is Lasting.LASTING
        return served and account and lasting and self.row.met(self.situation).renews

    @property
    def _waits_for_login(self) -> bool:
        """A login that may have arrived is waited for until it is given up."""
        return self.situation.phase is Phase.LOGIN and self.expected.reason == "timeout"

    @property
    def _ends_by_success(self) -> bool:
        """Whether a success is the end of it: a session is opened once, a zone learnt once."""
        return self.situation.phase is Phase.LOGIN and self.expected.is_fine

    async def _next_polls(self, exporter: Exporter, number: int) -> Samples:
        polled = polls(await self._look(exporter))
        return await self._until(
            exporter, lambda page: polls(page) >= polled + number, "it polls no more"
        )

    async def _until(
        self, exporter: Exporter, holds: Callable[[Samples], object], missing: str
    ) -> Samples:
        until = time.monotonic() + PATIENCE
        while not holds(page := await self._look(exporter)):
            assert time.monotonic() < until, f"{missing}: {_why(page)}"
            await asyncio.sleep(ASKING)
        return page

    async def _look(self, exporter: Exporter) -> Samples:
        """The page of the target; on every one that is seen, the inventory is fresh and whole."""
        before = time.time()
        page = await exporter.scrape(f"/probe?target={self.name}")
        after = time.time()
        succeeded = page.value("zstack_poll_last_success_timestamp_seconds")
        if _SHOWN in page.names:
            assert succeeded is not None
            assert before <= succeeded + self.stale_after + 0.01, "stale data is shown"
            if succeeded != self._looked_at:
                self._assert_whole(page)
            self._looked_at = succeeded
        elif succeeded is not None:
            assert after >= succeeded + self.stale_after - 0.01, "fresh data is withheld"
        return page

    def _assert_whole(self, page: Samples) -> None:
        shown = _uuids(page)
        assert len(shown) == page.total("zstack_model_services")
        reported = page.value(_SHOWN)
        bad_records = 1
        assert reported is not None
        assert reported - bad_records <= len(shown) <= reported, f"{len(shown)} of {reported}"
        assert SERVICES - 1 <= reported <= SERVICES

    def _credentials(self) -> dict[str, str]:
        if self.situation.identity is Identity.ACCOUNT:
            return {"account": "admin", "password_file": str(self.secret)}
        [key] = self.cloud.access_keys.values()
        return {"access_key_id": key.id, "access_key_secret_file": str(self.secret)}

    def _change_secret(self, secret: str) -> None:
        self.cloud.accounts["admin"] = Account("admin", secret)
        self._write_secret(secret)

    def _write_secret(self, secret: str) -> None:
        for name, key in self.cloud.access_keys.items():
            self.cloud.access_keys[name] = replace(key, secret=secret)
        written = self.secret.with_suffix(".new")
        written.write_text(secret)
        written.replace(self.secret)


async def run_all(scenarios: Mapping[str, Scenario]) -> str:
    """What was not right, by scenario; the keys are the platforms' URLs.

    One exporter has them all for its targets, so that none may be in another's way.
    """
    targets = {scenario.name: scenario.settings(url) for url, scenario in scenarios.items()}
    async with exporting(targets=targets) as exporter:
        wrong = await asyncio.gather(*(_wrong(each, exporter) for each in scenarios.values()))
    return "\n".join((*filter(None, wrong), *_left_open(scenarios.values())))


async def _wrong(scenario: Scenario, exporter: Exporter) -> str:
    try:
        await scenario.run(exporter)
    except AssertionError as error:
        return f"{scenario}: {error}"
    return ""


def _left_open(scenarios: Iterable[Scenario]) -> Iterator[str]:
    """Scenarios after which a session stays open that the exporter knows of."""
    lost = {Phase.LOGIN, Phase.LOG_OUT}  # whose answer was lost, or which could not be ended
    for scenario in scenarios:
        situation = scenario.situation
        known = situation.phase not in lost and not scenario.row.met(situation).renews
        if known and scenario.cloud.sessions:
            yield f"{scenario}: a session is left open"


def _failures(page: Samples) -> float:
    return page.total("zstack_polls_total", outcome="failure")


def _uuids(page: Samples) -> set[str]:
    return {of["uuid"] for of, _ in page.all("zstack_model_service_info")}


def _why(page: Samples) -> str:
    shown = [f"{of} {value}" for of, value in page.all("zstack_api_error")]
    return f"up {page.value('zstack_up')}, polls {polls(page):g}, errors {shown}"
