"""Somebody else who logs in with the same account, on a platform that allows it one session.

With `enable.unique.session` every login ends the account's other sessions. Two who both log in
again at once would throw each other out for ever, a person among them at each poll. So whoever
finds that its sessions keep being ended lets the other one be, for longer each time.
"""

from collections.abc import Callable
from typing import Final

from .errors import ContendedError, SessionError

ENOUGH: Final = 3
"""Sessions ended early, one after the other, that are no chance any more."""

CALM_SECONDS: Final = 600.0
"""A session that lasts so long was not contended for; also the first time of rest."""

LONGEST_REST_SECONDS: Final = 3600.0
_MOST_DOUBLINGS: Final = 10  # more would only make a number that is too large for a float


class Contention:
    """Counts sessions that were ended early, and says when to log in no more for a while."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._early_ends = 0
        self._resting: tuple[ContendedError, float] | None = None
        """Why, and until when."""

    def check(self) -> None:
        """Raises ContendedError as long as no login may be tried."""
        if self._resting is not None:
            error, until = self._resting
            if self._clock() < until:
                raise error.with_traceback(None)

    def ended(self, error: SessionError, *, lived: float, lifetime: float) -> None:
        """A session was refused so many seconds after its login.

        `lifetime` is how long it should have lasted at least; 0 where nobody knows, and then
        nobody can tell either whether it has ended early.
        """
        if lived >= min(lifetime, CALM_SECONDS):
            self._early_ends = 0
            return
        self._early_ends += 1
        if self._early_ends >= ENOUGH:
            self._rest(error)

    def _rest(self, error: SessionError) -> None:
        doublings = min(self._early_ends - ENOUGH, _MOST_DOUBLINGS)
        seconds = min(CALM_SECONDS * 2**doublings, LONGEST_REST_SECONDS)
        message = (
            f"{error.code}: somebody else logs in with this account and so ends its sessions,"
            f" {self._early_ends} in a row; no login for {seconds / 60:.0f} minutes"
        )
        why = ContendedError(message, error.operation, code=error.code)
        self._resting = (why, self._clock() + seconds)
