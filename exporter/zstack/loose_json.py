"""Finds and replaces, in bytes, JSON that a strict decoder refuses or should not be given.

What a platform sends is untrusted and may have 64 MiB. So nothing here makes an object for each
value of a page: texts are skipped by regular expressions that never backtrack, and replacements
are as long as what they replace.
"""

import json
import random
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

_TEXT: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
"""A JSON text. One that does not end goes to the end of the page, so no byte is looked at twice."""

_TEXTS: Final = re.compile(_TEXT, re.DOTALL)
_NO_NUMBER: Final = re.compile(rb"-?Infinity|NaN|" + _TEXT, re.DOTALL)
_NO_VALUE: Final = b"{}"
"""Stands for what is no number; no field that is read takes it."""

_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair of surrogates
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_REPLACEMENT: Final = b"ufffd"

_BLANKS: Final = b"\t\n\r"
_CONTROLS: Final = bytes.maketrans(
    bytes(range(32)), bytes(ord(" ") if byte in _BLANKS else 0x7F for byte in range(32))
)
"""JSON allows no bare control character in a text; in a label DEL is replaced as they are."""

_SAMPLES: Final = 64
_SAMPLE_BYTES: Final = 256
_NEXT: Final = re.compile(r"\s*,\s*")
_OBJECTS: Final = json.JSONDecoder(strict=False)


def has_more_values(body: bytes, most: int) -> bool:
    """Whether a page has more values than that in its lists and objects.

    A comma stands between any two of them. To count all takes half the time of decoding the page,
    so it is done only where a sample has many, and only then are those in texts passed over.
    """
    return _sampled_commas(body) > most // 2 and _commas_exceed(body, most)


def _sampled_commas(body: bytes) -> float:
    """An estimate. The places are random: so no page can hide its commas from the sample."""
    last = max(0, len(body) - _SAMPLE_BYTES)
    starts = [random.randint(0, last) for _ in range(_SAMPLES)]  # noqa: S311 - no secret
    found = sum(body.count(b",", start, start + _SAMPLE_BYTES) for start in starts)
    return found * len(body) / (_SAMPLES * _SAMPLE_BYTES)


def _commas_exceed(body: bytes, most: int) -> bool:
    commas = end = 0
    for text in _TEXTS.finditer(body):
        commas += body.count(b",", end, text.start())
        if commas > most:
            return True
        end = text.end()
    return commas + body.count(b",", end) > most


def strict(body: bytes) -> bytes:
    """The page without bare control characters, lone surrogates and numbers that JSON lacks."""
    plain = bytearray(body.translate(_CONTROLS))
    for found in _ESCAPE.finditer(body if b"\\ud" in body or b"\\uD" in body else b""):
        if (start := found.start("lone")) >= 0:
            plain[start : start + len(_REPLACEMENT)] = _REPLACEMENT
    if b"NaN" in body or b"Infinity" in body:
        for found in _NO_NUMBER.finditer(body):
            if not found[0].startswith(b'"'):
                plain[slice(*found.span())] = _NO_VALUE.ljust(len(found[0]))
    return bytes(plain)


def first_objects(
    body: bytes, name: bytes, *, most: int, most_bytes: int
) -> Iterator[AbstractSet[str]]:
    """The names of the fields of the first objects in the list of this name, at most so many.

    Only of those that end within so many bytes, and those bytes are all that is decoded.
    """
    begin = re.search(rb'"%b"\s*:\s*\[\s*' % name, body)
    if begin is None:
        return
    text = body[begin.end() : begin.end() + most_bytes].decode("utf-8", "replace")
    end = 0
    for _ in range(most):
        try:
            value, end = _OBJECTS.raw_decode(text, end)
        except (ValueError, RecursionError):  # cut off by the sample's end, or no value at all
            return
        yield value.keys() if isinstance(value, dict) else frozenset()
        following = _NEXT.match(text, end)
        if following is None:
            return
        end = following.end()
