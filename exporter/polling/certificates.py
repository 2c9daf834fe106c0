"""The certificates that a target's settings name, loaded for its connections."""

import hashlib
import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

from exporter.settings import Fault, SettingsError, TargetSettings, read_failure
from exporter.settings.pem import in_memory


class CertificatesError(SettingsError):
    """Certificates do not load; `by_target` has the fault of each target that names them."""

    def __init__(self, by_target: Mapping[str, Fault]) -> None:
        super().__init__(by_target.values())
        self.by_target = by_target


@dataclass(frozen=True, slots=True)
class TlsSetup:
    """How a target's certificate is verified; `digest` is of all that it was made from."""

    context: ssl.SSLContext
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Trust:
    """Whether the certificate is verified, and whether the system's authorities are trusted."""

    verify: bool
    system: bool

    @classmethod
    def of(cls, target: TargetSettings) -> Self:
        by_default = target.ca_file is None and _speaks_tls(target)
        return cls(verify=not target.insecure_skip_verify, system=by_default)


def tls_contexts(targets: Mapping[str, TargetSettings]) -> dict[str, ssl.SSLContext]:
    """As `tls_setups`, without the digests."""
    return {name: setup.context for name, setup in tls_setups(targets).items()}


def tls_setups(
    targets: Mapping[str, TargetSettings], known: Iterable[TlsSetup] = ()
) -> dict[str, TlsSetup]:
    """How each target's certificate is verified, by name; reads each file once.

    One of `known` is used again where it was made from the same. Raises CertificatesError for those
    that do not load.
    """
    setups: dict[str, TlsSetup] = {}
    faults: dict[str, Fault] = {}
    read = cache(Path.read_bytes)
    # One costs most of a megabyte, and many targets share it.
    made = {setup.digest: setup for setup in known}
    for name, target in targets.items():
        try:
            contents = tuple(_content(target, setting, read) for setting in _SETTINGS)
            trust = _Trust.of(target)
            digest = _digest(contents, trust)
            if digest not in made:
                made[digest] = _tls_setup(contents, digest, trust)
            setups[name] = made[digest]
        except _UnusableError as error:
            file = getattr(target, error.setting)
            faults[name] = Fault(target.where(error.setting), f"{file}: {error.what}", error.fix)
    if faults:
        raise CertificatesError(faults)
    return setups


_SETTINGS: Final = ("ca_file", "client_cert_file", "client_key_file")
_ENCRYPTED: Final = re.compile(rb"^(?:Proc-Type: 4,ENCRYPTED|-----BEGIN ENCRYPTED)", re.MULTILINE)
_CERTIFICATE: Final = re.compile(rb"^-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----", re.MULTILINE)
_KEY: Final = re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----", re.MULTILINE)


class _UnusableError(Exception):
    """The file that a setting names cannot be used; the texts are those of a fault."""

    def __init__(self, setting: str, what: str, fix: str) -> None:
        super().__init__(what)
        self.setting, self.what, self.fix = setting, what, fix


def _content(target: TargetSettings, setting: str, read: Callable[[Path], bytes]) -> bytes | None:
    """What the file holds, as far as it can be what the setting is for; None where it is unset."""
    file: Path | None = getattr(target, setting)
    if file is None:
        return None
    try:
        content = read(file)
    except OSError as error:
        fix = "name a PEM file that the exporter can read"
        raise _UnusableError(setting, read_failure(error), fix) from None
    kind, mark = ("key", _KEY) if setting == "client_key_file" else ("certificate", _CERTIFICATE)
    if not mark.search(content):
        fix = f"name a PEM file with a {kind}; openssl turns DER into PEM"
        raise _UnusableError(setting, f"holds no {kind} in PEM", fix)
    if setting == "client_cert_file" and not target.client_key_file and not _KEY.search(content):
        raise _UnusableError(
            setting, "holds no key", "set client_key_file, or put the key into this file, too"
        )
    if setting != "ca_file" and _ENCRYPTED.search(content):
        fix = "write the key anew without a password (openssl pkey -in KEY -out NEW), mode 0600"
        raise _UnusableError(setting, "has a key that is encrypted", fix)
    return content


def _speaks_tls(target: TargetSettings) -> bool:
    """Whether a certificate is verified; a proxy may have one where the platform has none."""
    return target.url.startswith("https:") or target.proxy is not None


def _digest(contents: tuple[bytes | None, ...], trust: _Trust) -> bytes:
    digests = (hashlib.sha256(content or b"").digest() for content in contents)
    return bytes([trust.verify, trust.system]) + b"".join(digests)


def _tls_setup(contents: tuple[bytes | None, ...], digest: bytes, trust: _Trust) -> TlsSetup:
    """From the contents of ca_file, client_cert_file and client_key_file, None for those unset."""
    with ExitStack() as files:
        with _usable("ca_file", "mount /proc, as container runtimes do"):
            ca, cert, key = (
                None if content is None else files.enter_context(in_memory(content))
                for content in contents
            )
        return TlsSetup(_tls_context(ca, cert, key, trust), digest)


def _tls_context(
    ca_file: Path | None, cert_file: Path | None, key_file: Path | None, trust: _Trust
) -> ssl.SSLContext:
    if ca_file or trust.system:
        with _usable("ca_file", "see that it is whole, and PEM"):
            context = ssl.create_default_context(cafile=ca_file)
    else:  # to load the system's takes a first poll longer than most of the rest
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Python 3.13 turned both on by default: set here, so that each Python gives the same answer.
    # The strict checks refuse what many private authorities issue: a leaf without an Authority Key
    # Identifier, basic constraints that are not critical. What ca_file names is trusted as it is,
    # also if it is no root.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if not trust.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert_file:
        with _usable("client_cert_file", "see that it and its key are whole, PEM and of one pair"):
            # An empty password, or an encrypted key would ask for one on the terminal.
            context.load_cert_chain(cert_file, key_file, password="")
    return context


@contextmanager
def _usable(setting: str, fix: str) -> Iterator[None]:
    """Name the setting whose file the block cannot load."""
    try:
        yield
    except ssl.SSLError as error:
        words = (error.reason or "its content is damaged").replace("_", " ").lower()
        if error.reason == "KEY_VALUES_MISMATCH":
            words = "its key is that of another certificate"
        raise _UnusableError(setting, f"does not load: {words}", fix) from None
    except OSError as error:  # no file in memory can be made
        raise _UnusableError(setting, f"does not load: {error.strerror}", fix) from None
