"""Snapshot: what is known of one target after a poll, good or bad; immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .inventory import Inventory
from .zstack import PollError, ZStackError

ErrorLabels = tuple[str, str, str]
"""Operation, reason and code of an API error."""


class UnpublishableError(PollError):
    """A snapshot that cannot be made into a page; the page before it stays."""

    reason = "malformed"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of one target. Instants with `_at` are Unix time; `good_until` is monotonic.

    `inventory` is the last good one; it may be served until `good_until`, which counts from the
    start of the poll that brought it: what it says cannot be newer than that.
    `failures` has every way in which a poll has failed so far, True where the last one did;
    `failing_since` is when the first of an unbroken row of failed polls began.
    """

    target: str
    interval: float
    stale_after: float
    attempted_at: float | None = None
    succeeded_at: float | None = None
    inventory: Inventory | None = None
    good_until: float = 0.0
    error: ZStackError | None = None
    failing_since: float | None = None
    failures: Mapping[ErrorLabels, bool] = field(default_factory=dict)

    @property
    def up(self) -> bool:
        """Whether the last poll succeeded."""
        return self.attempted_at is not None and self.error is None

    def stale(self, now: float) -> bool:
        """Whether the inventory is too old to be shown at this monotonic time, or not there yet."""
        return self.inventory is None or now > self.good_until
