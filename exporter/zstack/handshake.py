"""Why a TLS handshake failed, as a message and the symptom that selects a hint.

Facts: verify codes of OpenSSL 3 (x509_vfy.h), and its reasons as Python names them (ssl.SSLError).
"""

from typing import Final, NamedTuple

from .errors import Symptom


class Failure(NamedTuple):
    """What happened, and the symptom that selects the hint."""

    what: str
    symptom: Symptom


HUNG_UP: Final = Failure("the server hung up during the TLS handshake", Symptom.TLS_HUNG_UP)
NOT_TLS: Final = Failure("the port does not speak TLS", Symptom.TLS_NOT_SPOKEN)

_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
_NO_VERSION: Final = frozenset(
    {
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_SSL_VERSION",
        "NO_PROTOCOLS_AVAILABLE",
    }
)
_VERIFY_CODES: Final = {
    Symptom.CERTIFICATE_NOT_YET_VALID: {9},
    Symptom.CERTIFICATE_EXPIRED: {10},
    Symptom.CERTIFICATE_UNKNOWN_AUTHORITY: {2, 18, 19, 20, 21},
    Symptom.CERTIFICATE_WRONG_NAME: {62, 63, 64},
    Symptom.CERTIFICATE_WRONG_PURPOSE: {24, 25, 26, 32, 79, 80},
    Symptom.CERTIFICATE_TOO_WEAK: {66, 67, 68},
}
_SYMPTOMS: Final = {code: symptom for symptom, codes in _VERIFY_CODES.items() for code in codes}


def unverified(error: Exception, host: str) -> Failure:
    """Why the certificate of this host is not accepted."""
    code = getattr(error, "verify_code", 0)
    symptom = _SYMPTOMS.get(code, Symptom.CERTIFICATE_UNUSABLE)
    match symptom:
        case Symptom.CERTIFICATE_WRONG_NAME:
            what = f"the certificate is not for {host}"
        case Symptom.CERTIFICATE_EXPIRED:
            what = "the certificate has expired"
        case Symptom.CERTIFICATE_NOT_YET_VALID:
            what = "the certificate is not valid yet"
        case Symptom.CERTIFICATE_UNKNOWN_AUTHORITY:
            what = f"the certificate is from an authority that is not trusted ({_words(error)})"
        case _:
            what = f"the certificate is not accepted: {_words(error)}"
    return Failure(what, symptom)


def broken(error: OSError) -> Failure:
    """Why the handshake was refused, or why the connection ended during it."""
    reason = getattr(error, "reason", None) or ""
    if reason in _NO_TLS:
        return NOT_TLS
    if reason in _NO_VERSION:
        return Failure("the two sides have no version of TLS in common", Symptom.TLS_VERSION)
    if "CERTIFICATE_EXPIRED" in reason:
        what = "the platform says that the exporter's certificate has expired"
        return Failure(what, Symptom.CLIENT_CERTIFICATE_EXPIRED)
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        what = "the platform does not take the exporter's certificate"
        return Failure(what, Symptom.CLIENT_CERTIFICATE_REFUSED)
    if not reason or "EOF" in reason:
        return HUNG_UP
    return Failure(reason.replace("_", " ").lower(), Symptom.TLS_REFUSED)


def _words(error: Exception) -> str:
    return getattr(error, "verify_message", "") or str(error)
