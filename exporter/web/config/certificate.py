"""Reads when a certificate ends, which Python's ssl reports only for a peer's certificate."""

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

_FIRST: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

# DER (X.690), as far as RFC 5280 uses it before the end of a certificate's validity.
_VERSION: Final = 0xA0
_VALIDITY: Final = 3
"""Its index after the optional version: serial number, algorithm and issuer come before it."""
_UTC_TIME: Final = 0x17
_LONG_LENGTH: Final = 0x80
_CENTURY_TURNS: Final = 50


def ends_at(pem: bytes) -> float | None:
    """When the first certificate in the PEM text ends (Unix time); None if it is unreadable."""
    first = _FIRST.search(pem.decode("ascii", "replace"))
    try:
        return None if first is None else _end(ssl.PEM_cert_to_DER_cert(first[0]))
    except (ValueError, IndexError):
        return None


def _end(certificate: bytes) -> float:
    whole = _values(certificate)[0][1]
    fields = [content for tag, content in _values(_values(whole)[0][1]) if tag != _VERSION]
    _, (kind, text) = _values(fields[_VALIDITY])
    written = text.decode("ascii")
    if kind == _UTC_TIME:
        written = ("19" if int(written[:2]) >= _CENTURY_TURNS else "20") + written
    return datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _values(der: bytes) -> list[tuple[int, bytes]]:
    """A sequence of values: tag and content of each."""
    return [*_walk(der)]


def _walk(der: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & _LONG_LENGTH:
            digits = length ^ _LONG_LENGTH
            length, at = int.from_bytes(der[at : at + digits]), at + digits
        yield tag, der[at : at + length]
        at += length
