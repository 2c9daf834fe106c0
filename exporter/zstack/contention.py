"""Back-off when another login keeps ending our session, on a platform that allows one each.

With `enable.unique.session` every login ends the account's other sessions. Two clients that both
log in again at once would end each other's session for ever, a person's at each poll. So the
exporter stops logging in once its sessions keep being ended, for longer each time.
"""

from collections.abc import Callable
from typing import Final

from .errors import ContendedError, SessionError

EARLY_ENDS: Final = 3
"""Sessions ended early in a row; so many are no coincidence."""

CALM_SECONDS: Final = 600.0
"""A session that lasts so long was not contended for; also the first back-off."""

LONGEST_BACKOFF_SECONDS: Final = 3600.0
_MOST_DOUBLINGS: Final = 10  # more would only make a number that is too large for a float


class Contention:
    """Counts sessions that were ended early, and blocks logins for a while."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._early_ends = 0
        self._backoff: tuple[ContendedError, float] | None = None
        """The error to raise, and until when."""

    def check(self) -> None:
        """Raises ContendedError as long as no login may be tried."""
        if self._backoff is not None:
            error, until = self._backoff
            if self._clock() < until:
                raise error.with_traceback(None)

    def ended(self, error: SessionError, *, lived: float, lifetime: float) -> None:
        """A session was refused so many seconds after its login.

        `lifetime` is how long it should have lasted at least; 0 where that is unknown, and then
        an early end cannot be recognized either.
        """
        if lived >= min(lifetime, CALM_SECONDS):
            self._early_ends = 0
            return
        self._early_ends += 1
        if self._early_ends >= EARLY_ENDS:
            self._back_off(error)

    def _back_off(self, error: SessionError) -> None:
        doublings = min(self._early_ends - EARLY_ENDS, _MOST_DOUBLINGS)
        seconds = min(CALM_SECONDS * 2**doublings, LONGEST_BACKOFF_SECONDS)
        message = (
            f"{error.code}: somebody else logs in with this account and so ends its sessions,"
            f" {self._early_ends} in a row; no login for {seconds / 60:.0f} minutes"
        )
        why = ContendedError(message, error.operation, code=error.code)
        why.withheld_until = until = self._clock() + seconds
        self._backoff = (why, until)
