"""Lists that are polled after the model services, in what is left of the poll's time.

Each stands for itself: its failure makes its own data stale, and costs neither the services' poll
its success nor another list its turn.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic

import structlog

from exporter.metrics.lines import Blocks
from exporter.state.lists import ListState
from exporter.state.reduction import F, Found
from exporter.zstack import DeadlineError, Operation, ZStackError, clock
from exporter.zstack.errors import DeniedError, UnsupportedError

from .failures import is_of_identity, is_of_platform, log_failure, without_past
from .fetcher import Fetched

log = structlog.get_logger(__name__)

ASKED_AGAIN_SECONDS: Final = 3600.0
"""After which a platform is asked again for a list that it refused or lacked."""

REFUSALS: Final = (DeniedError, UnsupportedError)
"""What leaves a list out that is not demanded."""

States = Mapping[str, ListState[Found]]


@dataclass(frozen=True, slots=True)
class Moment:
    """The poll that asks: when it began, by the wall and by `clock.now`, and when it has to end.

    `ends` is of `clock.now`; what was read may be shown until `good_until`, of the same.
    """

    began_at: float
    ends: float
    good_until: float


@dataclass(frozen=True, slots=True)
class Polled:
    """The lists after a poll; `read` are those that it read, with the lines of their records."""

    states: States = field(default_factory=dict)
    read: Sequence[Fetched[Found]] = ()

    @property
    def errors(self) -> Sequence[ZStackError]:
        """Why lists were not read."""
        return [state.error for state in self.states.values() if state.error is not None]

    @property
    def lines(self) -> Blocks:
        return {name: blocks for each in self.read for name, blocks in each.lines.items()}


class FurtherList(Generic[F]):
    """One list. A platform that refuses it or lacks it is left alone for an hour.

    Where the list is `demanded`, or has been read once, that is a failure like any other.
    `setting` is where an operator chooses.
    """

    def __init__(
        self,
        target: str,
        name: str,
        operation: Operation,
        fetch: Callable[[], Awaitable[Fetched[F]]],
        *,
        demanded: bool,
        setting: str,
    ) -> None:
        self.name = name
        self.setting = setting
        self._operation = operation
        self._fetch = fetch
        self._demanded = demanded
        self._asked_again_at = 0.0
        self._log = log.bind(target=target)

    async def poll(
        self, before: ListState[F], moment: Moment, seconds: float
    ) -> tuple[ListState[F], Fetched[F] | None]:
        """The list after this poll, which gives it so many seconds."""
        if before.left_out is not None and clock.now() < self._asked_again_at:
            return before, None
        try:
            fetched = await self._fetch_within(seconds)
        except ZStackError as error:
            return self._failed(before, without_past(error)), None
        if before.error is not None or before.left_out is not None:
            self._log.info("the list is read again", operation=self._operation.name)
        return ListState(fetched.found, moment.began_at, moment.good_until), fetched

    async def _fetch_within(self, seconds: float) -> Fetched[F]:
        try:
            async with asyncio.timeout(seconds):
                return await self._fetch()
        except TimeoutError as error:
            message = f"not done within the {seconds:.3g} seconds that the poll had left for it"
            raise DeadlineError(message, self._operation) from error

    def _failed(self, before: ListState[F], error: ZStackError) -> ListState[F]:
        if isinstance(error, REFUSALS) and not self._demanded and before.found is None:
            return self._left_out(error)
        event = "a list could not be read"
        log_failure(event, before.error, error, self._log.warning, self._log.debug)
        return before.failed(error)

    def _left_out(self, error: ZStackError) -> ListState[F]:
        self._asked_again_at = clock.now() + ASKED_AGAIN_SECONDS
        return ListState(left_out=error)


class FurtherLists:
    """All lists of one target but the model services, in the order in which they are polled."""

    def __init__(self, target: str = "", lists: Sequence[FurtherList[Any]] = ()) -> None:
        self._lists = lists
        self._log = log.bind(target=target)

    async def poll(
        self, before: States, moment: Moment, services_failed: ZStackError | None
    ) -> Polled:
        """Poll each; none, if the services failed in a way that leaves nothing to ask for.

        A list gets its share of the time that is left, so that a slow one takes none from others.
        """
        if services_failed is not None and is_of_platform(services_failed):
            return self.failed(before, services_failed)
        states: dict[str, ListState[Found]] = {}
        read: list[Fetched[Found]] = []
        for left, each in zip(range(len(self._lists), 0, -1), self._lists, strict=True):
            seconds = max(0.0, moment.ends - clock.now()) / left
            known = before.get(each.name, ListState())
            states[each.name], fetched = await each.poll(known, moment, seconds)
            if fetched is not None:
                read.append(fetched)
            elif (error := states[each.name].error) is not None and is_of_identity(error):
                # Asking on would only meet it again, and log it for each list.
                states = {**self.failed(before, error).states, **states}
                break
        self._log_left_out(before, states)
        return Polled(states, read)

    def failed(self, before: States, error: ZStackError) -> Polled:
        """None was read, for this reason; one that is left out stays so."""
        known = {each.name: before.get(each.name, ListState()) for each in self._lists}
        return Polled(
            {
                name: state if state.left_out is not None else state.failed(error)
                for name, state in known.items()
            }
        )

    def _log_left_out(self, before: States, now: States) -> None:
        """One line for all lists that are left out from this poll on."""
        known = {name for name, state in before.items() if state.left_out is not None}
        new = [each for each in self._lists if each.name not in known]
        left_out = {each.setting: error for each in new if (error := now[each.name].left_out)}
        if not left_out:
            return
        settings = " and ".join(left_out)
        self._log.info(
            "left out: the platform refuses it or lacks it",
            operation=",".join(error.operation.name for error in left_out.values()),
            reason=",".join(dict.fromkeys(error.reason for error in left_out.values())),
            error="; ".join(map(str, left_out.values())),
            hint=f"set {settings} to true where it has to be there, to false not to ask",
        )
