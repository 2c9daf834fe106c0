"""Platform: which one a target is, and who asks it; nothing of it is secret."""

from dataclasses import dataclass
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from .labels import sanitize_label

CredentialKind = Literal["access_key", "account", "session"]

_SHOWN: Final = 6
"""Characters of an access key's id, enough to tell a platform's keys apart (they have 20)."""


@dataclass(frozen=True, slots=True)
class Platform:
    """An address (scheme, host and port), and the identity that asks.

    That is an account's name, or the beginning of an access key's id. A session has none: its uuid
    is the secret.
    """

    address: str
    credentials: CredentialKind
    identity: str = ""

    @classmethod
    def of(cls, url: str, credentials: CredentialKind, identity: str | None) -> Self:
        """What can be shown of a target with this address and these credentials."""
        parts, identity = urlsplit(url), identity or ""
        address = sanitize_label(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
        if credentials == "access_key":
            identity = f"{identity[: min(_SHOWN, len(identity) // 2)]}…"
        return cls(address, credentials, sanitize_label(identity))
