"""One ZStack platform: where it is, how to log in, what to ask and how often."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator
from typing_extensions import override

from .addresses import PlatformUrl, ProxyUrl
from .conditions import Conditions
from .credentials import CredentialSettings, credential_objections
from .faults import MISSING, Fault
from .notation import Choice, Secret, Shown, TargetName, Text, Zone, read_zone, wrong
from .quantities import Duration, Size
from .section import Objection, Section


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a target was set. It never makes two targets differ: a line moves for many reasons."""

    prefix: str = field(default="target.", compare=False)
    places: Mapping[str, str] = field(default_factory=dict, compare=False)


class TargetSettings(Section):
    """One ZStack platform: where it is, how to log in, what to ask and how often."""

    url: PlatformUrl = Field(
        description="Address of the platform's API, such as http://10.0.0.5:8080. "
        "A path before /zstack is kept; /zstack or /zstack/v1 at its end is optional."
    )
    access_key_id: Text | None = Field(
        default=None,
        description="ID of the access key that signs requests. "
        "Preferred: no session, no password, no lockout.",
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
        default=None, description="UUID of a session that another program opens and keeps alive."
    )
    session_uuid_file: Path | None = Field(
        default=None,
        description="File that holds the UUID of a session that another program opens and keeps "
        "alive; read again when it changes.",
    )
    conditions: Conditions = Field(
        default=(),
        description="Condition that a model service must meet to be counted, such as "
        "framework=vLLM, in the platform's query syntax; all of several must be met.",
    )
    page_size: int = Field(
        default=1000, ge=1, le=10_000, description="Number of model services requested at a time."
    )
    projection: bool = Field(
        default=False,
        description="Ask for the fields that are exported and no others: far smaller answers, "
        "where the platform knows them all (5.5 and later). Leaves out CPU architectures, GPU "
        "vendors and bound models, which a projection cannot have.",
    )
    interval: Duration = Field(
        default=60.0, description="Time from the start of one poll to the start of the next."
    )
    timeout: Duration = Field(
        default=30.0, description="Time allowed for one whole poll, retries included."
    )
    stale_after: Duration | None = Field(
        default=None,
        description="Age after which the numbers of the last good poll count as stale; "
        "three intervals where it is not set.",
    )
    on_stale: Annotated[Literal["drop", "fail", "keep"], Choice] = Field(
        default="drop",
        description="What to do with stale numbers. drop leaves them out and keeps the metrics "
        "about polling; fail answers 503 for that target on /probe and for the whole of /metrics; "
        "keep goes on exporting them.",
    )
    memory_unit: Annotated[Literal["auto", "bytes", "KiB", "MiB", "GiB"], Choice] = Field(
        default="auto",
        description="Unit in which the platform reports requested memory. auto takes a number "
        "below 16777216 as MiB and any other as bytes.",
    )
    time_zone: Zone = Field(
        default="auto",
        description="Time zone of the platform's timestamps: a name such as Asia/Shanghai or an "
        "offset such as +08:00. auto asks the platform.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with the certificate authorities to trust for the platform; "
        "those of the system where it is not set.",
    )
    client_cert_file: Path | None = Field(
        default=None,
        description="PEM file with the client certificate, optionally with its key.",
    )
    client_key_file: Path | None = Field(
        default=None, description="PEM file with the key of the client certificate."
    )
    insecure_skip_verify: bool = Field(
        default=False,
        description="Accept any certificate. Anyone on the network between the exporter and the "
        "platform can then steal the credentials.",
    )
    proxy: ProxyUrl | None = Field(
        default=None,
        description="URL of the HTTP proxy to the platform; may contain a user and password.",
    )
    max_response_bytes: Size = Field(
        default=64 * 2**20, description="Largest answer that is read, after decompression."
    )

    _origin: _Origin = PrivateAttr(default=_Origin())

    def locate(self, prefix: str, places: Mapping[str, str]) -> None:
        """Note where it was set: what its keys begin with, and the source of each."""
        self._origin = _Origin(prefix, places)

    def where(self, key: str) -> str:
        """One of its settings, as a fault names it: `target.url (in exporter.yaml, line 2)`."""
        place = self._origin.places.get(key)
        return f"{self._origin.prefix}{key}" + (f" ({place})" if place else "")

    def doubts(self) -> Iterator[Fault]:
        """What can be done as set, but was hardly meant."""
        if "timeout" in self.model_fields_set and self.timeout > self.interval:
            what = "is longer than interval: polls that fall due during a slow one are skipped"
            yield Fault(self.where("timeout"), what, "lower timeout, or raise interval")

    @property
    def credentials(self) -> CredentialSettings:
        """The one kind of credentials that is set."""
        if self.access_key_id is not None:
            secret, file = self.access_key_secret, self.access_key_secret_file
            return CredentialSettings("access_key", self.access_key_id, secret, file)
        if self.account is not None:
            return CredentialSettings("account", self.account, self.password, self.password_file)
        return CredentialSettings("session", None, self.session_uuid, self.session_uuid_file)

    @property
    def effective_stale_after(self) -> float:
        """Seconds, with the default of three intervals."""
        return 3 * self.interval if self.stale_after is None else self.stale_after

    @property
    def zone(self) -> tzinfo | None:
        """The zone of the platform's timestamps; None if the platform is to be asked."""
        return read_zone(self.time_zone)

    @field_validator("stale_after")
    @classmethod
    def _check_stale_after(cls, seconds: float | None, given: ValidationInfo) -> float | None:
        """Keep numbers from going stale before the next poll can renew them."""
        if seconds is not None and seconds < given.data.get("interval", 0):
            raise wrong("is shorter than interval", "make it at least as long as interval")
        return seconds

    @model_validator(mode="after")
    def _check_verification(self) -> Self:
        if self.insecure_skip_verify and self.ca_file:
            raise wrong(
                "insecure_skip_verify contradicts ca_file",
                "remove insecure_skip_verify to verify against ca_file, or remove ca_file",
            )
        return self

    @classmethod
    @override
    def objections(cls, given: frozenset[str]) -> Iterator[Objection]:
        yield from credential_objections(given)
        if "client_key_file" in given and "client_cert_file" not in given:
            what = "is missing: client_key_file is given without its certificate"
            yield "client_cert_file", wrong(what, "", MISSING)


class SingleTargetSettings(TargetSettings):
    """One ZStack platform: where it is, how to log in, what to ask and how often."""

    name: Annotated[TargetName, Shown("NAME")] = Field(
        default="default",
        description="Name of the target, in the label target of its metrics and on the status "
        "page.",
    )
