"""The certificates that a target's settings name, loaded for its connections."""

import hashlib
import ssl
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from exporter.settings import Fault, SettingsError, TargetSettings
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
        files = (target.ca_file, target.client_cert_file, target.client_key_file)
        try:
            contents = tuple(None if file is None else read(file) for file in files)
            trust = _Trust.of(target)
            digest = _digest(contents, trust)
            if digest not in made:
                made[digest] = _tls_setup(contents, digest, trust)
            setups[name] = made[digest]
        except OSError as error:  # ssl.SSLError is one
            named = ", ".join(str(file) for file in files if file)
            unusable = "not a usable PEM file" if isinstance(error, ssl.SSLError) else None
            what = f"{named}: {unusable or error.strerror}"
            faults[name] = Fault(f"target {name}", what, "see ca_file and client_cert_file")
    if faults:
        raise CertificatesError(faults)
    return setups


def _speaks_tls(target: TargetSettings) -> bool:
    """Whether a certificate is verified; a proxy may have one where the platform has none."""
    return target.url.startswith("https:") or target.proxy is not None


def _digest(contents: tuple[bytes | None, ...], trust: _Trust) -> bytes:
    digests = (hashlib.sha256(content or b"").digest() for content in contents)
    return bytes([trust.verify, trust.system]) + b"".join(digests)


def _tls_setup(contents: tuple[bytes | None, ...], digest: bytes, trust: _Trust) -> TlsSetup:
    """From the contents of ca_file, client_cert_file and client_key_file, None for those unset."""
    with ExitStack() as files:
        ca, cert, key = (
            None if content is None else files.enter_context(in_memory(content))
            for content in contents
        )
        return TlsSetup(_tls_context(ca, cert, key, trust), digest)


def _tls_context(
    ca_file: Path | None, cert_file: Path | None, key_file: Path | None, trust: _Trust
) -> ssl.SSLContext:
    if ca_file or trust.system:
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
        # An empty password, or an encrypted key would ask for one on the terminal.
        context.load_cert_chain(cert_file, key_file, password="")
    return context
