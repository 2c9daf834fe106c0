"""The credentials of a target: exactly one kind, each with one secret."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from .faults import MISSING
from .notation import wrong
from .section import Objection


@dataclass(frozen=True)
class CredentialSettings:
    """The credentials for a platform; exactly one of `secret` and `secret_file` is set.

    `identity` is the access key's id or the account's name; a session has none.
    """

    kind: Literal["access_key", "account", "session"]
    identity: str | None
    secret: SecretStr | None
    secret_file: Path | None

    @property
    def file_setting(self) -> str:
        """The setting that names the secret's file."""
        secrets = {"access_key": "access_key_secret", "account": "password"}
        return f"{secrets.get(self.kind, 'session_uuid')}_file"


_CREDENTIALS = (
    ("access_key_id", "access_key_secret"),
    ("account", "password"),
    (None, "session_uuid"),
)


def credential_objections(given: frozenset[str]) -> Iterator[Objection]:
    """What is wrong with the kinds that are given, by the names of the settings."""
    kinds = [
        (identity, secret)
        for identity, secret in _CREDENTIALS
        if given & {identity, secret, f"{secret}_file"}
    ]
    for _, secret in kinds:
        if {secret, f"{secret}_file"} <= given:
            what = f"is given twice, as {secret} and as {secret}_file"
            yield secret, wrong(what, "keep one of them")
    if not kinds:
        yield (
            "",
            wrong(
                "has no credentials",
                "set access_key_id and access_key_secret_file, or account and password_file, "
                "or session_uuid_file",
                MISSING,
            ),
        )
    elif len(kinds) > 1:
        both = " and ".join(identity or secret for identity, secret in kinds)
        yield "", wrong(f"has credentials of several kinds: {both}", "keep one kind")
    else:
        yield from _incomplete_credentials(given, *kinds[0])


def _incomplete_credentials(
    given: frozenset[str], identity: str | None, secret: str
) -> Iterator[Objection]:
    if identity and identity not in given:
        yield identity, wrong(f"is missing: {secret} is given without it", "", MISSING)
    if not given & {secret, f"{secret}_file"}:
        what = f"is missing: {identity} is given, but neither {secret}_file nor {secret}"
        yield f"{secret}_file", wrong(what, "", MISSING)
