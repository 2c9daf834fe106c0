"""Checks passwords without blocking anything else."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final

from .fair_queue import MOST_WAITING, Caller, FairQueue, OverloadedError
from .hashing import LONGEST

CACHED_RIGHT: Final = 1000
"""At least as many as there are users, as a rule: one that is evicted waits for a check again."""

CACHED_WRONG: Final = 100


@dataclass(frozen=True)
class Credentials:
    """The user name and password that a client sends."""

    user: str
    password: str = field(repr=False)


def parse_basic_auth(authorization: str) -> Credentials | None:
    """Parse the header of HTTP Basic authentication (RFC 7617); None for any other text."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except ValueError:  # the base class of base64's and UTF-8's errors
        return None
    user, colon, password = text.partition(":")
    return Credentials(user, password) if colon else None


class PasswordChecker:
    """Checks one password at a time in the executor's thread, and caches the newest results.

    The cache holds digests under a random key, never a password. Right and wrong passwords are
    cached apart, so that guesses cannot evict a right one.
    """

    def __init__(self, executor: Executor, *, most_waiting: int = MOST_WAITING) -> None:
        self._executor = executor
        self._secret = secrets.token_bytes(32)
        self._queue = FairQueue(most_waiting)
        self._right = _DigestCache(CACHED_RIGHT)
        self._wrong = _DigestCache(CACHED_WRONG)

    async def check(
        self,
        credentials: Credentials,
        users: Mapping[str, str],
        *,
        caller: Caller,
        is_awaited: Callable[[], bool],
    ) -> bool:
        """Whether the password is that of the user, by its hash in `users`, which has at least one.

        An unknown user is checked against the hash of another, so that it takes as long. A cached
        result does not wait. Raises OverloadedError if too many requests wait, and if `is_awaited`
        is false when the request's turn comes: then nothing is computed.
        """
        is_known = credentials.user in users
        hash_ = users[credentials.user] if is_known else self._other(credentials.user, users)
        digest = self._digest(credentials.user, hash_, credentials.password)
        verdict = self._cached(digest)
        if verdict is None:
            verdict = await self._queue.wait(caller, digest)
        if verdict is None:
            verdict = await self._compute(credentials.password, hash_, digest, is_awaited)
        if verdict is None:
            raise OverloadedError
        return is_known and verdict

    @property
    def has_waiting(self) -> bool:
        """Whether requests wait for a check."""
        return self._queue.has_waiting

    def close(self) -> None:
        """Start no further check; do not wait for the current one."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _compute(
        self, password: str, hash_: str, digest: bytes, is_awaited: Callable[[], bool]
    ) -> bool | None:
        """Use the turn of this request; None if its client has gone."""
        verdict: bool | None = None
        try:
            if is_awaited():
                loop = asyncio.get_running_loop()
                verdict = await loop.run_in_executor(self._executor, _matches, password, hash_)
                (self._right if verdict else self._wrong).add(digest)
        finally:
            self._queue.finish(digest, answer=verdict)
        return verdict

    def _cached(self, digest: bytes) -> bool | None:
        if digest in self._right:
            return True
        return False if digest in self._wrong else None

    def _other(self, user: str, users: Mapping[str, str]) -> str:
        """Some user's hash, the same at each try of one name: costs may differ."""
        number = int.from_bytes(self._digest(user))
        return tuple(users.values())[number % len(users)]

    def _digest(self, *texts: str) -> bytes:
        digest = hashlib.blake2b(key=self._secret, digest_size=32)
        for text in texts:
            encoded = text.encode()
            digest.update(len(encoded).to_bytes(8))
            digest.update(encoded)
        return digest.digest()


class _DigestCache:
    """The digests that were last added or found; beyond `most` the oldest is evicted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._digests: dict[bytes, None] = {}

    def add(self, digest: bytes) -> None:
        self._digests[digest] = None
        if len(self._digests) > self._most:
            del self._digests[next(iter(self._digests))]

    def __contains__(self, digest: bytes) -> bool:
        if digest not in self._digests:
            return False
        del self._digests[digest]
        self._digests[digest] = None
        return True


def _matches(password: str, hash_: str) -> bool:
    # Go compares the first 72 bytes too; bcrypt for Python refuses longer ones.
    import bcrypt  # noqa: PLC0415 - as above

    return bcrypt.checkpw(password.encode()[:LONGEST], hash_.encode())
