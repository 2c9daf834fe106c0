"""What is known of a list that is polled: each list stands for itself."""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from exporter.zstack import ZStackError

from .reduction import Found

F_co = TypeVar("F_co", bound=Found, covariant=True)


@dataclass(frozen=True, slots=True)
class ListState(Generic[F_co]):
    """One list after a poll, immutable.

    `found` is what the last good one came to; that poll began at `succeeded_at` (Unix time), and
    it may be shown until `good_until` (of `clock.now`). `error` is why the last poll did not read
    it. `left_out` is why the platform is not asked for it for a while: that is no failure.
    """

    found: F_co | None = None
    succeeded_at: float | None = None
    good_until: float = 0.0
    error: ZStackError | None = None
    left_out: ZStackError | None = None

    @property
    def up(self) -> bool:
        """Whether the last poll read it."""
        return self.error is None and self.left_out is None

    def stale(self, now: float) -> bool:
        """Whether there is nothing to be shown, or it is too old, at `now` of the clock."""
        return self.found is None or now > self.good_until

    def failed(self, error: ZStackError) -> "ListState[F_co]":
        """The same list after a poll that did not read it."""
        return replace(self, error=error, left_out=None)

    def postponed(self, seconds: float) -> "ListState[F_co]":
        """The same list, good for so much longer."""
        return replace(self, good_until=self.good_until + seconds)
