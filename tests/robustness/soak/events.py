"""What befalls the platforms, the secrets and the clock in those weeks; the seed decides."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from exporter.simulator import PROFILES, Fault

from .clock import Clock
from .platforms import TIMEOUT, Platform

MINUTE: Final = 60.0
HOUR: Final = 60
DAY: Final = 24 * HOUR

QUERY: Final = "QueryModelService"

FATAL: Final[Sequence[Callable[[], Fault]]] = (
    lambda: Fault.error("SYS.1000", "Could not open JPA EntityManager", operation=QUERY),
    lambda: Fault.error("ID.1002", "permission denied", operation=QUERY),
    lambda: Fault.error("LICENSE.1000", "license expired", operation=QUERY),
    lambda: Fault.slow(2 * TIMEOUT, operation=QUERY),
    lambda: Fault.oversize(4 << 20),
    Fault.hang,
    Fault.html,
    Fault.not_ready,
    Fault.rate_limited,
    Fault.reset,
    Fault.reset_midway,
    Fault.truncated,
    Fault.unsupported,
    Fault.wrong_total,
)
"""No poll survives these."""

BEARABLE: Final[Sequence[Callable[[], Fault]]] = (
    lambda: Fault.slow(3.0, operation=QUERY),
    lambda: Fault.capped(10),
    Fault.duplicated,
    Fault.hostile,
    Fault.without_uuid,
    Fault.wrong_types,
)
"""With these it may bring something, if not all."""

STEPS: Final = (-86_400.0, -3600.0, -5.0, 5.0, 90.0, 3600.0, 86_400.0)
"""Seconds by which the machine's clock has been seen to step."""


@dataclass(frozen=True, slots=True)
class _Habit:
    """Happens every so many minutes, from the first one on."""

    first: int
    every: int
    happen: Callable[[], Coroutine[None, None, None]]


class Events:
    """All that happens, minute by minute. `reload` has the exporter read its settings anew."""

    def __init__(
        self,
        by_account: Platform,
        by_key: Platform,
        clock: Clock,
        reload: Callable[[], None],
        seed: int,
    ) -> None:
        self._by_account = by_account
        self._by_key = by_key
        self._platforms = (by_account, by_key)
        self._clock = clock
        self._reload = reload
        self._random = Random(seed)
        self.counts: Counter[str] = Counter()
        self._habits = (
            _Habit(1, 7, self._estate_lives),
            _Habit(50, 97, self._fault),
            _Habit(150, 3 * HOUR, self._sessions_end),
            _Habit(200, 7 * DAY, self._long_outage),
            _Habit(430, 6 * HOUR, self._secret_rotates),
            _Habit(500, 8 * HOUR, self._clock_steps),
            _Habit(700, DAY, self._reloaded),
            _Habit(800, DAY, self._upgrade),
            _Habit(1300, 3 * DAY, self._secret_rotates_too_early),
        )

    async def live(self) -> None:
        """Never ends; in each minute at a time without a poll or a look."""
        async with asyncio.TaskGroup() as tasks:
            minute = 0
            await asyncio.sleep(0.75 * MINUTE - self._clock.elapsed)
            while True:
                for habit in self._habits:
                    if minute >= habit.first and (minute - habit.first) % habit.every == 0:
                        tasks.create_task(habit.happen())
                await asyncio.sleep(MINUTE)
                minute += 1

    async def _estate_lives(self) -> None:
        platform = self._random.choice(self._platforms)
        platform.cloud.evolve()
        self.counts["changes of an estate"] += 1

    async def _fault(self) -> None:
        platform = self._random.choice(self._platforms)
        fatal = self._random.random() < len(FATAL) / (len(FATAL) + len(BEARABLE))
        fault = self._random.choice(FATAL if fatal else BEARABLE)()
        minutes = self._random.randint(1, 25)
        async with platform.trouble(fatal=fatal):
            platform.cloud.faults.append(fault)
            await asyncio.sleep(minutes * MINUTE)
            platform.cloud.faults.remove(fault)
        self.counts["faults"] += 1

    async def _sessions_end(self) -> None:
        self._by_account.sessions.clear()
        self.counts["sessions ended"] += 1

    async def _long_outage(self) -> None:
        """Longer than a session lives."""
        for platform in self._platforms:
            async with platform.trouble(fatal=True):
                fault = Fault.hang()
                platform.cloud.faults.append(fault)
                await asyncio.sleep(3 * HOUR * MINUTE)
                platform.cloud.faults.remove(fault)
            self.counts["outages of three hours"] += 1

    async def _secret_rotates(self) -> None:
        """The platform first, the file a little later, as a careful operator does."""
        for platform in self._platforms:
            secret, minutes = self._secret(), self._random.choice((0, 1, 10))
            async with platform.trouble(fatal=False):
                platform.change_secret(secret)
                await asyncio.sleep(minutes * MINUTE)
                platform.write_secret(secret)
            self.counts["secrets rotated"] += 1

    async def _secret_rotates_too_early(self) -> None:
        """The file first: refused once, and then not tried until a reload."""
        platform, secret = self._by_account, self._secret()
        async with platform.trouble(fatal=True):
            platform.write_secret(secret)
            await asyncio.sleep(5 * MINUTE)
            platform.change_secret(secret)
            await asyncio.sleep(5 * MINUTE + 5)  # never while an estate changes
            self._reload()
            platform.begun_anew()
        self.counts["secrets rotated too early"] += 1

    async def _clock_steps(self) -> None:
        """Wrong for half an hour; the platform's clock is not."""
        async with self._by_key.trouble(fatal=False):
            self._clock.error += self._random.choice(STEPS)
            await asyncio.sleep(30 * MINUTE)
            self._clock.error = 0.0
        self.counts["steps of the clock"] += 2

    async def _reloaded(self) -> None:
        """With nothing changed, which must change nothing."""
        if all(platform.calm for platform in self._platforms):
            self._reload()
            self.counts["reloads"] += 1

    async def _upgrade(self) -> None:
        """The platform restarts as the next release; after the last one an old one is restored."""
        for platform in self._platforms:
            async with platform.trouble(fatal=True):
                cloud = platform.cloud
                cloud.ready = False
                await asyncio.sleep(5 * MINUTE)
                cloud.profile = PROFILES[(PROFILES.index(cloud.profile) + 1) % len(PROFILES)]
                cloud.sessions.clear()
                cloud.ready = True
            self.counts["upgrades and restores"] += 1

    def _secret(self) -> str:
        return f"{self._random.getrandbits(128):032x}"
