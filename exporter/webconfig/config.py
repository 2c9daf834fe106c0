"""The web configuration file, read whole: what it and the files that it names say."""

import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from exporter.settings import Fault, SettingsError

from .document import Value, document
from .files import Files, Fingerprints
from .passwords import hash_fault
from .rate import Rate, read_rate
from .tls import TlsServer, read_tls

# The toolkit sets no others, and to no other values where it names some.
HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class WebConfig:
    """What a client must bring and is given; the default demands nothing."""

    tls_server: TlsServer | None = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Bcrypt hashes by user."""
    headers: tuple[tuple[str, str], ...] = ()
    rate: Rate | None = None
    files: Fingerprints = field(default_factory=dict, repr=False)
    """The file, and those that it names, as they were read."""
    is_blank: bool = True
    """Whether the file holds nothing at all, as one does that is just being written."""

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What to serve with; None for plain HTTP."""
        return None if self.tls_server is None else self.tls_server.context

    @property
    def certificate_ends_at(self) -> float | None:
        """When the certificate ends (Unix time); None without one."""
        return None if self.tls_server is None else self.tls_server.ends_at


class UnusableError(SettingsError):
    """The file is wrong; `files` are those that were read to find out."""

    def __init__(self, faults: Iterable[Fault], files: Fingerprints) -> None:
        # Of several at one place the first says why, and the others follow from it.
        first = {fault.where: fault for fault in reversed(tuple(faults))}
        super().__init__(reversed(first.values()))
        self.files = files


def read(path: Path) -> WebConfig:
    """Read the file and those that it names, which blocks.

    Raises SettingsError with every fault, each with its place; none quotes the file.
    """
    faults: list[Fault] = []
    files = Files(path.parent)
    content = _content(path, files, faults)
    whole = document(content, path, faults.append)
    keys = whole.section(
        "tls_server_config", "http_server_config", "rate_limit", "basic_auth_users"
    )
    tls_server = read_tls(keys["tls_server_config"], files)
    headers = tuple(_http(keys["http_server_config"]))
    rate = read_rate(keys["rate_limit"])
    users = dict(_users(keys["basic_auth_users"]))
    if faults:
        raise UnusableError(faults, files.fingerprints)
    return WebConfig(
        tls_server=tls_server,
        users=MappingProxyType(users),
        headers=headers,
        rate=rate,
        files=files.fingerprints,
        is_blank=whole.node is None,
    )


def _content(path: Path, files: Files, faults: list[Fault]) -> bytes:
    try:
        return files.content(path.name)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        fix = "name a file that the exporter can read"
        faults.append(Fault(str(path), f"cannot be read: {reason}", fix))
        return b""


def _http(value: Value) -> Iterator[tuple[str, str]]:
    """The headers of every answer."""
    keys = value.section("http2", "headers")
    if keys["http2"].switch(default=False):
        keys["http2"].wrong("is not spoken here, HTTP/1.1 is", "remove it or write false")
    for name, header in keys["headers"].section(*HEADERS).items():
        if header.node is None:
            continue
        text = header.text()
        if HEADERS[name] and text not in HEADERS[name]:
            header.wrong(
                "has a value that the toolkit does not allow", f"write {' or '.join(HEADERS[name])}"
            )
        if _UNPRINTABLE.search(text):
            header.wrong("has a line break or a control character", "write it on one line")
        yield name, text


def _users(value: Value) -> Iterator[tuple[str, str]]:
    for user, hash_ in value.entries("user"):
        if fault := hash_fault(hash_.text()):
            hash_.wrong(*fault)
        yield user, hash_.text()
