"""Snapshot: the state of one target after a poll, good or bad; immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from exporter.zstack import MODEL_SERVICES, PollError, ZStackError

from .first_sights import FirstSights
from .inventory import Inventory
from .lists import ListState
from .platform import Platform
from .reduction import Found

ErrorLabels = tuple[str, str, str]
"""Operation, reason and code of an API error."""


POLLS_KEPT: Final = 50
"""The last polls that a snapshot remembers: nearly an hour at the usual interval."""


class UnpublishableError(PollError):
    """A snapshot that cannot be rendered; the page before it stays."""

    reason = "malformed"


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll that has ended: when it began (Unix time), and how long the platform took.

    `services` is None where it failed; `reason` and `code` are then those of the error, and empty
    otherwise. `skipped` ticks had passed unused before it, as the poll before took so long.
    `asked` is whether the platform was asked anything: not with credentials that it has refused.
    """

    at: float
    seconds: float
    services: int | None
    reason: str = ""
    code: str = ""
    skipped: int = 0
    asked: bool = True


@dataclass(frozen=True, slots=True)
class RecordSeries:
    """The series of single services, groups and model centers: how many there are of a target.

    `left_out` is whether the page is without them, as they are more than `most`.
    """

    number: int
    most: int
    left_out: bool

    @property
    def number_left_out(self) -> int:
        return self.number if self.left_out else 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of one target. Instants with `_at` are Unix time; `good_until` is of `clock.now`.

    `inventory` is the last good one; it may be served until `good_until`, which counts from the
    start of its poll: the data cannot be newer than that.
    `pending_since` is for the services of the inventory that have a new version.
    `failures` has every error of a poll so far, True for that of the last one;
    `up_since` and `failing_since` are when the first of an unbroken row of such polls began.
    `polls` are the last ones, oldest first; the next one is due at `next_poll_at`.
    `lists` are those beside the model services, by the name of their resource: all else here is of
    the services alone, but for `failures`. `series` counts what the lists came to on the page;
    None where any number may be there. `platform` is which one it is, and who asks it.
    """

    target: str
    interval: float
    stale_after: float
    attempted_at: float | None = None
    succeeded_at: float | None = None
    inventory: Inventory | None = None
    pending_since: FirstSights = field(default_factory=dict, repr=False)
    good_until: float = 0.0
    error: ZStackError | None = None
    up_since: float | None = None
    failing_since: float | None = None
    failures: Mapping[ErrorLabels, bool] = field(default_factory=dict)
    polls: tuple[Poll, ...] = ()
    next_poll_at: float | None = None
    lists: Mapping[str, ListState[Found]] = field(default_factory=dict)
    series: RecordSeries | None = None
    platform: Platform | None = None

    @property
    def up(self) -> bool:
        """Whether the last poll succeeded."""
        return self.attempted_at is not None and self.error is None

    def stale(self, now: float) -> bool:
        """Whether there is no inventory, or it is too old to be shown, at `now` of the clock."""
        return self.inventory is None or now > self.good_until

    @property
    def states(self) -> Mapping[str, ListState[Found]]:
        """Every list that has been polled, the model services first."""
        if self.attempted_at is None and self.inventory is None:
            return self.lists
        services = ListState(self.inventory, self.succeeded_at, self.good_until, self.error)
        return {MODEL_SERVICES.name: services, **self.lists}

    def brings_more_than(self, before: "Snapshot") -> bool:
        """Whether a list in it is another one than before, or a date of a new version."""
        known = before.states
        return self.pending_since is not before.pending_since or any(
            state.found is not None and (name not in known or state.found is not known[name].found)
            for name, state in self.states.items()
        )
