"""The platforms that are polled for weeks, and what an observer knows of each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from exporter.simulator import Cloud, Session
from exporter.simulator import accounts as simulated

from .clock import Clock

INTERVAL: Final = 60.0
TIMEOUT: Final = 25.0
STALE_AFTER: Final = 180.0

AUDITOR: Final = simulated.Account("auditor", "auditor's own", uuid="a" * 32)
"""The observer that compares has a session of its own."""


class Sessions(dict[str, Session]):
    """The platform's sessions; `most` is how many of its administrator lived at one time."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.most = 0

    @override
    def __setitem__(self, uuid: str, session: Session) -> None:
        super().__setitem__(uuid, session)
        self.most = max(self.most, self.living)

    @property
    def living(self) -> int:
        now = self._clock.true()
        return sum(
            each.expires > now and each.account.uuid != AUDITOR.uuid for each in self.values()
        )


@dataclass(eq=False)
class Platform:
    """A platform; `phase` is when its ticks began, `ticks_before` how many there were until then.

    `calm_since` is when its last trouble ended, None while there is any; `failing_since` is when
    trouble began that no poll can survive. All in seconds of the clock's `elapsed`.
    """

    name: str
    cloud: Cloud
    clock: Clock
    secret_file: Path
    credentials: dict[str, Any]
    url: str = ""
    phase: float = 0.0
    ticks_before: int = 0
    calm_since: float | None = 0.0
    failing_since: float | None = None
    _trouble: asyncio.Lock = field(default_factory=asyncio.Lock)
    sessions: Sessions = field(init=False)

    def __post_init__(self) -> None:
        self.cloud.sessions = self.sessions = Sessions(self.clock)
        self.cloud.accounts[AUDITOR.name] = AUDITOR

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "interval": INTERVAL,
            "timeout": TIMEOUT,
            "stale_after": STALE_AFTER,
            "max_response_bytes": "1MiB",
            **self.credentials,
        }

    @property
    def ticks(self) -> int:
        """How many polls have been due until now."""
        return self.ticks_before + int((self.clock.elapsed - self.phase) // INTERVAL) + 1

    @property
    def last_tick(self) -> float:
        return self.phase + (self.clock.elapsed - self.phase) // INTERVAL * INTERVAL

    @property
    def calm(self) -> bool:
        """Whether the last poll, an interval early at most, began when no trouble was left."""
        return self.calm_since is not None and self.last_tick - INTERVAL > self.calm_since

    def begun_anew(self) -> None:
        """The exporter has begun to poll it again, just now."""
        self.ticks_before, self.phase = self.ticks, self.clock.elapsed

    @asynccontextmanager
    async def trouble(self, *, fatal: bool) -> AsyncIterator[None]:
        """Polls may fail until the block ends; all do if it is fatal. One trouble at a time."""
        async with self._trouble:
            self.calm_since = None
            self.failing_since = self.clock.elapsed if fatal else None
            try:
                yield
            finally:
                self.failing_since = None
                self.calm_since = self.clock.elapsed

    def write_secret(self, secret: str) -> None:
        """As a careful tool changes a secret's file: all of it at once."""
        fresh = self.secret_file.with_suffix(".new")
        fresh.write_text(secret + "\n", encoding="utf-8")
        fresh.replace(self.secret_file)

    def change_secret(self, secret: str) -> None:
        """The platform takes this one from now on, and no other."""
        for name, account in self.cloud.accounts.items():
            if account.uuid == simulated.ADMIN_UUID:
                self.cloud.accounts[name] = simulated.Account(name, secret)
        for key in self.cloud.access_keys.values():
            self.cloud.access_keys[key.id] = simulated.AccessKey(key.id, secret, key.account)
