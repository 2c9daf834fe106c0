"""Hashes passwords for the file, and checks what is written there as a hash."""

import re
from typing import Final

COST: Final = 10
"""As in Prometheus' documentation: some 60 ms, and a scraper's password is no short one."""

HIGHEST_COST: Final = 16
"""About four seconds, once; with a higher one every scrape would time out first."""

LONGEST: Final = 72
"""Bytes of a password that bcrypt reads."""

# Version, cost, 22 characters of salt of which the last has four bits to spare, 31 of the hash.
_HASH: Final = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
_LOWEST_COST: Final = 4


def hashed(password: str) -> str:
    """Hash a password for `basic_auth_users`.

    Raises ValueError, which does not quote it, for one that is empty or longer than 72 bytes in
    UTF-8: bcrypt would ignore the rest.
    """
    try:
        encoded = password.encode()
    except UnicodeEncodeError:  # which quotes it
        raise ValueError("the password is not text in UTF-8") from None
    if not encoded:
        raise ValueError("the password is empty")
    if len(encoded) > LONGEST:
        raise ValueError(f"the password is longer than {LONGEST} bytes, the most that bcrypt reads")
    import bcrypt  # noqa: PLC0415 - half a MiB, and few web configurations name users

    return bcrypt.hashpw(encoded, bcrypt.gensalt(COST)).decode()


def hash_fault(text: str) -> tuple[str, str] | None:
    """What is wrong with a text as a hash, and how to fix it; None if it is valid."""
    match = _HASH.fullmatch(text)
    if not match:
        return "is not a bcrypt hash", "make one with zstack-aios-exporter hash-password"
    if not _LOWEST_COST <= int(match[1]) <= HIGHEST_COST:
        what = f"has a cost outside {_LOWEST_COST} to {HIGHEST_COST}"
        return what, f"make it anew with a cost of about {COST}"
    return None
