"""What the web configuration demands."""

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exporter.settings import Fault, SettingsError

from .files import Fingerprints
from .rate import Rate

if TYPE_CHECKING:  # loaded where there is a file
    from .tls import TlsServer


@dataclass(frozen=True)
class WebConfig:
    """What clients must present and receive; the default demands nothing."""

    tls_server: "TlsServer | None" = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Bcrypt hashes by user."""
    headers: tuple[tuple[str, str], ...] = ()
    rate: Rate | None = None
    files: Fingerprints = field(default_factory=dict, repr=False)
    """Of the file and those that it names, as they were read."""
    is_blank: bool = True
    """Whether the file is empty, as it is for a moment while it is written in place."""

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The context for new connections; None for plain HTTP."""
        return None if self.tls_server is None else self.tls_server.context

    @property
    def certificate_ends_at(self) -> float | None:
        """When the certificate ends (Unix time); None without one."""
        return None if self.tls_server is None else self.tls_server.certificate_ends_at


class InvalidConfigError(SettingsError):
    """The configuration has faults; `files` are those that were read."""

    def __init__(self, faults: Iterable[Fault], files: Fingerprints) -> None:
        # Of several faults at one place the first is the cause, and the others follow from it.
        first = {fault.where: fault for fault in reversed(tuple(faults))}
        super().__init__(reversed(first.values()))
        self.files = files
