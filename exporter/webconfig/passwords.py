"""Passwords: hashed for the file, and checked without holding up anything else."""

import asyncio
import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from exporter.threads import Threads

COST: Final = 10
"""As in Prometheus' documentation: some 60 ms, and a scraper's password is no short one."""

HIGHEST_COST: Final = 16
"""About four seconds, once; with a higher one every scrape would be given up first."""

LONGEST: Final = 72
"""Bytes of a password that bcrypt looks at."""

REMEMBERED: Final = 100

# Version, cost, 22 characters of salt of which the last has four bits to spare, 31 of the hash.
_HASH: Final = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
_LOWEST_COST: Final = 4


def hashed(password: str) -> str:
    """Hash a password for `basic_auth_users`.

    Raises ValueError, which does not quote it, for one that is empty or longer than 72 bytes in
    UTF-8: bcrypt would ignore the rest.
    """
    try:
        encoded = password.encode()
    except UnicodeEncodeError:  # which quotes it
        raise ValueError("the password is not text in UTF-8") from None
    if not encoded:
        raise ValueError("the password is empty")
    if len(encoded) > LONGEST:
        raise ValueError(f"the password is longer than {LONGEST} bytes, the most that bcrypt reads")
    import bcrypt  # noqa: PLC0415 - half a MiB, and few web configurations name users

    return bcrypt.hashpw(encoded, bcrypt.gensalt(COST)).decode()


def hash_fault(text: str) -> tuple[str, str] | None:
    """What is wrong with a text as a hash, and how to mend it; None where nothing is."""
    match = _HASH.fullmatch(text)
    if not match:
        return "is not a bcrypt hash", "make one with zstack-aios-exporter hash-password"
    if not _LOWEST_COST <= int(match[1]) <= HIGHEST_COST:
        what = f"has a cost outside {_LOWEST_COST} to {HIGHEST_COST}"
        return what, f"make it anew with a cost of about {COST}"
    return None


@dataclass(frozen=True)
class Credentials:
    """Who a client says it is, and how it would prove it."""

    user: str
    password: str = field(repr=False)


def credentials(authorization: str) -> Credentials | None:
    """Read the header of HTTP Basic authentication (RFC 7617); None for any other text."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except ValueError:  # which all of base64's and UTF-8's errors are
        return None
    user, colon, password = text.partition(":")
    return Credentials(user, password) if colon else None


class Passwords:
    """Checks passwords one after the other in a thread of its own, and remembers the newest.

    What is remembered is a digest under a key of this process, never a password. Right and wrong
    ones are remembered apart, so that guessing pushes nobody out who knows.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._thread = Threads(1)
        self._turn = asyncio.Lock()
        self._right = _Recent()
        self._wrong = _Recent()

    async def fit(
        self, given: Credentials, users: Mapping[str, str], *, awaited: Callable[[], bool]
    ) -> bool:
        """Whether the password is that of the user, by its hash in `users`, which has at least one.

        A user that is unknown is checked against the hash of another, so that it takes as long.
        Nothing is computed for a client that is no longer `awaited` when its turn comes.
        """
        known = given.user in users
        hash_ = users[given.user] if known else self._other(given.user, users)
        digest = self._digest(given.user, hash_, given.password)
        verdict = self._remembered(digest)
        if verdict is None:
            async with self._turn:
                verdict = self._remembered(digest)
                if verdict is None and awaited():
                    verdict = await self._compute(given.password, hash_)
                    (self._right if verdict else self._wrong).add(digest)
        return known and verdict is True

    def close(self) -> None:
        """Check no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _compute(self, password: str, hash_: str) -> bool:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, _matches, password, hash_)

    def _remembered(self, digest: bytes) -> bool | None:
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


class _Recent:
    """The digests that were last added or found."""

    def __init__(self) -> None:
        self._digests: dict[bytes, None] = {}

    def add(self, digest: bytes) -> None:
        self._digests[digest] = None
        if len(self._digests) > REMEMBERED:
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
