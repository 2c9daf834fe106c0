r"""Removes the secrets of one target from untrusted texts.

A platform, or a proxy before it, may echo what a request held: its headers in an error text, the
body of a login in an error code. `Redactor` knows the secrets of a target and replaces them.

Covered are, for every secret that is known:

* the secret itself and, for a password, its SHA-512 in hexadecimal, which is what a login sends;
* each part of it of eight characters or more, so that a text that was cut (by the platform, a
  proxy or us) or wrapped at some width shows nothing of use;
* ASCII letters in the other case, and white space or invisible characters in between;
* percent, HTML, JSON and `\x` escapes of it, also two or three of them one over the other;
* base64 of it (RFC 4648), also as a part of more: gateways and Java's servers quote bodies so.

A secret of four to seven characters is replaced wherever it stands, as it is written. One of three
or fewer is replaced only as a word of its own: it occurs by chance in every sentence. A platform
that wants to leak what it was given can always do so, in a cipher of its own; this is for those
that echo.
"""

import base64
import hashlib
import html
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, chain, groupby
from typing import Final
from urllib.parse import unquote

MASK: Final = "***"

LONGEST_LINE: Final = 300
"""Characters of an untrusted text that are shown."""

WINDOW: Final = 8
"""Characters of a secret that must not be shown in a row."""

_WORD: Final = 3
"""A secret of so few characters is replaced only as a word."""

_CREDENTIALS_KEPT: Final = 16
"""A delayed answer may echo the credentials that a changed file held before."""

_TOKENS_KEPT: Final = 64
"""Sessions, signatures and cookies of the last requests."""

_DECODINGS: Final = 3

_BASE64_BYTES: Final = 3
"""That base64 writes together; so a secret has as many forms, by where in them it begins."""
_OF_URLS: Final = str.maketrans("+/", "-_")

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))")
_BLANKS: Final = {"n": "\n", "r": "\r", "t": "\t"}
_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Redactor:
    """Masks the newest secrets of one target in texts.

    Adding a secret is cheap: the work is done when a text is cleaned.
    """

    def __init__(self) -> None:
        self._credentials: dict[str, None] = {}
        self._tokens: dict[str, None] = {}

    def conceal(self, *credentials: str) -> None:
        """Remember what the operator configured: a password, a key's secret, a session."""
        _remember(self._credentials, credentials, _CREDENTIALS_KEPT)

    def conceal_tokens(self, *tokens: str) -> None:
        """Remember what a request carried: there is a new one for each session or request."""
        _remember(self._tokens, tokens, _TOKENS_KEPT)

    def clean(self, text: str) -> str:
        """The text with a mask in the place of each secret.

        It keeps its escapes where none of them hides a part of a secret, and is decoded elsewhere.
        """
        if not text:  # as the code of most errors
            return text
        secrets = _Secrets([*map(_hashed, self._credentials), *self._credentials, *self._tokens])
        plain, shown = text, secrets.mask(text)
        peeled = shown
        for _ in range(_DECODINGS):
            plain, peeled = _decoded(plain), _decoded(peeled)
            if (masked := secrets.mask(plain)) != peeled:  # an escape hid a part of a secret
                shown = peeled = masked
        return shown


def one_line(text: str, *, limit: int = LONGEST_LINE) -> str:
    """Untrusted text made printable, on one line, at most so many characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _remember(known: dict[str, None], secrets: Iterable[str], limit: int) -> None:
    """Keep the newest, which are those at the end."""
    for secret in filter(None, secrets):
        known.pop(secret, None)
        known[secret] = None
        if len(known) > limit:
            del known[next(iter(known))]


def _hashed(secret: str) -> str:
    return hashlib.sha512(secret.encode("utf-8", "surrogatepass")).hexdigest()


class _Secrets:
    """Secrets in the form in which a text is searched for them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._windows: set[str] = set()
        short: list[str] = []
        for secret in chain.from_iterable(map(_readings, secrets)):
            _, compact = _compact(secret)
            self._windows.update(_windows(compact))
            for form in _in_base64(secret):
                self._windows.update(_windows(_compact(form)[1]))
            if len(compact) < WINDOW:
                short.append(_short(secret))
        self._short = re.compile("|".join(sorted(short, key=len, reverse=True)) or r"(?!)")

    def mask(self, text: str) -> str:
        hidden = bytearray(len(text))
        for start, end in (*self._long_ones(text), *self._short_ones(text)):
            hidden[start:end] = b"\1" * (end - start)
        masked = groupby(zip(text, hidden, strict=True), key=lambda each: each[1])
        return "".join(
            MASK if secret else "".join(character for character, _ in run) for secret, run in masked
        )

    def _long_ones(self, text: str) -> Iterator[tuple[int, int]]:
        places, compact = _compact(text)
        for start, window in enumerate(_windows(compact)):
            if window in self._windows:
                yield places[start], places[start + WINDOW - 1] + 1

    def _short_ones(self, text: str) -> Iterator[tuple[int, int]]:
        return (found.span() for found in self._short.finditer(text))


def _readings(secret: str) -> set[str]:
    """The secret as it is, and as a reader gets it who takes a part of it for an escape."""
    return set(accumulate(range(_DECODINGS), lambda read, _: _decoded(read), initial=secret))


def _in_base64(secret: str) -> Iterator[str]:
    """What is written of a secret alone, whatever stands before and after it."""
    written = secret.encode("utf-8", "surrogatepass")
    for before in range(_BASE64_BYTES):
        encoded = base64.b64encode(bytes(before) + written).decode()
        shared_before, shared_after = (0, 2, 3)[before], (0, 3, 2)[(before + len(written)) % 3]
        form = encoded[shared_before : len(encoded) - shared_after]
        yield from {form, form.translate(_OF_URLS)}


def _compact(text: str) -> tuple[list[int], str]:
    """What is seen of a text, in lower case, and where each of its characters stands."""
    places = [at for at, c in enumerate(text) if c.isprintable() and not c.isspace()]
    return places, "".join([text[at] for at in places]).translate(_LOWER)


def _windows(compact: str) -> Iterator[str]:
    return (compact[at : at + WINDOW] for at in range(len(compact) - WINDOW + 1))


def _short(secret: str) -> str:
    """The pattern of a secret that is too short to have parts worth masking."""
    pattern = re.escape(secret)
    return rf"(?<!\w){pattern}(?!\w)" if len(secret) <= _WORD else pattern


def _decoded(text: str) -> str:
    """The text without one layer of each kind of escapes."""
    decoders: tuple[Callable[[str], str], ...] = (_without_backslashes, unquote, html.unescape)
    for decode in decoders:
        text = decode(text)
    return text


def _without_backslashes(text: str) -> str:
    """As JSON, and the logs of web servers, escape; two surrogates make one character."""
    plain = _ESCAPE.sub(_character, text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _character(escape: re.Match[str]) -> str:
    if escape[3]:
        return _BLANKS.get(escape[3], escape[3])
    return chr(int(escape[1] or escape[2], 16))
