"""Who may call the platform: accounts, access keys, sessions."""

import hashlib
from dataclasses import dataclass, field
from uuid import uuid4

ADMIN_UUID = "36c27e8ff05c4780bf6d2fa65700f22e"
"""ZStack ships its administrator with this uuid."""

EXAMPLE_KEY_ID = "1234567890abcdedfhij"
EXAMPLE_KEY_SECRET = EXAMPLE_KEY_ID * 2
"""With its id the pair that ZStack's documentation of access keys shows."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account.

    sees      uuids of the records that are shown to it, None is an administrator's view: the
              platform leaves the others out without an error
    denied    the operations that its policies deny, such as `QueryModelCenter`
    """

    name: str
    password: str
    uuid: str = ADMIN_UUID
    sees: frozenset[str] | None = None
    denied: frozenset[str] = frozenset()

    def accepts(self, digest: str) -> bool:
        """Whether `digest` is the SHA-512 of the password, in lowercase hex."""
        return digest == hashlib.sha512(self.password.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key pair that signs for an account."""

    id: str
    secret: str
    account: str
    enabled: bool = True


@dataclass(slots=True)
class Session:
    """What a login opened; `expires` (Unix seconds) slides with every call."""

    account: Account
    created: float
    expires: float
    uuid: str = field(default_factory=lambda: uuid4().hex)
