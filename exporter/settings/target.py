"""One ZStack platform: where it is, how to log in, what to ask and how often."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from typing_extensions import override

from .addresses import PlatformUrl, ProxyUrl
from .conditions import Conditions
from .faults import MISSING
from .notation import Secret, Text, Zone, read_zone, wrong
from .quantities import Duration, Size
from .section import Objection, Section


@dataclass(frozen=True)
class Credentials:
    """How to identify oneself to a platform; exactly one of `secret` and `secret_file` is set.

    `identity` is the access key's id or the account's name; a session has none.
    """

    kind: Literal["access_key", "account", "session"]
    identity: str | None
    secret: SecretStr | None
    secret_file: Path | None


class TargetSettings(Section):
    """One ZStack platform: where it is, how to log in, what to ask and how often."""

    url: PlatformUrl = Field(
        description="Address of the platform's API, such as http://10.0.0.5:8080. "
        "A path before /zstack is kept; /zstack or /zstack/v1 at the end may be left out."
    )
    access_key_id: Text | None = Field(
        default=None,
        description="Id of the access key to sign requests with. "
        "Preferred: no session, no password, no lock-out.",
    )
    access_key_secret: Secret | None = Field(default=None, description="Secret of the access key.")
    access_key_secret_file: Path | None = Field(
        default=None,
        description="File that holds the secret of the access key; read again when it changes.",
    )
    account: Text | None = Field(default=None, description="Account to log in as.")
    password: Secret | None = Field(default=None, description="Password of the account.")
    password_file: Path | None = Field(
        default=None,
        description="File that holds the password of the account; read again when it changes.",
    )
    session_uuid: Secret | None = Field(
        default=None, description="Uuid of a session that somebody else opened and keeps alive."
    )
    session_uuid_file: Path | None = Field(
        default=None,
        description="File that holds the uuid of such a session; read again when it changes.",
    )
    conditions: Conditions = Field(
        default=(),
        description="Condition that a model service must meet to be counted, such as "
        "framework=vLLM, in the platform's query syntax; of several, each must be met.",
    )
    page_size: int = Field(
        default=1000, ge=1, le=10_000, description="Model services to ask for in one request."
    )
    interval: Duration = Field(default=60.0, description="Time from one poll to the next.")
    timeout: Duration = Field(
        default=30.0, description="Time that one whole poll may take, retries included."
    )
    stale_after: Duration | None = Field(
        default=None,
        description="Age at which the numbers of the last good poll are no longer shown as they "
        "are; three intervals where it is not set.",
    )
    on_stale: Literal["drop", "fail", "keep"] = Field(
        default="drop",
        description="What to do with numbers past that age: drop them and keep the metrics about "
        "polling, fail the scrape with 503, or keep them.",
    )
    memory_unit: Literal["auto", "bytes", "KiB", "MiB", "GiB"] = Field(
        default="auto",
        description="Unit in which the platform gives requested memory. auto takes a number below "
        "16777216 for MiB and any other for bytes.",
    )
    time_zone: Zone = Field(
        default="auto",
        description="Zone of the platform's timestamps: a name like Asia/Shanghai or an offset "
        "like +08:00. auto asks the platform.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with the authorities to trust for the platform's certificate; "
        "the system's where it is not set.",
    )
    client_cert_file: Path | None = Field(
        default=None,
        description="PEM file with the certificate to show the platform, and perhaps its key.",
    )
    client_key_file: Path | None = Field(
        default=None, description="PEM file with the key of that certificate."
    )
    insecure_skip_verify: bool = Field(
        default=False,
        description="Accept any certificate of the platform. Credentials can then be stolen by "
        "whoever stands between.",
    )
    proxy: ProxyUrl | None = Field(
        default=None,
        description="HTTP proxy on the way to the platform; may hold a user and password.",
    )
    max_response_bytes: Size = Field(
        default=64 * 2**20, description="Largest answer that is read, uncompressed."
    )

    @property
    def credentials(self) -> Credentials:
        """The one kind of credentials that is set."""
        if self.access_key_id is not None:
            secret, file = self.access_key_secret, self.access_key_secret_file
            return Credentials("access_key", self.access_key_id, secret, file)
        if self.account is not None:
            return Credentials("account", self.account, self.password, self.password_file)
        return Credentials("session", None, self.session_uuid, self.session_uuid_file)

    @property
    def effective_stale_after(self) -> float:
        """Seconds, with the default of three intervals."""
        return 3 * self.interval if self.stale_after is None else self.stale_after

    @property
    def zone(self) -> tzinfo | None:
        """The zone of the platform's timestamps; None if the platform is to be asked."""
        return read_zone(self.time_zone)

    @model_validator(mode="after")
    def _verifies_or_not(self) -> Self:
        if self.insecure_skip_verify and self.ca_file:
            raise wrong(
                "insecure_skip_verify contradicts ca_file",
                "remove insecure_skip_verify to verify against ca_file, or remove ca_file",
            )
        return self

    @classmethod
    @override
    def objections(cls, given: frozenset[str]) -> Iterator[Objection]:
        yield from _credential_objections(given)
        if "client_key_file" in given and "client_cert_file" not in given:
            what = "is missing: client_key_file is given without its certificate"
            yield "client_cert_file", wrong(what, "", MISSING)


_KINDS = (("access_key_id", "access_key_secret"), ("account", "password"), (None, "session_uuid"))


def _credential_objections(given: frozenset[str]) -> Iterator[Objection]:
    kinds = [
        (identity, secret)
        for identity, secret in _KINDS
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
        yield from _incomplete(given, *kinds[0])


def _incomplete(given: frozenset[str], identity: str | None, secret: str) -> Iterator[Objection]:
    if identity and identity not in given:
        yield identity, wrong(f"is missing: {secret} is given, but not whose it is", "", MISSING)
    if not given & {secret, f"{secret}_file"}:
        what = f"is missing: {identity} is given, but neither {secret}_file nor {secret}"
        yield f"{secret}_file", wrong(what, "", MISSING)
