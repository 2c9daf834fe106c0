"""Snapshot: what is known of one target after a poll, good or bad; immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .inventory import Inventory
from .zstack import PollError, ZStackError

ErrorLabels = tuple[str, str, str]
"""Operation, reason and code of an API error."""


POLLS_KEPT: Final = 50
"""The last polls that a snapshot remembers: nearly an hour at the usual interval."""


class UnpublishableError(PollError):
    """A snapshot that cannot be made into a page; the page before it stays."""

    reason = "malformed"


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll that has ended: when it began (Unix time), and how long the platform took.

    `services` is None where it failed; `reason` and `code` are then those of the error, and empty
    otherwise. `skipped` ticks had passed unused before it, as the poll before took so long.
    """

    at: float
    seconds: float
    services: int | None
    reason: str = ""
    code: str = ""
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of one target. Instants with `_at` are Unix time; `good_until` is monotonic.

    `inventory` is the last good one; it may be served until `good_until`, which counts from the
    start of the poll that brought it: what it says cannot be newer than that.
    `failures` has every way in which a poll has failed so far, True where the last one did;
    `up_since` and `failing_since` are when the first of an unbroken row of such polls began.
    `polls` are the last ones, oldest first.
    """

    target: str
    interval: float
    stale_after: float
    attempted_at: float | None = None
    succeeded_at: float | None = None
    inventory: Inventory | None = None
    good_until: float = 0.0
    error: ZStackError | None = None
    up_since: float | None = None
    failing_since: float | None = None
    failures: Mapping[ErrorLabels, bool] = field(default_factory=dict)
    polls: tuple[Poll, ...] = ()

    @property
    def up(self) -> bool:
        """Whether the last poll succeeded."""
        return self.attempted_at is not None and self.error is None

    def stale(self, now: float) -> bool:
        """Whether the inventory is too old to be shown at this monotonic time, or not there yet."""
        return self.inventory is None or now > self.good_until

    @property
    def next_poll_at(self) -> float | None:
        """When the next poll is due, on the first tick that the last one left free (Unix time)."""
        if not self.polls:
            return None
        last = self.polls[-1]
        return last.at + self.interval * ticks(last.seconds, self.interval)


def ticks(seconds: float, interval: float) -> int:
    """From the tick that a poll of so many seconds began on to the first one that it left free."""
    return int(seconds / interval) + 1
